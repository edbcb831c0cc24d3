"""What a person does is in the audit log; an unblinding is told to one clinic, of one person."""

from __future__ import annotations

import pytest

from adapter.service import open_service
from adapter.store.access_log import Access, access_files
from tests.unit.cli.site import Site
from tests.unit.ingest.project import CLINIC, mood, person
from tests.unit.store.ledger import NOW


@pytest.fixture
def trial(site: Site) -> Site:
    """A site that has read two people."""
    site.export({**person("1"), **mood("1", "2", "0")}, person("2"))
    assert site.run("ingest").code == 0
    return site


def test_acts_of_people_are_lines_and_the_chain_holds(trial: Site) -> None:
    trial.run("link", CLINIC, "1", "secret-patient")
    trial.run("withdraw", "1", "share")
    trial.run("retry", CLINIC)
    trial.run("export", "--out", str(trial.folder / "out"))
    trial.run("unblind", "2", "--clinic", CLINIC, "--reason", "emergency")

    shown = trial.run("audit", "show", "--json").document["audit"]
    verified = trial.run("audit", "verify", "--json")

    assert [(each["action"], each["clinic"], each["record"]) for each in shown] == [
        ("link", CLINIC, "1"),
        ("withdraw", "", "1"),
        ("retry", CLINIC, ""),
        ("export", "", ""),
        ("unblind", CLINIC, "2"),
    ]
    assert (verified.code, verified.document["lines"]) == (0, 5)
    assert "secret-patient" not in (trial.folder / "audit.ndjson").read_text("utf-8")
    assert "unblind" in trial.run("audit", "show").out


def test_forgetting_what_was_learned_of_a_record_system_is_an_act_of_a_person(trial: Site) -> None:
    said = trial.run("retry", CLINIC, "--forget", "--json")

    assert said.document == {"clinic": CLINIC, "queued": 0, "forgotten": 0}
    shown = trial.run("audit", "show", "--json").document["audit"]
    assert [(each["action"], each["clinic"], each["what"]) for each in shown] == [
        ("retry", CLINIC, ""),
        ("forget", CLINIC, "finding"),
    ]


def test_a_changed_line_is_told_with_its_number(trial: Site) -> None:
    trial.run("withdraw", "1", "share")
    last = trial.run("audit", "verify", "--json").document["last"]
    trial.change("audit.ndjson", '"what":"share"', '"what":"other"')

    said, in_words = trial.run("audit", "verify", "--json"), trial.run("audit", "verify")

    assert (said.code, in_words.code) == (14, 14)
    assert [each["line"] for each in said.document["findings"]] == [1]
    assert "audit.ndjson:1" in in_words.out
    assert last in in_words.out  # the chain behind it is told as it stands


def test_an_unblinding_is_an_audit_event_and_a_provenance(trial: Site) -> None:
    trial.run("unblind", "2", "--clinic", CLINIC, "--reason", "emergency")

    entries = trial.run("audit", "fhir").document["entry"]

    event, provenance = (entry["resource"] for entry in entries)
    assert event["resourceType"] == "AuditEvent"
    assert event["subtype"][0]["code"] == "unblind"
    assert provenance["target"][0]["reference"].startswith("ResearchSubject/")
    assert provenance["reason"][0]["coding"][0]["code"] == "emergency"
    assert event["recorded"] == provenance["recorded"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("404", "--clinic", CLINIC), 15, id="nobody"),
        pytest.param(("1", "--clinic", "nowhere"), 15, id="no clinic"),
    ],
)
def test_nobody_is_unblinded_by_mistake(trial: Site, arguments: tuple[str, ...], code: int) -> None:
    said = trial.run("unblind", *arguments, "--reason", "emergency")

    assert said.code == code
    assert not (trial.folder / "audit.ndjson").exists()


def test_a_reason_in_words_of_one_s_own_is_no_reason(trial: Site) -> None:
    with pytest.raises(SystemExit):
        trial.run("unblind", "1", "--clinic", CLINIC, "--reason", "Mrs Example asked")


def test_files_of_accesses_go_on_by_the_settings_and_a_missing_one_is_named(trial: Site) -> None:
    trial.write(
        "adapter.toml", f"{trial.config.read_text('utf-8')}\n[logs]\naccess_megabytes = 0.001\n"
    )
    read = Access(NOW, "r1", "fhir", "read", "an-ehr", 200, "", "Observation", "a1", ("1",), 1)
    with open_service(trial.config) as service:
        for _ in range(12):
            service.accesses.note([read])

    whole = trial.run("audit", "verify", "--json")
    gone, *_ = access_files(trial.folder / "audit.ndjson")
    gone.unlink()
    said = trial.run("audit", "verify", "--json")

    assert whole.code == 0
    assert [each["lines"] for each in whole.document["accesses"]] == [5, 5, 2]
    assert said.code == 14
    (finding,) = said.document["findings"]
    assert (finding["file"], finding["line"]) == ("audit-access-1.ndjson", None)
    assert "file" in finding["expected"]
