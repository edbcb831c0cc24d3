"""What is seen of the service from outside: its health, its figures, its lines and its spans."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.service import Service, open_service
from adapter.service.logs import tell, write_logs
from adapter.service.serving import service_app
from adapter.settings import LogSettings
from adapter.store import access, access_log
from tests.unit.cli.site import Site, make_site
from tests.unit.ingest.project import mood, person

ANSWER, NAME, BORN = "Canary-4711", "Kanarienvogel", "1966-04-12"
IHI = "8003608833357361"
SECRETS = (ANSWER, NAME, BORN, IHI)
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
SERVE = """
[logs]
format = "json"
[serve]
url = "https://trial.example.org"
metrics_token_file = "metrics.token"
[[serve.clients]]
id = "an-ehr"
jwks_file = "jwks.json"
scopes = ["system/*.rs"]
purpose = "research"
"""
EXPORTER = InMemorySpanExporter()


@dataclass(frozen=True)
class Seen:
    """A service in this process, and what is seen of it."""

    app: Starlette
    service: Service
    site: Site

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, content: bytes = b""
    ) -> httpx.Response:
        """One answer of it."""

        async def asked() -> httpx.Response:
            way = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=way, base_url="http://here") as client:
                return await client.request(method, path, headers=headers, content=content)

        return asyncio.run(asked())

    def get(self, path: str, token: str = "", **headers: str) -> httpx.Response:
        """An answer to a `GET`."""
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        return self.ask("GET", path, {**signed, **headers})

    def lines(self) -> list[dict[str, Any]]:
        """What the log says since it was asked for last."""
        return events(self.site.capture.readouterr().err)

    def figures(self) -> dict[str, dict[tuple[str, ...], float]]:
        """What `/metrics` says, by name and the values of the labels."""
        page = self.get("/metrics", "a token of the tests").text
        told: dict[str, dict[tuple[str, ...], float]] = {}
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                told.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
        return told


def events(text: str) -> list[dict[str, Any]]:
    """The lines of a log; threads of other tests may have said something, too."""
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"time"')]


@pytest.fixture(scope="session")
def provider() -> None:
    """Keeps every span of this process; a provider can be set but once."""
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(made)


@pytest.fixture
def seen(tmp_path: Path, capsys: pytest.CaptureFixture[str], provider: None) -> Iterator[Seen]:
    """A service over one person."""
    del provider
    site = make_site(tmp_path, capsys)
    site.write("adapter.toml", (tmp_path / "adapter.toml").read_text("utf-8") + SERVE)
    site.write("metrics.token", "a token of the tests\n")
    site.write("jwks.json", '{"keys": []}')
    who = {"full_name": NAME, "dob": BORN, "ihi": IHI}
    site.export({**person("1", **who), **mood("1", "2", "0", mood_spare=ANSWER)})
    assert site.run("ingest").code == 0
    with open_service(site.config) as service:
        with service.database.write() as tx:
            ends = service.clock().timestamp() + 600
            access.keep_token(tx, hashlib.sha256(b"good").digest(), "an-ehr", "system/*.rs", ends)
        write_logs(LogSettings(format="json"))
        EXPORTER.clear()
        yield Seen(service_app(service), service, site)


def test_no_line_no_span_and_no_figure_tells_what_was_asked_or_answered(seen: Seen) -> None:
    patient = seen.get("/fhir/Patient?_count=1", "good").json()["entry"][0]["resource"]["id"]
    seen.lines()
    for method in ("GET", "POST", "PUT", NAME.upper()):
        for path in (
            f"/fhir/Patient/{patient}?x={ANSWER}",
            f"/fhir/Patient?identifier={IHI}&name={NAME}",
            f"/fhir/{NAME}/{ANSWER}",
            f"/{ANSWER}/{NAME}?{IHI}={BORN}",
            "/fhir/Patient/_search",
            f"/auth/token?{ANSWER}",
            f"/health/ready?{ANSWER}",
        ):
            for token in ("good", NAME):
                headers = {
                    "Authorization": f"Bearer {token}",
                    "X-Request-ID": NAME,
                    "User-Agent": ANSWER,
                    "traceparent": f"00-{IHI}{IHI}-{IHI}-01",
                    "tracestate": f"a={ANSWER}",
                    "Content-Type": "application/x-www-form-urlencoded",
                    NAME: BORN,
                }
                seen.ask(method, path, headers, f"name={NAME}&birthdate={BORN}".encode())
    page = seen.get("/metrics", "a token of the tests").text

    log, spans = seen.site.capture.readouterr().err, EXPORTER.get_finished_spans()
    said, lines = log + "".join(span.to_json() for span in spans) + page, events(log)
    assert [secret for secret in (*SECRETS, patient) if secret.lower() in said.lower()] == []
    assert sum(line["event"] == "request" for line in lines) == 4 * 7 * 2 + 1
    assert {line.get("client") for line in lines} == {"an-ehr", None}
    assert "GET /fhir/{type}/{id}" in {span.name for span in spans}
    assert len(page) < 40_000


def test_a_line_says_which_route_which_status_and_which_client(seen: Seen) -> None:
    given = seen.get("/fhir/Patient", "good", **{"X-Request-ID": UUID})
    own = seen.get("/fhir/Nothing/1", **{"X-Request-ID": "Kanarienvogel"})

    first, second = seen.lines()
    assert given.headers.get_list("x-request-id") == [UUID]
    assert re.fullmatch(r"[0-9a-f-]{36}", own.headers["x-request-id"])
    assert first["request"] == UUID
    assert second["request"] == own.headers["x-request-id"]
    told = ("event", "method", "route", "status", "client")
    assert [first[word] for word in told] == ["request", "GET", "/fhir/{type}", 200, "an-ehr"]
    assert [second[word] for word in told] == ["request", "GET", "/fhir/{type}/{id}", 401, None]


def test_an_error_that_nobody_foresaw_is_answered_and_told_without_its_words(seen: Seen) -> None:
    async def broken(_: Request) -> Response:
        raise ValueError(ANSWER)

    seen.app.router.routes.insert(0, Route("/broken", broken))

    answer = seen.get("/broken")

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (500, "exception")
    error, line = seen.lines()
    assert (error["event"], line["status"]) == ("error", 500)
    assert "builtins.ValueError at test_watching.py" in error["errors"]
    (span,) = EXPORTER.get_finished_spans()
    assert ANSWER not in json.dumps(error) + span.to_json() + answer.text


def test_it_lives_and_is_ready(seen: Seen) -> None:
    live, ready = seen.get("/health/live"), seen.get("/health/ready")

    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    checks = dict.fromkeys(("ledger", "schema", "crosswalk"), "ok")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "checks": checks})


def test_it_is_not_ready_for_a_ledger_of_another_schema_and_still_lives(seen: Seen) -> None:
    with seen.service.database.write() as tx:
        tx.execute("UPDATE alembic_version SET version_num = '9999'")

    ready = seen.get("/health/ready")

    assert ready.status_code == 503
    assert ready.json()["checks"] == {"ledger": "ok", "schema": "failing", "crosswalk": "ok"}
    assert seen.get("/health/live").status_code == 200


def test_it_is_not_ready_without_its_crosswalk_and_says_no_word_of_why(seen: Seen) -> None:
    seen.service.crosswalk.close()

    ready = seen.get("/health/ready")

    assert (ready.status_code, ready.json()["checks"]["crosswalk"]) == (503, "failing")
    told = [line for line in seen.lines() if line["event"] == "not_ready"]
    assert [(line["check"], line["error"]) for line in told] == [("crosswalk", "ProgrammingError")]


def test_whoever_has_no_token_finds_no_metrics(seen: Seen) -> None:
    assert [seen.get("/metrics", token).status_code for token in ("", "wrong")] == [404, 404]


def test_the_figures_begin_with_the_oldest_that_waits(seen: Seen) -> None:
    page = seen.get("/metrics", "a token of the tests").text
    told = seen.figures()

    first = next(line for line in page.splitlines() if not line.startswith("#"))
    assert first.startswith('adapter_oldest_undelivered_seconds{clinic="')
    waits = told["adapter_oldest_undelivered_seconds"]
    assert waits.keys() == {("repository",), ("north-clinic",)}
    assert all(0 <= seconds < 600 for seconds in waits.values())
    assert told["adapter_deliveries"]["repository", "queued"] > 0
    assert told["adapter_breaker_open"]["repository",] == 0
    assert told["adapter_last_ingest_seconds"].keys() == {("records.csv",)}
    assert told["adapter_http_requests_total"]["GET", "/metrics", "2xx"] == 1


def test_what_is_held_because_it_would_tell_the_arm_is_counted_nowhere(seen: Seen) -> None:
    with seen.service.database.write() as tx:
        tx.execute("UPDATE delivery SET state = 'claimed' WHERE clinic = 'repository'")
        tx.execute(
            "UPDATE delivery SET state = 'held', rule = 'blinding' WHERE clinic = 'repository'"
        )
        tx.execute(
            "UPDATE delivery SET rule = 'embargo' WHERE clinic = 'repository' AND type = 'Patient'"
        )

    told = seen.figures()

    assert told["adapter_held"] == {("repository", "embargo"): 1}
    assert told["adapter_deliveries"]["repository", "held"] == 1


def test_what_the_gate_holds_and_who_is_needed_is_counted(seen: Seen) -> None:
    with seen.service.database.write() as tx:
        tx.execute("UPDATE delivery SET state = 'claimed' WHERE clinic = 'repository'")
        tx.execute(
            "UPDATE delivery SET state = 'held', rule = 'embargo' WHERE clinic = 'repository'"
            " AND type = 'Patient'"
        )
        tx.execute(
            "UPDATE delivery SET state = 'refused', reason = ? WHERE state = 'claimed'",
            (ANSWER,),
        )
        tx.execute(
            "INSERT INTO pace VALUES ('repository', 0, 0, 6, 1, ?)",
            (seen.service.clock().timestamp() + 60,),
        )

    told = seen.figures()

    assert told["adapter_held"] == {("repository", "embargo"): 1}
    assert told["adapter_needs_a_person"]["repository",] > 1
    assert told["adapter_breaker_open"]["repository",] == 1
    assert told["adapter_oldest_undelivered_seconds"]["repository",] == 0


def test_a_cycle_is_a_line_and_a_span_and_when_it_ended_is_a_figure(seen: Seen) -> None:
    assert seen.site.run("verify").code == 0  # nothing was delivered: nobody is asked
    said = seen.site.run("ingest")
    (seen.site.folder / "records.csv").unlink()
    failed = seen.site.run("ingest")

    done, wrong = (events(each.err)[0] for each in (said, failed))
    assert failed.code == 11
    told = ("event", "outcome", "unchanged")
    assert [done[word] for word in told] == ["ingest", "done", 2]
    assert [wrong.get(word) for word in told] == ["ingest", "SourceError", None]
    assert [event for span in EXPORTER.get_finished_spans() for event in span.events] == []
    spans = [(span.name, dict(span.attributes or {})) for span in EXPORTER.get_finished_spans()]
    assert ("verify", "repository") in {(name, said.get("adapter.clinic")) for name, said in spans}
    assert {"ingest"} <= {name for name, _ in spans}
    assert seen.figures()["adapter_last_ended_seconds"].keys() == {
        ("north-clinic", "verify"),
        ("repository", "verify"),
    }


def test_a_library_s_line_is_told_by_its_place_alone(seen: Seen) -> None:
    logging.getLogger("uvicorn.error").error("of %s", ANSWER)
    tell("word", {"count": 1})

    theirs, ours = seen.lines()
    assert (theirs["logger"], theirs["event"]) == ("uvicorn.error", "library")
    assert theirs["place"].startswith("test_watching.py:")
    assert ANSWER not in json.dumps(theirs)
    assert (ours["event"], ours["count"]) == ("word", 1)


def test_what_is_refused_for_its_length_has_its_line_in_the_access_log(seen: Seen) -> None:
    refused = seen.get(f"/fhir/Patient?{ANSWER}=" + "x" * 9_000, "good")

    (file,) = access_log.access_files(seen.service.audit.path)
    (line,) = [access for _, access in access_log.read_accesses(file)]
    assert (refused.status_code, line.status, line.door) == (414, 414, "fhir")
    assert ANSWER not in file.read_text("utf-8")
