"""The HTTP service in `adapter.toml`: where it is, and which clients it lets in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from adapter.instruments.study import Purpose
from adapter.settings.issuers import HookSettings, IssuerSettings, Url
from adapter.settings.person_header import PersonHeaderSettings
from adapter.settings.section import Section

_ORIGIN = re.compile(
    r"(?:https://[a-z0-9.-]+|http://(?:127\.0\.0\.1|localhost))(?::[1-9]\d{0,4})?", re.ASCII
)
_DEFAULT_PORTS = (("https:", ":443"), ("http:", ":80"))


def _as_browsers_say_it(origin: str) -> str:
    has_default = any(origin.startswith(by) and origin.endswith(to) for by, to in _DEFAULT_PORTS)
    if not _ORIGIN.fullmatch(origin) or has_default:
        raise ValueError(
            "expected an origin such as https://app.example.org: small letters, no path, no port "
            "that it has anyway; http on this machine alone"
        )
    return origin


Origin = Annotated[str, AfterValidator(_as_browsers_say_it)]


class ClientSettings(Section):
    """A client that signs in with SMART Backend Services, or with a token of another issuer.

    Its public keys stand in `jwks_file`, or at `jwks_url`; or it comes with tokens of `issuer`, and
    with nothing else. `scopes` are the most that it gets.
    `purpose` is why it reads; with `clinic` the consents for that clinic count, and it knows of
    people alone that are linked to a Patient there. `unblinded` clients may know the arm.
    `patient_system` is the system of identifiers by whose values that clinic's Patients have their
    ids: with it the client finds a person by the clinic's own id.
    `requests_per_second` stands in place of what every client may ask. An `auditor` may read
    the logs as AuditEvents, which tell who got the therapy and are about everybody.
    Pages of `origins` may ask with the client's token from inside a browser.
    """

    id: Annotated[str, Field(min_length=1, max_length=200)]
    jwks_file: Path | None = None
    jwks_url: Url | None = None
    issuer: str | None = None
    scopes: Annotated[tuple[str, ...], Field(min_length=1)]
    purpose: Purpose
    clinic: str = ""
    patient_system: Annotated[str, Field(pattern=r"^[^\s|,]+$")] | None = None
    unblinded: bool = False
    auditor: bool = False
    origins: tuple[Origin, ...] = ()
    requests_per_second: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        ways = (self.jwks_file, self.jwks_url, self.issuer)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("expected one of `jwks_file`, `jwks_url` and `issuer`")
        if self.patient_system and not self.clinic:
            raise ValueError("expected `patient_system` only with a `clinic`")
        if self.auditor and (self.clinic or not self.unblinded):
            raise ValueError("expected an `auditor` with `unblinded = true`, and of no `clinic`")
        return self


class PersonSettings(Section):
    """Somebody who may look at the pages, after `adapter invite NAME`.

    A `clinician` sees the patients of one `clinic`, what the gate releases to it for care; an
    `operator` is of the trial's own staff, and sees its safety signals, too. `unblinded` people may
    know the arm. The name stands in the audit log. `signs_in_as` is what a proxy calls them that
    signs them in; they are let in by that alone, and by no link.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$")]
    role: Literal["clinician", "operator"]
    clinic: str = ""
    unblinded: bool = False
    signs_in_as: (
        Annotated[str, Field(pattern=r"^[\x21-\x7e]([ -~]{0,198}[\x21-\x7e])?$")] | None
    ) = None

    @model_validator(mode="after")
    def _has_a_clinic(self) -> Self:
        if (self.role == "clinician") != bool(self.clinic):
            raise ValueError("expected `clinic` for a clinician, and for nobody else")
        return self


class RecordSystemSettings(Section):
    """A record system from inside which the clinician's page is opened (SMART App Launch).

    `iss` is its FHIR base, exactly as it launches with. A confidential client has a private JWK in
    `key_env` or `key_file`. `scopes` are asked for in place of those that the page needs. `frames`
    are the origins inside whose frames the page may stand.
    """

    iss: Annotated[str, Field(pattern=r"^https?://[^\s/@?#]+(/[^\s?#]*)?$")]
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    key_env: str | None = None
    key_file: Path | None = None
    scopes: tuple[Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")], ...] = ()
    frames: tuple[Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.*-]+(:\d+)?$")], ...] = ()

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.key_env is not None and self.key_file is not None:
            raise ValueError("expected either `key_env` or `key_file`, or neither")
        url = urlsplit(self.iss)
        if url.scheme != "https" and url.hostname not in {"127.0.0.1", "localhost"}:
            raise ValueError("expected `iss` by https: tokens are sent there")
        return self


class ServeSettings(Section):
    """What `adapter serve` needs to know.

    `url` is the origin by which clients know it, with the path before `/fhir` if a proxy has one.
    `people` may look at the pages under `/app`; `record_systems` may open the clinician's page.
    `export_folder` is where bulk exports are written, for `export_hours` each.
    Limits are how often each client may ask a second, how often each address may sign in a minute,
    and how long a request may take until its answer begins. Whoever has the metrics' token may read
    `/metrics`, which is not there without one.
    Every `reconcile_minutes` it reads the sources by itself; left out, it does not. `issuers` give
    out tokens beside ours, `hooks` are record systems that ask by CDS Hooks, and `launch_url` is
    where the app is launched from their card. `person_header` is how a proxy says who looks.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/[^\s/]+)*$")]
    clients: tuple[ClientSettings, ...] = ()
    people: tuple[PersonSettings, ...] = ()
    record_systems: tuple[RecordSystemSettings, ...] = ()
    reconcile_minutes: float | None = Field(default=None, gt=0)
    export_folder: Path = Path("exports")
    export_hours: Annotated[float, Field(gt=0, le=24 * 30)] = 24.0
    requests_per_second: float = Field(default=50, gt=0)
    sign_ins_per_minute: float = Field(default=60, gt=0)
    request_seconds: float = Field(default=30, gt=0)
    metrics_token_env: str | None = None
    metrics_token_file: Path | None = None
    issuers: tuple[IssuerSettings, ...] = ()
    hooks: tuple[HookSettings, ...] = ()
    launch_url: Url | None = None
    person_header: PersonHeaderSettings | None = None

    @model_validator(mode="after")
    def _are_told_apart(self) -> Self:
        names = [client.id for client in self.clients]
        if len(set(names)) < len(names):
            raise ValueError("expected every client under an `id` of its own")
        called = [person.name for person in self.people]
        if len(set(called)) < len(called):
            raise ValueError("expected everybody under a `name` of their own")
        bases = [system.iss for system in self.record_systems]
        if len(set(bases)) < len(bases):
            raise ValueError("expected every record system under an `iss` of its own")
        is_framed = any(system.frames for system in self.record_systems)
        if is_framed and not self.url.startswith("https:"):
            raise ValueError("expected `url` by https where a page stands in `frames`")
        return self

    @model_validator(mode="after")
    def _know_whom_they_believe(self) -> Self:
        issuers = [issuer.issuer for issuer in self.issuers]
        if len(set(issuers)) < len(issuers):
            raise ValueError("expected every issuer once")
        if not {client.issuer for client in self.clients} - {None} <= set(issuers):
            raise ValueError("expected the `issuer` of a client among [[serve.issuers]]")
        asking = [(hook.issuer, hook.tenant) for hook in self.hooks]
        if len(set(asking)) < len(asking):
            raise ValueError("expected hooks of one issuer to be told apart by `tenant`")
        return self

    @model_validator(mode="after")
    def _know_who_signs_in(self) -> Self:
        called = [person.signs_in_as for person in self.people if person.signs_in_as]
        if called and self.person_header is None:
            raise ValueError("expected `signs_in_as` only with a table [serve.person_header]")
        if len(set(called)) < len(called):
            raise ValueError("expected everybody under a `signs_in_as` of their own")
        return self
