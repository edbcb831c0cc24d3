"""What adapter.toml says of a sign-in is what a clinic sees; an exchanged file counts at once."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import respx
from httpx import Response

from adapter.errors import DeclarationError
from adapter.service.clients import LateClient, needed_rights
from adapter.settings import (
    BasicSettings,
    ClinicSettings,
    SmartBackendSettings,
    StaticTokenSettings,
)
from adapter.sync.auth.keys import new_key
from adapter.sync.profile import PatientRule, PullRule
from tests.unit.sync.desk import CLINIC, REPOSITORY

BASE = "https://north.example.org/fhir"


@pytest.fixture
def north() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.get(f"{BASE}/metadata").mock(Response(200, json={}))
        yield router


def ask(
    router: respx.MockRouter, environment: Mapping[str, str] | None = None, **said: object
) -> str | None:
    """What stands in `Authorization` of a request of a clinic with these settings."""
    settings = ClinicSettings.model_validate({"profile": Path("north.yaml"), "url": BASE, **said})
    client = LateClient(CLINIC, settings, environment or {})
    client.exchange("GET", "metadata")
    client.close()
    shown: str | None = router.calls.last.request.headers.get("Authorization")
    return shown


def test_without_a_sign_in_nothing_is_shown(north: respx.MockRouter) -> None:
    assert ask(north) is None


def test_a_token_is_found_in_the_environment_in_both_forms(north: respx.MockRouter) -> None:
    long = StaticTokenSettings(kind="static-token", token_env="T")  # noqa: S106 - a name

    assert ask(north, {"T": "abc"}, token_env="T") == "Bearer abc"  # noqa: S106 - a name
    assert ask(north, {"T": "abc"}, sign_in=long) == "Bearer abc"


def test_a_password_is_found_in_a_file(north: respx.MockRouter, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    said = BasicSettings(kind="basic", username="trial", password_file=tmp_path / "password")

    assert ask(north, sign_in=said) == f"Basic {b64encode(b'trial:secret').decode()}"


def test_a_token_file_that_is_replaced_counts_from_the_next_request_on(
    north: respx.MockRouter, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    settings = ClinicSettings(profile=Path("north.yaml"), url=BASE, token_file=file)
    client = LateClient(CLINIC, settings, {})

    for token in ("old", "new"):
        (tmp_path / "next").write_text(token)
        (tmp_path / "next").replace(file)
        client.exchange("GET", "metadata")

    client.close()
    shown = [call.request.headers["Authorization"] for call in north.calls]
    assert shown == ["Bearer old", "Bearer new"]


def test_a_key_buys_a_token_for_what_the_profile_takes(
    north: respx.MockRouter, tmp_path: Path
) -> None:
    (tmp_path / "key.json").write_bytes(orjson.dumps(new_key("k", "ES384")))
    said = SmartBackendSettings(
        kind="smart-backend", client_id="trial", key_file=tmp_path / "key.json"
    )
    north.get(f"{BASE}/.well-known/smart-configuration").mock(
        Response(
            200,
            json={
                "token_endpoint": "https://north.example.org/token",
                "capabilities": ["client-confidential-asymmetric", "permission-v2"],
            },
        )
    )
    token = north.post("https://north.example.org/token").mock(
        Response(200, json={"access_token": "bought", "token_type": "bearer", "expires_in": 300})
    )

    assert ask(north, sign_in=said) == "Bearer bought"

    assert b"system%2FObservation.cruds" in token.calls.last.request.content
    assert b"system%2FPatient.rs" in token.calls.last.request.content


def test_a_repository_of_our_patients_is_asked_to_let_us_write_them() -> None:
    assert needed_rights(REPOSITORY)["Patient"] == "cruds"
    found = CLINIC.model_copy(update={"patient": PatientRule(find_by="ihi")})
    assert needed_rights(found)["Patient"] == "rs"


def test_a_clinic_that_is_to_tell_us_is_asked_to_let_us_subscribe() -> None:
    asked = CLINIC.model_copy(update={"pull": PullRule()})
    told = CLINIC.model_copy(update={"pull": PullRule(subscribe=True)})

    assert "Subscription" not in needed_rights(asked)
    assert needed_rights(told)["Subscription"] == "cruds"


@pytest.mark.parametrize("name", ["ca_file", "client_certificate"])
def test_a_certificate_that_is_none_is_told_by_its_setting(
    north: respx.MockRouter, tmp_path: Path, name: str
) -> None:
    (tmp_path / "c.pem").write_text("no certificate")
    said: dict[str, Any] = {name: tmp_path / "c.pem"}
    if name == "client_certificate":
        said["client_key"] = tmp_path / "gone.pem"

    with pytest.raises(DeclarationError, match="client_certificate, client_key or ca_file"):
        ask(north, **said)
