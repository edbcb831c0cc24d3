"""No answer, no name and no birth date is in anything that any command says or keeps beside data.

Record systems and practices here quote all that they were sent, and whom they know, in whatever
they say. What a command is asked for is data itself: `inbox show`, and the files of `export`.
"""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from adapter.cli import main
from adapter.simulate import RecordSystem, record_system_app, serving
from adapter.simulate.hl7v2 import Practice, mllp_serving
from tests.unit.cli.site import Site, make_site
from tests.unit.ingest.project import incident, mood, pain, person

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOW = datetime(2024, 3, 22, 1, tzinfo=UTC)
ANSWER, NUMBER, NAME, BORN = "Canary-4711", "7.3219", "Kanarienvogel", "1966-04-12"
IHI = "8003608833357361"
SECRETS = tuple(each.casefold() for each in (ANSWER, NUMBER, NAME, BORN, IHI))
SAID = f"no {NAME.lower()} born {BORN} with {ANSWER} is taken; nor is {NAME}, {IHI}"
PERSON = {
    "resourceType": "Patient",
    "id": "p-1",
    "name": [{"family": NAME, "given": [ANSWER]}],
    "birthDate": BORN,
    "identifier": [{"system": "http://ns.electronichealth.net.au/id/hi/ihi/1.0", "value": IHI}],
}
KINDS = """\
accepts: [Device, ResearchStudy, Questionnaire, QuestionnaireResponse, Observation, AdverseEvent,
  Provenance]"""
LISTED = "patient: {listed: true}"
V2 = 'hl7v2: {version: "2.4", transport: %s, receiver: [P, N]}'
CLINICS = {
    "takes": f"ladder: [transaction]\n{KINDS}\n{LISTED}\npull: {{}}",
    "refuses": f"ladder: [transaction]\n{KINDS}\n{LISTED}",
    "one-by-one": f"ladder: [single]\n{KINDS}\n{LISTED}\npull: {{}}",
    "finds": f"ladder: [transaction]\n{KINDS}\npatient: {{find_by: ihi}}",
    "pages": f"ladder: [document]\n{LISTED}",
    "by-mllp": f"ladder: [hl7v2]\n{LISTED}\n{V2 % 'mllp'}",
    "by-folder": f"ladder: [hl7v2]\n{LISTED}\n{V2 % 'folder'}",
    "by-hand": f"ladder: [task]\n{LISTED}",
}
FHIR = ("takes", "refuses", "one-by-one", "finds", "pages")
# What stays until it is interrupted, and speaks of its own state.
STAYING = frozenset({"serve", "listen", "simulate", "demo"})
CHANGED: tuple[str, ...] = ()
"""Where somebody writes at the clinics."""
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check",),
    ("check", "--online"),
    ("ingest",),
    ("link", "--list", "links.csv"),
    ("plan",),
    ("plan", "--explain"),
    ("push",),
    CHANGED,
    ("verify",),
    ("pull",),
    ("inbox",),
    ("inbox", "leave", "1"),
    ("candidates",),
    ("confirm", "finds", "1", ANSWER),
    ("confirm", "finds", "1", "--none"),
    ("link", "refuses", ANSWER, NAME),
    ("retry", "refuses"),
    ("filed", "by-hand", "nothing"),
    ("sync",),
    ("status",),
    ("signals",),
    ("unblind", "1", "--clinic", "takes", "--reason", "emergency"),
    ("audit", "show"),
    ("audit", "fhir"),
    ("audit", "verify"),
    ("export", "--out", "out"),
    ("invite", "nobody"),
    ("move", "by-hand", "--to", "document"),
    ("move", "refuses", "--form", ANSWER, "--to", "single"),
    ("backup", "--out", "backup"),
    ("withdraw", "1", "share"),
    ("keys", "new", "--kid", "2026-11", "--out", "keys"),
    ("init", "--dictionary", "dictionary.csv", "--records", "records.csv", "--out", "drafts"),
    ("sync", "--full"),
)


class Quoting:
    """A record system that is only read, and quotes all that it is sent; or `takes` it."""

    def __init__(self, app: ASGIApp, *, takes: bool) -> None:
        """Every request's address is kept."""
        self.addresses: list[str] = []
        self._app, self._takes = app, takes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.addresses.append(scope["path"] + "?" + scope["query_string"].decode())
        if self._takes or scope["method"] == "GET" or scope["path"].endswith("_search"):
            await self._app(scope, receive, send)
            return
        heard: list[Message] = []
        while not heard or heard[-1].get("more_body"):
            heard.append(await receive())
        body = b"".join(each.get("body", b"") for each in heard).decode("utf-8", "replace")
        issue = {
            "severity": "error",
            "code": "processing",
            "diagnostics": f"{SAID}. It said {body}",
        }
        outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
        head = [(b"content-type", b"application/fhir+json")]
        await send({"type": "http.response.start", "status": 422, "headers": head})
        await send({"type": "http.response.body", "body": json.dumps(outcome).encode()})


class QuotingPractice(Practice):
    """A practice that answers AE, and quotes the message and whom it knows."""

    def receive(self, content: bytes) -> bytes:
        text = content.decode("utf-8", "replace")
        control = text.split("|")[9]
        flat = text.replace("\r", " ").replace("|", " ")
        told = f"MSA|AE|{control}|{SAID} in {flat}\rERR|||207|E||||{SAID}"
        return f"MSH|^~\\&|P|N|T|T|20240322||ACK|9|P|2.4\r{told}\r".encode()


@dataclass
class Told:
    """What was said: by which command, with which exit code."""

    each: list[tuple[tuple[str, ...], int, str]] = field(default_factory=list)

    @property
    def leaks(self) -> list[tuple[str, str]]:
        """Which command said which secret."""
        return [
            (" ".join(words), secret)
            for words, _, said in self.each
            for secret in SECRETS
            if secret in said.casefold()
        ]


@dataclass
class Scene:
    """A site, its record systems, and what they were asked."""

    site: Site
    ledger: str
    quoting: dict[str, Quoting]
    clean: list[str]

    def run(self, words: tuple[str, ...]) -> tuple[tuple[str, ...], int, str]:
        """One command, in the site's own folder."""
        if words[0] in {"init", "keys"}:
            self.site.capture.readouterr()
            code = main(list(words))
            streams = self.site.capture.readouterr()
            return words, code, streams.out + streams.err
        said = self.site.run(*words)
        return words, said.code, said.out + said.err

    def answer_at_the_clinic(self) -> None:
        """Somebody answers a form where it is taken in, and changes what we wrote."""
        for url in self.clean:
            with httpx.Client(base_url=url, timeout=30) as ask:
                for each in resources(ask, "Observation"):
                    changed = {**each, "status": "amended", "note": [{"text": SAID}]}
                    ask.put(f"Observation/{changed['id']}", json=changed).raise_for_status()
                answered = next(
                    each for each in resources(ask, "QuestionnaireResponse") if "mood" in str(each)
                )
                more = {**ANSWERED, "questionnaire": answered["questionnaire"]}
                ask.put("QuestionnaireResponse/answered-here", json=more).raise_for_status()


def resources(ask: httpx.Client, kind: str) -> list[Any]:
    """What a record system has of a type."""
    found = ask.get(kind, params={"_count": "100"}).json()
    return [entry["resource"] for entry in found["entry"]]


ANSWERED: dict[str, Any] = {
    "resourceType": "QuestionnaireResponse",
    "id": "answered-here",
    "status": "completed",
    "subject": {"reference": "Patient/p-1"},
    "authored": "2024-03-20T10:00:00+11:00",
    "item": [
        {"linkId": "mood-1", "answer": [{"valueString": ANSWER}]},
        {"linkId": "mood-note", "answer": [{"valueString": f"{NAME} {BORN}"}]},
    ],
}


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    monkeypatch.chdir(tmp_path)
    site = make_site(tmp_path, capsys)
    is_postgresql = request.param == "postgresql"
    ledger = request.getfixturevalue("postgresql").new() if is_postgresql else "state/ledger.sqlite"
    with ExitStack() as stack:
        quoting: dict[str, Quoting] = {}
        clean: list[str] = []
        clinics = ""
        for name, lines in CLINICS.items():
            where = ""
            if name in FHIR:
                system = RecordSystem(clock=lambda: NOW, ids=map(str, itertools.count(1)))
                system.seed([PERSON])
                takes = name in {"takes", "one-by-one"}
                quoting[name] = Quoting(record_system_app(system), takes=takes)
                if takes:
                    plain = stack.enter_context(serving(record_system_app(system)))
                    clean.append(f"http://127.0.0.1:{plain}/fhir/")
                port = stack.enter_context(serving(quoting[name]))
                where = f'url = "http://127.0.0.1:{port}/fhir"'
            elif name == "by-mllp":
                practice = QuotingPractice(lambda: NOW)
                where = f'mllp = "127.0.0.1:{stack.enter_context(mllp_serving(practice))}"'
                where += "\nmllp_tls = false"
            elif name == "by-folder":
                for folder in ("incoming", "acks"):
                    (tmp_path / folder).mkdir()
                where = 'folder = "incoming"\nacknowledgements = "acks"'
            else:
                where = 'tasks = "tasks"'
            said = f"kind: clinic\nid: {name}\ntitle: {name}\npurpose: care\n{lines}\n"
            site.write(f"{name}.yaml", said)
            clinics += f'[[clinics]]\nprofile = "{name}.yaml"\n{where}\n'
        config = site.config.read_text("utf-8").split("[[clinics]]")[0] + clinics
        site.write("adapter.toml", config.replace("state/ledger.sqlite", ledger))
        listed = [name for name in CLINICS if name != "finds"]
        rows = "".join(f"{name},1,p-1\n" for name in listed)
        site.write("links.csv", f"clinic,record,patient\n{rows}")
        site.export(
            {
                **person("1", full_name=NAME, dob=BORN, ihi=IHI),
                **mood("1", "2", "0", mood_note=f"{ANSWER} {NAME}", mood_spare=BORN),
                **pain("3", NUMBER),
            },
            incident("1", "1", incident_what=f"{ANSWER} slipped"),
            {**person("2"), **mood(ANSWER)},
        )
        yield Scene(site, ledger, quoting, clean)


def kept_beside_data(scene: Scene) -> str:
    """All that the ledger, the audit log and the crosswalk keep but resources themselves."""
    data = {"version", "inbox"}
    text = ""
    if scene.ledger.startswith("postgresql:"):
        with psycopg.connect(scene.ledger) as connection:
            listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            for (table,) in connection.execute(listed).fetchall():
                if table not in data:
                    text += str(connection.execute(f"TABLE {table}".encode()).fetchall())
    else:
        with closing(sqlite3.connect(scene.site.folder / scene.ledger)) as connection:
            heads = tuple(f'INSERT INTO "{table}"' for table in data)
            text += "".join(line for line in connection.iterdump() if not line.startswith(heads))
    beside = [scene.site.folder / "audit.ndjson", scene.site.folder / "state" / "who.sqlite"]
    return text + "".join(path.read_bytes().decode("latin-1") for path in beside)


def test_nothing_that_any_command_says_or_keeps_beside_data_tells_of_anybody(scene: Scene) -> None:
    told = Told()
    for words in COMMANDS:
        if words == CHANGED:
            scene.answer_at_the_clinic()
            continue
        told.each += [scene.run((*words, *flags)) for flags in ((), ("--json",))]

    codes = {words[:-1] if words[-1] == "--json" else words: code for words, code, _ in told.each}
    assert {code for _, code, _ in told.each} == {0, 10, 12, 14, 15, 16}
    assert [words for words in COMMANDS[:11] if words and codes[words] not in {0, 12}] == []
    assert [" ".join(words) for words, _, said in told.each if not said] == []
    everything = "".join(said for _, _, said in told.each)
    shown = ("quarantined", "drifted", "it fits no timepoint", "AE: ")
    assert [word for word in shown if word not in everything] == []
    assert told.leaks == []
    kept = kept_beside_data(scene).casefold()
    asked = " ".join(each for system in scene.quoting.values() for each in system.addresses)
    assert [secret for secret in SECRETS if secret in kept + asked.casefold()] == []


QUOTING_ROWS = {
    "sqlite": f"""\
CREATE TRIGGER quoting BEFORE INSERT ON version
BEGIN SELECT RAISE(ABORT, 'no row of {NAME} is taken: {ANSWER}'); END""",
    "postgresql": """\
CREATE FUNCTION quoting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no row is taken: %', convert_from(NEW.text, 'UTF8'); END $$;
CREATE TRIGGER quoting BEFORE INSERT ON version FOR EACH ROW
WHEN (position('Canary'::bytea IN NEW.text) > 0) EXECUTE FUNCTION quoting()""",
}


def test_a_row_that_the_database_refuses_and_quotes_is_not_told(scene: Scene) -> None:
    scene.run(("status",))  # makes the ledger
    if scene.ledger.startswith("postgresql:"):
        with psycopg.connect(scene.ledger) as postgresql:
            postgresql.execute(QUOTING_ROWS["postgresql"].encode())
    else:
        with closing(sqlite3.connect(scene.site.folder / scene.ledger)) as sqlite, sqlite:
            sqlite.execute(QUOTING_ROWS["sqlite"])

    told = Told([scene.run(("ingest", *flags)) for flags in ((), ("--json",))])

    assert {code for _, code, _ in told.each} == {1}
    assert all("nobody foresaw" in said for _, _, said in told.each)
    assert told.leaks == []


def test_every_command_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])

    known = re.findall(r"'([a-z]+)'", capsys.readouterr().err.partition("choose from")[2])
    assert {words[0] for words in COMMANDS if words} == {*known} - STAYING
