"""Two worlds that differ only in who got the therapy look the same on a blinded operator's pages.

One receiver is blinded, one is not, and its record system refuses what tells the arm. What waits,
what is refused and what is there differ between the worlds; not a byte of these pages does.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapter.cli import main
from adapter.service import Service, open_service
from adapter.service.serving import service_app
from adapter.service.viewing import invitation
from adapter.simulate import record_system_app, serving
from adapter.simulate.full import RecordSystem
from adapter.store import inbox
from adapter.store.inbox import Received
from tests.keys import CROSSWALK_KEY
from tests.live.worlds import MAPPINGS, NOW, TRIAL, Row, corrected, read_trial, told, write_rows
from tests.visitor import Visitor, without_token

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BLINDED, TOLD = "research-repository", "safety-desk"
TELLS = b"session-attendance"
TELLING = ("operator", f"operator/plan?clinic={TOLD}", "operator/inbox")
NEXT = re.compile(r'href="/app/([^"]+)">Next page')
CONFIG = """\
study = "{mappings}/studies/idbt-pain.yaml"
instruments = "{mappings}/instruments"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "study.key"
[[sources]]
kind = "redcap"
dictionary = "{trial}/dictionary.csv"
records = "records.csv"
as_of = 2024-08-30T17:05:00+10:00
missing_limit = 5
{clinics}
[serve]
url = "http://127.0.0.1:8000"
[[serve.people]]
name = "dan"
role = "operator"
[[serve.people]]
name = "ida"
role = "operator"
unblinded = true
"""


@dataclass
class Refusing:
    """A record system that takes nothing of a form that tells the arm, nor anything beside it."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, is_more = b"", True
        while is_more:
            message = await receive()
            body, is_more = body + message.get("body", b""), message.get("more_body", False)

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        if scope["method"] == "GET" or b"Questionnaire/session-attendance|" not in body:
            await self.app(scope, again, send)
            return
        await send({"type": "http.response.start", "status": 422, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True)
class World:
    """One world: where it is, and whether anybody in it got the therapy."""

    folder: Path
    has_therapy: bool

    @property
    def config(self) -> Path:
        return self.folder / "adapter.toml"

    def run(self, *words: str, code: int = 0) -> None:
        assert main([*words, "--config", str(self.config)], clock=lambda: NOW) == code, words

    def read(self, rows: list[Row], related: str) -> None:
        of_world = [told(row, has_therapy=self.has_therapy, related=related) for row in rows]
        write_rows(self.folder, of_world)
        self.run("ingest")


@contextmanager
def world(folder: Path, *, has_therapy: bool) -> Iterator[World]:
    """A world that was read, sent and corrected; what was corrected waits."""
    folder.mkdir()
    for name, content in {
        "study.key": "synthetic people only: no secret",
        "who.key": CROSSWALK_KEY,
    }.items():
        (folder / name).write_text(content, "utf-8")
    made, clinics, trial = World(folder, has_therapy), "", read_trial()
    with serving_both() as ports:
        for name, port in ports.items():
            profile = MAPPINGS / "clinics" / f"{name}.yaml"
            clinics += f'[[clinics]]\nprofile = "{profile}"\nurl = "http://127.0.0.1:{port}/fhir"\n'
        said = CONFIG.format(mappings=MAPPINGS, trial=TRIAL, clinics=clinics)
        made.config.write_text(said, "utf-8")
        made.read(trial, "4" if has_therapy else "1")
        made.run("push")
        made.read(corrected(trial), "2" if has_therapy else "1")
        yield made


@contextmanager
def serving_both() -> Iterator[dict[str, int]]:
    apps = [
        record_system_app(RecordSystem(clock=lambda: NOW, ids=map(str, itertools.count(1))))
        for _ in range(2)
    ]
    with serving(apps[0]) as first, serving(Refusing(apps[1])) as second:
        yield {BLINDED: first, TOLD: second}


def let_in(service: Service, app: ASGIApp, name: str) -> Visitor:
    """An operator at the pages."""
    someone = Visitor(app)
    code = invitation(service, name).partition("code=")[2]
    assert someone.post("/app/enter", {"code": code}).status_code == 303
    return someone


def looked_at(someone: Visitor) -> dict[str, str]:
    """Every page that an operator can open, and what comes of an act that counts."""
    record = read_trial()[0]["record_id"]
    waiting = ["operator", "operator/audit?verify=1", "operator/inbox", ""]
    for clinic in (BLINDED, TOLD):
        waiting += [f"operator/{path}?clinic={clinic}" for path in ("plan", "inbox", "deliveries")]
        waiting += [
            f"operator/deliveries?clinic={clinic}&{more}"
            for more in ("state=refused", f"state=queued&record={record}")
        ]
        waiting.append(f"operator/inbox/response?clinic={clinic}&response=of-sessions")
    pages = dict[str, str]()
    while waiting:
        path = waiting.pop()
        pages[path] = without_token(someone.get(f"/app/{path}").text)
        more = [each.replace("&amp;", "&") for each in NEXT.findall(pages[path])]
        waiting += [each for each in more if each not in pages]
    for clinic in (BLINDED, TOLD):
        form = {"clinic": clinic, "token": someone.token("/app/operator")}
        pages[f"retried {clinic}"] = without_token(
            someone.post("/app/operator/acts/retry", form).text
        )
    return pages


def write_at_clinics(service: Service, *, has_therapy: bool) -> None:
    """Somebody wrote at each clinic; about sessions only where there are any."""
    record = read_trial()[0]["record_id"]
    forms = {"of-mood": "bdi", **({"of-sessions": "session-attendance"} if has_therapy else {})}
    with service.database.write() as tx:
        for clinic in (BLINDED, TOLD):
            for id_, form in reversed(forms.items()):
                text = b'{"resourceType":"QuestionnaireResponse","status":"completed"}'
                where = (clinic, "QuestionnaireResponse", id_, "1", record)
                inbox.keep(tx, Received(*where, text, "waiting", "a day", service.now(), form=form))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """What each operator sees of the world with therapy, and of the one without."""
    folder, pages = tmp_path_factory.mktemp("worlds"), dict[str, list[dict[str, str]]]()
    for has_therapy in (True, False):
        with (
            world(folder / str(has_therapy), has_therapy=has_therapy) as made,
            open_service(made.config, clock=lambda: NOW) as service,
        ):
            write_at_clinics(service, has_therapy=has_therapy)
            app = service_app(service)
            dan, ida = let_in(service, app, "dan"), let_in(service, app, "ida")
            whole = {path: ida.get(f"/app/{path}").text for path in TELLING}
            pages.setdefault("ida", []).append(whole)
            pages.setdefault("dan", []).append(looked_at(dan))
            # One person's arm is made known to the blinded receiver; it is then owed it.
            person = read_trial()[0]["record_id"]
            made.run("unblind", person, "--clinic", BLINDED, "--reason", "emergency")
            pages.setdefault("dan, later", []).append(looked_at(dan))
    return pages


@pytest.mark.parametrize("moment", ["dan", "dan, later"])
def test_a_blinded_operator_sees_the_same_in_two_worlds(
    seen: dict[str, list[dict[str, str]]], moment: str
) -> None:
    one, other = seen[moment]

    assert one.keys() == other.keys()
    for path in one:
        assert one[path] == other[path], path


def test_what_they_see_is_of_use(seen: dict[str, list[dict[str, str]]]) -> None:
    one, _ = seen["dan"]

    assert re.search(r">\d+ queued<", one["operator"])
    assert re.search(r">\d+ accepted<", one["operator"])
    assert "You must not know who got the therapy" in one["operator"]
    assert "AdverseEvent" in one[f"operator/plan?clinic={BLINDED}"]
    assert "AdverseEvent" not in one[f"operator/plan?clinic={TOLD}"]
    assert "of-mood" in one[f"operator/inbox?clinic={TOLD}"]
    assert "Observation" in one[f"operator/deliveries?clinic={TOLD}"]
    assert "released" in one["operator/audit?verify=1"]


def test_who_may_know_the_arm_sees_the_difference(seen: dict[str, list[dict[str, str]]]) -> None:
    one, other = seen["ida"]

    assert one["operator"] != other["operator"]
    assert "refused" in one["operator"]
    assert "of-sessions" in one["operator/inbox"]
    assert "of-sessions" not in other["operator/inbox"]
    assert one[f"operator/plan?clinic={TOLD}"] != other[f"operator/plan?clinic={TOLD}"]
