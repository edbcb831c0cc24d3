"""Each command does its work, says it as JSON or in words, and gives the exit code it promises."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapter.cli import main
from adapter.store import claiming, leases, settling, triggered
from adapter.store.database import Database
from adapter.store.deliveries import Settlement
from adapter.store.identities import Crosswalk
from adapter.store.states import STATES
from tests.keys import CROSSWALK_KEYS
from tests.unit.cli.site import Said, Site
from tests.unit.ingest.project import (
    CLINIC,
    NOW,
    REPOSITORY,
    STUDY,
    Cells,
    at_week_4,
    incident,
    mood,
    pain,
    person,
    records_csv,
)

OUTCOMES = {"created", "changed", "unchanged", "retracted", "empty", "rejected"}
GOOD = ({**person("1"), **mood("1", "2", "0")}, person("2", agree_share="0"))
BAD: Cells = {**at_week_4("1"), **mood("7")}
ADAPTER = Path(sys.executable).with_name("adapter")


@pytest.fixture
def ingested(site: Site) -> Site:
    """A site that has read two people and one form."""
    site.export(*GOOD)
    assert site.run("ingest").code == 0
    return site


@contextmanager
def ledger_of(site: Site) -> Iterator[Database]:
    with closing(Database(site.ledger)) as database:
        yield database


def deliver(site: Site, clinic: str, reason: str = "") -> None:
    """The clinic accepts everything, or refuses it for a reason."""
    with ledger_of(site) as database, database.write() as tx:
        settled = [
            Settlement(each.seq, "refused" if reason else "accepted", reason=reason)
            for each in claiming.claim(tx, clinic, claiming.Room(1000), NOW)
        ]
        settling.settle(tx, settled, NOW)


def clinic_of(said: Said, name: str) -> dict[str, Any]:
    (found,) = [each for each in said.document["clinics"] if each["name"] == name]
    return dict(found)


def test_an_ingest_tells_what_became_of_every_form(site: Site) -> None:
    site.export(*GOOD)

    said = site.run("ingest", "--json")

    assert (said.code, said.err) == (0, "")
    assert said.document == {
        "forms": {
            "participant": {**dict.fromkeys(OUTCOMES, 0), "created": 2},
            "mood": {**dict.fromkeys(OUTCOMES, 0), "created": 1},
        },
        "rejected": [],
        "problems": 0,
        "undated": {},
        "kept_back": {"signals": 0, "not_looked_at": {}},
    }


def test_an_ingest_counts_by_form_what_tells_no_day(site: Site) -> None:
    undated = {**mood("1", "2", "0"), "mood_timestamp": ""}
    site.export(*({**person(name), **undated} for name in ("1", "2")))

    as_json, in_words = site.run("ingest", "--json"), site.run("ingest")

    assert (as_json.code, as_json.document["undated"]) == (0, {"mood": 2})
    assert "2 responses tell no day in form `mood`" in in_words.out


def test_an_ingest_with_rejected_rows_goes_through_and_says_12(site: Site) -> None:
    site.export(*GOOD, BAD)

    said = site.run("ingest", "--json")

    (rejected,) = said.document["rejected"]
    assert said.code == 12
    assert said.document["problems"] == 1
    assert said.document["forms"]["mood"]["created"] == 1
    assert said.document["forms"]["mood"]["rejected"] == 1
    assert (rejected["file"], rejected["line"], rejected["field"]) == ("records.csv", 4, "mood_1")
    assert (rejected["record"], rejected["event"]) == ("1", "week_4_arm_1")


def test_an_ingest_in_words_is_a_table_and_a_line_for_each_rejected_row(site: Site) -> None:
    site.export(*GOOD, BAD)

    said = site.run("ingest")

    assert said.code == 12
    assert "read from the source" in said.out
    assert (
        "error: records.csv:4 (record 1, event week_4_arm_1): mood_1: expected one of" in said.out
    )


def test_rejected_rows_are_listed_by_status_until_they_are_mended(site: Site) -> None:
    site.export(*GOOD, BAD)
    site.run("ingest")
    listed, in_words = site.run("status", "--json"), site.run("status")

    site.export(*GOOD)
    site.run("ingest")

    assert [each["field"] for each in listed.document["rejected"]] == ["mood_1"]
    assert "mood_1" in in_words.out
    assert site.run("status", "--json").document["rejected"] == []


def test_many_rejected_rows_are_all_in_the_document_and_counted_in_words(site: Site) -> None:
    site.export(person("1"), *({**BAD, "record_id": str(number)} for number in range(100, 310)))

    in_words, listed = site.run("ingest"), site.run("status", "--json")

    assert "... and 10 more; `adapter status --json` lists all" in in_words.out
    assert len(listed.document["rejected"]) == 210


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(None, 11, id="no export"),
        pytest.param(b"", 11, id="an empty export"),
        pytest.param(b"a,b\n1,2\n", 11, id="another export"),
        pytest.param(records_csv([person("1")]), 0, id="an export"),
        pytest.param(records_csv([]), 0, id="an export without rows"),
    ],
)
def test_an_export_that_cannot_be_read_says_11(
    site: Site, content: bytes | None, code: int
) -> None:
    if content is None:
        (site.folder / "records.csv").unlink()
    else:
        site.write("records.csv", content)

    said = site.run("ingest", "--json")

    assert said.code == code
    assert (said.out == "") == (code == 11)
    assert ("records.csv" in said.err) == (code == 11)


COMMANDS = {
    "ingest": [],
    "plan": [],
    "push": [],
    "verify": [],
    "sync": [],
    "status": [],
    "retry": [CLINIC],
    "link": [CLINIC, "1", "patient-7"],
    "withdraw": ["1", "share"],
    "export": ["--out", "nowhere"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_configuration_every_command_says_10(site: Site, command: str) -> None:
    site.config.unlink()

    said = site.run(command, *COMMANDS[command], "--json")

    assert (said.code, said.out) == (10, "")
    assert "adapter.toml: expected a readable file; found No such file" in said.err


@pytest.mark.parametrize("command", ["ingest", "status"])
@pytest.mark.parametrize(
    ("key", "found"),
    [
        pytest.param(None, "No such file or directory", id="no file"),
        pytest.param(b"short\n", "5 bytes", id="too short"),
        pytest.param(b"k" * 65, "65 bytes", id="too long"),
    ],
)
def test_a_key_that_cannot_be_used_says_10(
    site: Site, command: str, key: bytes | None, found: str
) -> None:
    if key is None:
        (site.folder / "study.key").unlink()
    else:
        site.write("study.key", key)

    said = site.run(command)

    assert said.code == 10
    assert found in said.err


def test_a_key_may_stand_in_the_environment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.change("adapter.toml", 'key_file = "study.key"', 'key_env = "THE_KEY"')
    monkeypatch.setenv("THE_KEY", "k" * 16)

    assert site.run("status").code == 0
    monkeypatch.delenv("THE_KEY")
    assert site.run("status").code == 10


def test_a_configuration_without_a_key_says_10(site: Site) -> None:
    site.change("adapter.toml", 'key_file = "study.key"\n', "")

    said = site.run("status")

    assert (said.code, "found 0 bytes" in said.err) == (10, True)


def test_a_mapping_that_cannot_be_used_says_10_and_why(site: Site) -> None:
    site.change("study.yaml", "status: active", "status: running")

    said = site.run("ingest", "--json")

    assert (said.code, said.out) == (10, "")
    assert "study.yaml:7: status: expected" in said.err


def test_a_ledger_that_is_none_says_10(site: Site) -> None:
    site.write("state/ledger.sqlite", "this is no database, and long enough to be none\n" * 50)

    said = site.run("status")

    assert (said.code, "ledger" in said.err) == (10, True)


def test_a_ledger_of_a_newer_adapter_says_14(ingested: Site) -> None:
    with ledger_of(ingested) as database:
        database.read().execute("UPDATE alembic_version SET version_num = '0099'")

    said = ingested.run("status")

    assert said.code == 14


def test_an_ingest_beside_another_one_says_14(ingested: Site) -> None:
    with ledger_of(ingested) as database, database.sole_writer("ingest"):
        said = ingested.run("ingest", "--json")

    assert (said.code, said.out) == (14, "")


def test_a_plan_counts_what_a_push_would_do(ingested: Site) -> None:
    ingested.run("link", CLINIC, "1", "77")

    said = ingested.run("plan", "--json")

    research, clinic = clinic_of(said, REPOSITORY), clinic_of(said, CLINIC)
    assert said.code == 0
    assert {word: research[word] for word in ("create", "update", "retract", "unchanged")} == {
        "create": 1 + 1 + 2 + 2 + 2 + 4 + 1 + 3 + 1,
        "update": 0,
        "retract": 0,
        "unchanged": 0,
    }
    assert (research["held"], research["routes"]) == (0, {"transaction": research["create"]})
    assert clinic["create"] == 1 + 1 + 1 + 3 + 1
    assert all(isinstance(clinic[word], int) for word in ("create", "update", "retract", "held"))


def test_a_plan_sends_nothing(ingested: Site) -> None:
    ingested.run("plan", "--json")

    states = clinic_of(ingested.run("status", "--json"), CLINIC)
    assert states["queued"] == 7


def test_a_plan_tells_what_is_held_and_by_which_rule(site: Site) -> None:
    site.export({**person("1", agree_share="0"), **mood("1", "2", "0")})
    site.run("ingest")

    as_json, in_words = site.run("plan", "--json"), site.run("plan")

    clinic = clinic_of(as_json, CLINIC)
    assert (clinic["create"], clinic["held"]) == (2, 5)  # Device and study are about nobody
    assert clinic["held_by"] == {"consent-refused": 5}
    assert "3 consent-refused" in in_words.out
    assert f"{CLINIC}: what a push would do" in in_words.out
    assert "unchanged: 0" in in_words.out


def test_a_status_has_a_count_for_every_state(ingested: Site) -> None:
    said = ingested.run("status", "--json")

    clinic = clinic_of(said, CLINIC)
    assert said.code == 0
    assert {state: clinic[state] for state in STATES} == {**dict.fromkeys(STATES, 0), "queued": 7}
    assert isinstance(clinic["oldest_undelivered_seconds"], int)
    assert clinic["oldest_undelivered_seconds"] >= 0
    assert clinic["needs_a_person"] == []


def test_a_status_of_a_ledger_that_read_nothing_is_empty(site: Site) -> None:
    said = site.run("status", "--json")

    assert said.code == 0
    assert clinic_of(said, CLINIC)["oldest_undelivered_seconds"] is None
    assert said.document["rejected"] == []
    assert said.document["triggered"] == {"waiting": 0, "oldest_seconds": 0, "failures": 0}


def test_a_status_tells_which_saves_were_not_fetched_yet(ingested: Site) -> None:
    with ledger_of(ingested) as ledger, ledger.write() as tx:
        for record in ("1", "2"):
            triggered.note(tx, "redcap.example.org, project 42", record, NOW, 100)
        triggered.fail(tx, triggered.waiting(tx, "redcap.example.org, project 42", 1)[0])

    as_json, in_words = ingested.run("status", "--json"), ingested.run("status")

    told = as_json.document["triggered"]
    assert (told["waiting"], told["failures"]) == (2, 1)
    assert told["oldest_seconds"] > 0
    assert "not fetched yet: 2, the oldest since" in in_words.out


def test_a_status_tells_what_needs_a_person_and_why_as_the_clinic_said_it(ingested: Site) -> None:
    deliver(ingested, CLINIC, reason="HTTP 422 [/invalid] :no:")

    as_json, in_words = ingested.run("status", "--json"), ingested.run("status")

    needs = clinic_of(as_json, CLINIC)["needs_a_person"]
    assert {
        "state": "refused",
        "type": "Observation",
        "why": "HTTP 422 [/invalid] :no:",
        "count": 3,
    } in needs
    assert "HTTP 422 [/invalid] :no:" in in_words.out
    assert (as_json.code, in_words.code) == (0, 0)


def test_a_retry_queues_what_was_refused(ingested: Site) -> None:
    deliver(ingested, CLINIC, reason="HTTP 422")

    said = ingested.run("retry", CLINIC, "--json")

    assert (said.code, said.document) == (0, {"clinic": CLINIC, "queued": 7})
    assert clinic_of(ingested.run("status", "--json"), CLINIC)["queued"] == 7
    assert ingested.run("retry", CLINIC).out == f"clinic: {CLINIC}, queued: 0\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("retry", "south"), id="retry"),
        pytest.param(("link", "south", "1", "patient-7"), id="link"),
    ],
)
def test_a_clinic_that_nobody_configured_says_15(
    ingested: Site, arguments: tuple[str, ...]
) -> None:
    said = ingested.run(*arguments, "--json")

    assert (said.code, said.out) == (15, "")
    assert f"Expected one of the clinics {REPOSITORY}, {CLINIC}; found `south`" in said.err


def test_a_link_says_who_a_record_is_at_a_clinic(ingested: Site) -> None:
    said = ingested.run("link", CLINIC, "1", "patient-7", "--json")

    assert (said.code, said.document) == (0, {"clinic": CLINIC, "linked": 1})
    with closing(Crosswalk(ingested.folder / "state" / "who.sqlite", CROSSWALK_KEYS)) as crosswalk:
        assert crosswalk.linked(CLINIC, "1") == "patient-7"


def test_a_record_that_takes_no_part_cannot_be_linked(ingested: Site) -> None:
    said = ingested.run("link", CLINIC, "404", "patient-7")

    assert (said.code, said.out) == (15, "")


def test_a_withdrawal_shows_in_the_plan(ingested: Site) -> None:
    ingested.run("link", CLINIC, "1", "77")
    deliver(ingested, CLINIC)

    said = ingested.run("withdraw", "1", "share", "--json")

    assert (said.code, said.document) == (0, {"consent": "share", "withdrawn": 1})
    assert clinic_of(ingested.run("plan", "--json"), CLINIC)["retract"] == 4


@pytest.mark.parametrize("words", [("404", "share"), ("1", "sharing")], ids=["record", "consent"])
def test_what_does_not_exist_cannot_be_withdrawn(ingested: Site, words: tuple[str, str]) -> None:
    said = ingested.run("withdraw", *words)

    assert (said.code, said.out) == (15, "")
    assert words[0] not in said.err


def test_an_export_writes_a_file_for_each_type_and_a_manifest_with_digests(
    ingested: Site,
) -> None:
    out = ingested.folder / "out"

    said = ingested.run("export", "--out", str(out), "--json")

    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    files = {path.name for path in out.iterdir()} - {"manifest.json"}
    assert said.code == 0
    assert files == {each["url"] for each in manifest["output"]}
    assert {each["file"] for each in said.document["output"]} == files
    for each in manifest["output"]:
        content = (out / each["url"]).read_bytes()
        lines = [json.loads(line) for line in content.splitlines()]
        assert each["sha256"] == hashlib.sha256(content).hexdigest()
        assert (each["url"], each["count"]) == (f"{each['type']}.ndjson", len(lines))
        assert {line["resourceType"] for line in lines} == {each["type"]}
        assert content.endswith(b"\n")
    assert "Patient" in {each["type"] for each in manifest["output"]}


def test_an_export_for_care_leaves_out_who_did_not_agree_to_it(site: Site) -> None:
    site.export(
        {**person("1"), **mood("1")}, {**person("2", agree_share="0"), **mood("2")}, person("3")
    )
    site.run("ingest")
    out = site.folder / "out"

    site.run("export", "--out", str(out), "--purpose", "care")

    assert len((out / "Patient.ndjson").read_bytes().splitlines()) == 2
    assert len((out / "QuestionnaireResponse.ndjson").read_bytes().splitlines()) == 1


def test_an_export_leaves_out_what_is_retracted_and_what_tells_the_arm(site: Site) -> None:
    site.write("study.yaml", STUDY.replace("completed_at: pain_day", "reveals_allocation: true"))
    rows = ({**person("1"), **pain("1", "2")}, {**person("2"), **mood("1")}, incident("2", "1"))
    site.export(*rows)
    site.run("ingest")
    out = site.folder / "out"
    site.run("export", "--out", str(out))
    first = {path.name for path in out.iterdir()}
    site.export(rows[0])
    site.run("ingest")

    in_words = site.run("export", "--out", str(out))

    assert {"QuestionnaireResponse.ndjson", "AdverseEvent.ndjson"} <= first
    assert not (out / "QuestionnaireResponse.ndjson").exists()
    assert not (out / "AdverseEvent.ndjson").exists()
    assert not list(out.glob(".*.part"))
    assert "exported" in in_words.out
    assert "Patient.ndjson" in in_words.out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no command"),
        pytest.param(["fly"], id="an unknown command"),
        pytest.param(["retry"], id="a command without its words"),
        pytest.param(["export", "--out", "x", "--purpose", "fun"], id="an unknown purpose"),
        pytest.param(["status", "--xml"], id="an unknown option"),
    ],
)
def test_a_command_line_that_says_nothing_known_says_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2


def run_adapter(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ADAPTER, *arguments, "--config", site.config], check=False, capture_output=True, text=True
    )


def test_a_real_process_gives_the_same_codes_and_streams(site: Site) -> None:
    site.export(*GOOD, BAD)

    checked = run_adapter(site, "check", "--json")
    read = run_adapter(site, "ingest", "--json")
    told = run_adapter(site, "status", "--json")
    unknown = run_adapter(site, "retry", "south")

    assert (checked.returncode, json.loads(checked.stdout), checked.stderr) == (
        0,
        {"findings": []},
        "",
    )
    assert (read.returncode, json.loads(read.stdout)["problems"], read.stderr) == (12, 1, "")
    assert (told.returncode, len(json.loads(told.stdout)["rejected"])) == (0, 1)
    assert (unknown.returncode, unknown.stdout) == (15, "")


@pytest.mark.parametrize("option", [["--json"], []], ids=["as JSON", "in words"])
@pytest.mark.parametrize("buffered", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["at the end", "at once"])
def test_a_reader_that_has_seen_enough_is_no_error(
    site: Site, option: list[str], buffered: dict[str, str]
) -> None:
    site.export(*GOOD, BAD)
    site.run("ingest")
    environment = {**os.environ, "PYTHONUNBUFFERED": "", **buffered}
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [ADAPTER, "status", *option, "--config", site.config],
            check=False,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_total_that_differs_is_a_warning_and_no_rejection(site: Site) -> None:
    site.change(
        "study.yaml",
        "{form: mood, source_form: mood, at: [week-0, week-4]}",
        "{form: mood, source_form: mood, at: [week-0, week-4], compare: {total: mood_spare}}",
    )
    site.export({**person("1"), **mood("1", "2", "3", mood_spare="5")})

    ingested, status = site.run("ingest", "--json"), site.run("status", "--json")

    (told,) = status.document["rejected"]
    assert (ingested.code, ingested.document["problems"]) == (0, 0)
    assert (told["record"], told["field"], told["severity"]) == ("1", "mood_spare", "warning")
    assert ingested.document["rejected"] == [told]


def test_a_ledger_restored_from_an_older_copy_says_14_until_the_sources_are_read(
    ingested: Site,
) -> None:
    with closing(Crosswalk(ingested.folder / "state" / "who.sqlite", CROSSWALK_KEYS)) as crosswalk:
        for name in (REPOSITORY, CLINIC):
            crosswalk.turns.keep(name, 5)  # turns of which the ledger knows nothing
    refused = ingested.run("push")

    read = ingested.run("ingest")

    assert refused.code == 14
    assert "found an older one. Run `adapter ingest` first" in refused.err
    assert read.code == 0
    with ledger_of(ingested) as database:
        assert leases.token_of(database.read(), CLINIC) == 5
    assert clinic_of(ingested.run("status", "--json"), CLINIC)["queued"] == 0


def test_where_the_crosswalk_was_restored_too_a_word_makes_everything_owed_doubtful(
    ingested: Site,
) -> None:
    assert ingested.run("ingest", "--restored").code == 0

    states = clinic_of(ingested.run("status", "--json"), CLINIC)
    assert states["uncertain"] > 0
    assert states["queued"] == 0


def test_a_withdrawal_of_a_consent_that_was_renamed_stops_what_would_send(site: Site) -> None:
    site.export({**person("1"), **mood("1", "2", "0")})
    site.run("ingest")
    assert site.run("withdraw", "1", "share").code == 0
    site.change("study.yaml", "id: share", "id: share-with-clinic")

    said = [site.run(command, "--json") for command in ("ingest", "push", "sync")]

    assert [each.code for each in said] == [10, 10, 10]
    assert all("a consent `share`, of which" in f"{each.out}{each.err}" for each in said)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        pytest.param("--since", "an instant with its zone", id="since"),
        pytest.param("--type", "types that are served", id="type"),
        pytest.param("--include-associated-data", "LatestProvenanceResources", id="associated"),
    ],
)
def test_an_export_names_the_option_that_is_wrong_and_what_it_takes(
    ingested: Site, option: str, expected: str
) -> None:
    said = ingested.run("export", "--out", str(ingested.folder / "out"), option, "yesterday")

    assert said.code == 10
    assert f"command line: {option}: expected {expected}" in said.err
    assert "yesterday" not in said.err
