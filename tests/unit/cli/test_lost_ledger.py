"""A ledger that was lost or set back, another key, and an audit log that remembers."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import pytest

from adapter.store.audit import Act, AuditLog
from tests.unit.cli.site import Said, Site
from tests.unit.ingest.project import CLINIC, mood, person


class KilledError(BaseException):
    """The process dies here."""


ANOTHER = "another key of the tests, no secret either\n"


@pytest.fixture
def read(site: Site) -> Site:
    """Two people's moods were read; nothing is sent anywhere."""
    site.export(*({**person(name), **mood("1", "2", "0")} for name in ("1", "2")))
    assert site.run("ingest").code == 0
    for name in ("1", "2"):
        assert site.run("link", CLINIC, name, f"p-{name}").code == 0
    return site


def held(site: Site) -> dict[str, int]:
    """What a push would hold back from the clinic, by rule."""
    (mine,) = (
        each for each in site.run("plan", "--json").document["clinics"] if each["name"] == CLINIC
    )
    told: dict[str, int] = mine["held"]
    return told


def findings(said: Said) -> list[tuple[str, str]]:
    return [(each["record"], each["field"]) for each in said.document["rejected"]]


def lose(site: Site) -> None:
    for path in site.ledger.parent.glob("ledger.sqlite*"):
        path.unlink()


def test_a_new_ledger_learns_withdrawals_from_the_audit_log(read: Site) -> None:
    read.run("withdraw", "1", "share")
    before = held(read)
    lose(read)

    said = read.run("ingest", "--json")

    assert said.code == 12
    assert findings(said) == [("1", "share")]
    assert held(read) == before


def test_a_withdrawal_that_was_noted_and_then_cut_off_is_followed_by_the_next_ingest(
    read: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = AuditLog.add

    def die_behind_it(log: AuditLog, acts: Sequence[Act]) -> None:
        add(log, acts)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(AuditLog, "add", die_behind_it)
        with pytest.raises(KilledError):
            read.run("withdraw", "1", "share")
    before = held(read)

    assert findings(read.run("ingest", "--json")) == [("1", "share")]
    assert held(read) != before


def test_a_restored_ledger_learns_what_was_withdrawn_since(read: Site) -> None:
    copy = read.folder / "copy.sqlite"
    read.run("withdraw", "2", "share")
    read.run("ingest")
    shutil.copy(read.ledger, copy)
    read.run("withdraw", "1", "share")
    before = held(read)
    lose(read)
    shutil.copy(copy, read.ledger)

    said = read.run("ingest", "--restored", "--json")

    assert findings(said) == [("1", "share")]
    assert held(read) == before


def test_who_is_not_in_the_source_now_stays_withdrawn_when_they_come_back(read: Site) -> None:
    read.run("withdraw", "1", "share")
    before = held(read)
    lose(read)
    read.export({**person("2"), **mood("1", "2", "0")})
    read.run("ingest")
    read.export(*({**person(name), **mood("1", "2", "0")} for name in ("1", "2")))

    read.run("ingest")

    assert held(read) == before


def test_what_the_source_said_too_stays_withdrawn_when_it_takes_its_word_back(read: Site) -> None:
    both = {**person("1"), **mood("1", "2", "0")}
    read.run("withdraw", "1", "share")
    before = held(read)
    lose(read)
    read.export({**both, "stop_share": "1"}, {**person("2"), **mood("1", "2", "0")})
    assert findings(read.run("ingest", "--json")) == []
    read.export(both, {**person("2"), **mood("1", "2", "0")})

    read.run("ingest")

    assert held(read) == before


def test_a_ledger_that_knows_every_withdrawal_is_told_of_none(read: Site) -> None:
    read.run("withdraw", "1", "share")

    first, second = read.run("ingest", "--json"), read.run("ingest", "--json")

    assert (first.code, findings(first)) == (0, [])
    assert (second.code, findings(second)) == (0, [])


def test_a_consent_that_was_given_again_since_stays_given(read: Site) -> None:
    read.run("withdraw", "1", "share")
    lose(read)
    later = {"agree_date": "2999-01-01"}
    read.export({**person("1"), **mood("1", "2", "0"), **later})

    said = read.run("ingest", "--json")

    assert findings(said) == [("1", "agree_date")]  # which is yet to come, and counts


def test_another_key_is_refused_before_anything_is_made_under_it(read: Site) -> None:
    before = read.run("plan", "--json").document
    key = (read.folder / "study.key").read_text("utf-8")
    read.write("study.key", ANOTHER)

    refused, told = read.run("ingest"), read.run("check", "--json")

    assert refused.code == 14
    assert "the study id and the key" in refused.err
    assert told.code == 10
    assert [each["field"] for each in told.document["findings"]] == ["key_env or key_file"]
    read.write("study.key", key)
    assert read.run("plan", "--json").document == before


def test_a_check_finds_no_fault_with_the_key_that_the_ledger_was_made_with(read: Site) -> None:
    assert read.run("check", "--json").document == {"findings": []}


@pytest.mark.parametrize("length", [5, 65])
def test_a_check_tells_of_a_key_that_no_ingest_would_take(site: Site, length: int) -> None:
    site.write("study.key", "k" * length)

    said = site.run("check", "--json")

    (finding,) = said.document["findings"]
    assert said.code == 10
    assert finding["found"] == f"{length} bytes"


def test_a_check_without_the_key_says_that_an_ingest_would_stop(site: Site) -> None:
    (site.folder / "study.key").unlink()

    said = site.run("check", "--json")

    (finding,) = said.document["findings"]
    assert (said.code, finding["severity"]) == (0, "warning")
    assert "`adapter ingest` stops" in finding["action"]
