"""`adapter.toml` is read once; every mistake in it is told at once, with its line."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapter.errors import DeclarationError, Problem
from adapter.settings import (
    ClientSettings,
    RedcapApiSettings,
    RedcapSettings,
    SmartBackendSettings,
    TableSettings,
    read_secret,
    read_settings,
)

WHOLE = """\
study = "study.yaml"
instruments = "/opt/forms"
ledger = "state/ledger.sqlite"
crosswalk = "state/who.sqlite"
key_file = "study.key"

[[sources]]
kind = "redcap"
dictionary = "dictionary.csv"
records = "../records.csv"
encoding = "cp1252"
as_of = 2024-03-21T09:30:00+11:00

[[sources]]
kind = "redcap"
dictionary = "b.csv"
records = "c.csv"

[[clinics]]
profile = "north.yaml"
url = "https://north.example.org/fhir"
token_env = "NORTH_TOKEN"

[[clinics]]
profile = "south.yaml"
url = "http://127.0.0.1:8090/fhir"
token_file = "south.token"
"""
HEAD = WHOLE.partition("\n[[sources]]")[0]
CANARY = "Canary-4711"


def write(folder: Path, text: str) -> Path:
    path = folder / "adapter.toml"
    path.write_text(text, "utf-8")
    return path


def findings(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(DeclarationError) as caught:
        read_settings(write(folder, text))
    assert caught.value.exit_code == 10
    assert CANARY not in str(caught.value)
    assert {problem.origin.file for problem in caught.value.problems} == {"adapter.toml"}
    return list(caught.value.problems)


def places(problems: list[Problem]) -> list[tuple[int | None, str]]:
    return [(problem.origin.line, problem.field) for problem in problems]


def test_every_path_is_taken_from_where_the_file_lies(tmp_path: Path) -> None:
    found = read_settings(write(tmp_path, WHOLE))

    assert found.study == tmp_path / "study.yaml"
    assert found.instruments == Path("/opt/forms")
    assert found.ledger == tmp_path / "state" / "ledger.sqlite"
    assert found.crosswalk == tmp_path / "state" / "who.sqlite"
    assert found.key_file == tmp_path / "study.key"
    first = found.sources[0]
    assert isinstance(first, RedcapSettings)
    assert first.dictionary == tmp_path / "dictionary.csv"
    assert first.records.resolve() == tmp_path.parent / "records.csv"
    assert found.clinics[0].profile == tmp_path / "north.yaml"
    assert found.clinics[1].token_file == tmp_path / "south.token"


def test_what_is_said_is_kept_and_what_is_not_has_its_default(tmp_path: Path) -> None:
    first, second = read_settings(write(tmp_path, WHOLE)).sources

    assert isinstance(first, RedcapSettings)
    assert isinstance(second, RedcapSettings)
    assert first.encoding == "cp1252"
    assert first.as_of == datetime(2024, 3, 20, 22, 30, tzinfo=UTC)
    assert (second.encoding, second.as_of, second.missing_limit) == ("utf-8", None, None)


def test_one_source_may_say_how_many_records_may_be_gone(tmp_path: Path) -> None:
    before, _, _ = WHOLE.partition('\n[[sources]]\nkind = "redcap"\ndictionary = "b.csv"')

    (source,) = read_settings(write(tmp_path, f"{before}missing_limit = 5\n")).sources

    assert source.missing_limit == 5


def test_csv_files_are_named_by_their_contract(tmp_path: Path) -> None:
    text = (
        f'{HEAD}\n[[sources]]\nkind = "csv"\ncontract = "tables/contract.yaml"\nmissing_limit = 2\n'
    )

    (source,) = read_settings(write(tmp_path, text)).sources

    assert source == TableSettings(
        kind="csv", contract=tmp_path / "tables" / "contract.yaml", missing_limit=2
    )


API = f'{HEAD}\n[[sources]]\nkind = "redcap-api"\nurl = "https://redcap.example.org/api/"\n'


def test_a_redcap_api_is_named_by_its_address_and_its_token(tmp_path: Path) -> None:
    (source,) = read_settings(write(tmp_path, f'{API}token_file = "redcap.token"\n')).sources

    assert source == RedcapApiSettings(
        kind="redcap-api",
        url="https://redcap.example.org/api/",
        token_file=tmp_path / "redcap.token",
        batch_records=100,
        overlap_minutes=75,
        full_every_hours=24,
        timeout_seconds=60,
    )


@pytest.mark.parametrize(
    "said", ["", 'token_env = "A"\ntoken_file = "b"\n'], ids=["no token", "two tokens"]
)
def test_a_redcap_api_has_one_token(tmp_path: Path, said: str) -> None:
    (problem,) = findings(tmp_path, f"{API}{said}")

    assert "either `token_env` or `token_file`" in problem.expected


@pytest.mark.parametrize(
    "said",
    ["batch_records = 0", "overlap_minutes = -1", "full_every_hours = -1", "timeout_seconds = 0"],
)
def test_a_redcap_api_is_read_in_a_way_that_can_be(tmp_path: Path, said: str) -> None:
    (problem,) = findings(tmp_path, f'{API}token_env = "A"\n{said}\n')

    assert problem.field.endswith(said.split(maxsplit=1)[0])


def test_of_several_sources_none_may_say_so_for_each_holds_a_part(tmp_path: Path) -> None:
    text = WHOLE.replace('records = "c.csv"', 'records = "c.csv"\nmissing_limit = 0')

    (problem,) = findings(tmp_path, text)

    assert "where one source holds the project" in problem.expected


def test_sources_and_clinics_may_be_left_out(tmp_path: Path) -> None:
    found = read_settings(write(tmp_path, HEAD))

    assert (found.sources, found.clinics) == ((), ())
    assert (found.key_env, found.key_file) == (None, tmp_path / "study.key")


def test_a_relative_config_is_taken_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, WHOLE)
    monkeypatch.chdir(tmp_path)

    found = read_settings(Path("adapter.toml"))

    assert found.study == tmp_path / "study.yaml"


def test_settings_are_frozen(tmp_path: Path) -> None:
    found = read_settings(write(tmp_path, WHOLE))

    with pytest.raises(ValidationError):
        found.study = Path("other.yaml")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        read_settings(tmp_path / "gone.toml")

    (problem,) = caught.value.problems
    assert (problem.origin.file, problem.found) == ("gone.toml", "No such file or directory")


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "adapter.toml"
    path.write_bytes(b'study = "\xef"\n')

    with pytest.raises(DeclarationError) as caught:
        read_settings(path)

    assert [problem.found for problem in caught.value.problems] == ["bytes that are not UTF-8"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param('study = "a"\nledger = \n', 2, id="a word without its value"),
        pytest.param('study = "a"\nstudy = "b"\n', 2, id="a word that stands twice"),
        pytest.param('study = """', None, id="a text that never ends"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path, text: str, line: int | None) -> None:
    (problem,) = findings(tmp_path, text)

    assert (problem.origin.line, problem.expected) == (line, "TOML")


def test_every_mistake_is_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = f"""\
instruments = 7
ledger = "ledger.sqlite"
crosswalk = "who.sqlite"
secret = "{CANARY}"

[[sources]]
kind = "redcap"
dictionary = "a.csv"
records = "b.csv"

[[sources]]
kind = "redcap"
dictionary = "a.csv"
as_of = 2024-03-21T09:30:00
missing_limit = -1

[[sources]]
kind = "spreadsheet"

[[sources]]
contract = "a.yaml"

  [[clinics]]
  profile = "north.yaml"
  url = "ftp://{CANARY}"
  token = "{CANARY}"
"""

    found = findings(tmp_path, text)

    assert sorted(places(found), key=str) == sorted(
        [
            (None, "study"),
            (1, "instruments"),
            (4, "secret"),
            (18, "sources.2.kind"),
            (20, "sources.3.kind"),
            (11, "sources.1.records"),
            (14, "sources.1.as_of"),
            (15, "sources.1.missing_limit"),
            (25, "clinics.0.url"),
            (26, "clinics.0.token"),
        ],
        key=str,
    )
    assert {problem.found for problem in found} == {"something else", "nothing"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("[sources]\nkind = 1\n", (6, "sources"), id="one table for a list of them"),
        pytest.param('sources = "a"\n', (6, "sources"), id="a text for a list"),
        pytest.param(
            'sources = [{kind = "paper"}]\n', (6, "sources.0.kind"), id="tables in a line"
        ),
    ],
)
def test_a_list_written_in_another_way_is_told_with_its_line(
    tmp_path: Path, text: str, place: tuple[int, str]
) -> None:
    found = findings(tmp_path, HEAD + text)

    assert place in places(found)


def test_a_time_without_an_offset_is_told_with_an_example(tmp_path: Path) -> None:
    text = WHOLE.replace("2024-03-21T09:30:00+11:00", "2024-03-21T09:30:00")

    (problem,) = findings(tmp_path, text)

    assert (problem.origin.line, problem.field) == (12, "sources.0.as_of")
    assert "2024-02-15T09:00:00+11:00" in problem.expected


def test_who_is_who_may_not_stand_in_the_ledger(tmp_path: Path) -> None:
    (problem,) = findings(tmp_path, WHOLE.replace("state/who.sqlite", "state/ledger.sqlite"))

    assert "apart from `ledger`" in problem.expected


@pytest.mark.parametrize(
    "url", ["https://north.example.org/fhir", "http://127.0.0.1:8090"], ids=["https", "http"]
)
def test_an_address_is_of_the_web(tmp_path: Path, url: str) -> None:
    found = read_settings(write(tmp_path, WHOLE.replace("https://north.example.org/fhir", url)))

    assert found.clinics[0].url == url


def test_a_secret_stands_in_the_variable_that_is_named() -> None:
    environment = {"NORTH_TOKEN": f" {CANARY}\n"}

    assert read_secret(environment, "NORTH_TOKEN", None, "a token") == CANARY


@pytest.mark.parametrize("environment", [{}, {"NORTH_TOKEN": " "}], ids=["unset", "blank"])
def test_a_variable_without_a_secret_is_told_by_its_name(environment: dict[str, str]) -> None:
    with pytest.raises(DeclarationError) as caught:
        read_secret(environment, "NORTH_TOKEN", None, "a token")

    (problem,) = caught.value.problems
    assert (problem.field, problem.expected) == ("NORTH_TOKEN", "a token in this variable")


def test_a_secret_stands_in_the_file_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{CANARY}\n")

    assert read_secret({}, None, path, "a token") == CANARY


def test_a_variable_comes_before_a_file(tmp_path: Path) -> None:
    assert read_secret({"A": CANARY}, "A", tmp_path / "gone", "a token") == CANARY


def test_where_no_secret_is_named_there_is_none() -> None:
    assert read_secret({"A": CANARY}, None, None, "a token") is None


@pytest.mark.parametrize(
    ("content", "found"),
    [(None, "No such file or directory"), (b"\xff\xfe", "bytes that are not UTF-8")],
    ids=["gone", "not UTF-8"],
)
def test_a_file_without_a_readable_secret_is_told_by_its_name(
    tmp_path: Path, content: bytes | None, found: str
) -> None:
    path = tmp_path / "north.token"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(DeclarationError) as caught:
        read_secret({}, None, path, "a token")

    (problem,) = caught.value.problems
    assert (problem.origin.file, problem.found) == ("north.token", found)


def test_a_file_that_may_not_be_read_is_told_with_who_has_to_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)  # whoever tests may be root, who reads all

    with pytest.raises(DeclarationError) as caught:
        read_secret({}, None, tmp_path / "north.token", "a token")

    (problem,) = caught.value.problems
    assert problem.found == "a file that may not be read"
    assert f"uid {os.geteuid()}" in problem.action


NORTH = 'token_env = "NORTH_TOKEN"\n'
SIGN_IN = '\n[clinics.sign_in]\nkind = "smart-backend"\nclient_id = "trial"\n'


def test_a_sign_in_is_read_with_its_paths(tmp_path: Path) -> None:
    text = WHOLE.replace(NORTH, f'{SIGN_IN}key_file = "key.json"\n')

    north, south = read_settings(write(tmp_path, text)).clinics

    assert north.sign_in == SmartBackendSettings(
        kind="smart-backend", client_id="trial", key_file=tmp_path / "key.json"
    )
    assert south.token_file == tmp_path / "south.token"


@pytest.mark.parametrize(
    ("said", "place", "expected"),
    [
        pytest.param(SIGN_IN, "clinics.0.sign_in", "either `key_env` or `key_file`", id="no key"),
        pytest.param(
            f'{SIGN_IN}key_env = "A"\nkey_file = "b"\n',
            "clinics.0.sign_in",
            "either `key_env` or `key_file`",
            id="two keys",
        ),
        pytest.param(
            f'{SIGN_IN}key_env = "A"\nword = "{CANARY}"\n',
            "clinics.0.sign_in.word",
            "Extra inputs",
            id="an unknown word",
        ),
        pytest.param(
            f'\n[clinics.sign_in]\nkind = "{CANARY}"\n',
            "clinics.0.sign_in.kind",
            "kind",
            id="an unknown kind",
        ),
        pytest.param(
            f'{NORTH}\n[clinics.sign_in]\nkind = "basic"\nusername = "u"\npassword_env = "P"\n',
            "clinics.0",
            "one of `token_env`, `token_file` and `sign_in`",
            id="two ways in",
        ),
        pytest.param(
            f'{NORTH}client_key = "k.pem"\n',
            "clinics.0",
            "`client_certificate` together with `client_key`",
            id="a key without its certificate",
        ),
    ],
)
def test_a_sign_in_that_is_none_is_told_with_its_place(
    tmp_path: Path, said: str, place: str, expected: str
) -> None:
    (problem,) = findings(tmp_path, WHOLE.replace(NORTH, said))

    assert problem.field == place
    assert expected in problem.expected
    line = problem.origin.line
    assert line is not None
    first = WHOLE[: WHOLE.index(NORTH)].count("\n")
    assert first - 3 < line <= first + said.count("\n") + 1


def test_a_password_in_an_address_is_refused_without_it(tmp_path: Path) -> None:
    address = "https://north.example.org/fhir"
    text = WHOLE.replace(address, f"https://trial:{CANARY}@north.example.org/fhir")

    (problem,) = findings(tmp_path, text)

    assert problem.field == "clinics.0.url"


LAUNCHED = """
[serve]
url = "https://trial.example.org"
[[serve.record_systems]]
iss = "https://ehr.example.org/fhir"
client_id = "the-page"
"""


AGAIN = LAUNCHED.partition('trial.example.org"')[2]


def test_a_record_system_is_read_with_the_place_of_its_key(tmp_path: Path) -> None:
    said = f'{HEAD}{LAUNCHED}key_file = "page.json"\nframes = ["https://ehr.example.org"]\n'

    settings = read_settings(write(tmp_path, said))

    assert settings.serve is not None
    (system,) = settings.serve.record_systems
    assert system.key_file == tmp_path / "page.json"
    assert system.frames == ("https://ehr.example.org",)


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("https://ehr.example", "http://ehr.example", "by https"),
        ('"the-page"', '"the-page"\nkey_file = "a"\nkey_env = "B"', "either `key_env`"),
        ('"the-page"', '"the-page"\nframes = ["https://ehr.example.org/page"]', "match"),
        ('"the-page"', '"the-page"\nframes = ["https://a; script-src *"]', "match"),
        ('"the-page"', '"the-page"\nscopes = ["openid fhirUser"]', "match"),
        ("https://trial", "http://trial", "`url` by https"),
        ('"the-page"', f'"the-page"{AGAIN}', "an `iss` of its own"),
    ],
    ids=["no TLS", "two keys", "a path", "a policy", "two scopes", "frames without TLS", "twice"],
)
def test_a_record_system_that_cannot_be_safe_is_told(
    tmp_path: Path, right: str, wrong: str, expected: str
) -> None:
    whole = f"{HEAD}{LAUNCHED}".replace('"the-page"', '"the-page"\nframes = ["https://e.example"]')
    said = (HEAD + LAUNCHED) if "frames" in wrong else whole

    (found,) = findings(tmp_path, said.replace(right, wrong, 1))

    assert expected in found.expected


@pytest.mark.parametrize("more", [{}, {"unblinded": True, "clinic": "north"}], ids=["", "clinic"])
def test_an_auditor_is_of_no_clinic_and_may_know_the_arm(more: dict[str, Any]) -> None:
    said: dict[str, Any] = {
        "id": "a",
        "jwks_url": "https://x.example/keys",
        "scopes": ["system/AuditEvent.rs"],
        "purpose": "research",
        "auditor": True,
    }

    assert ClientSettings.model_validate({**said, "unblinded": True}).auditor
    with pytest.raises(ValidationError, match="auditor"):
        ClientSettings.model_validate({**said, **more})


@pytest.mark.parametrize(
    ("origin", "is_one"),
    [
        ("https://app.example.org", True),
        ("https://app.example.org:8443", True),
        ("http://127.0.0.1:8010", True),
        ("http://localhost", True),
        ("http://app.example.org", False),
        ("https://app.example.org/", False),
        ("https://App.example.org", False),
        ("https://app.example.org:443", False),
        ("http://localhost:80", False),
        ("https://*.example.org", False),
        ("https://app.example.org:0", False),
        ("*", False),
        ("null", False),
    ],
)
def test_pages_that_may_ask_are_named_by_their_origin_as_browsers_say_it(
    origin: str, *, is_one: bool
) -> None:
    said = {"id": "an-app", "jwks_file": "keys", "scopes": ["system/*.rs"], "purpose": "research"}

    if is_one:
        assert ClientSettings.model_validate({**said, "origins": [origin]}).origins == (origin,)
    else:
        with pytest.raises(ValidationError, match="expected an origin such as"):
            ClientSettings.model_validate({**said, "origins": [origin]})
