"""Rung 5: an outcome as an HL7 v2 result, to a practice that imports from a folder or over MLLP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from adapter.fhir.text import read_text
from adapter.service import open_service
from adapter.simulate.chance import Chance
from adapter.simulate.hl7v2 import (
    Folders,
    Known,
    MllpFaults,
    Practice,
    import_files,
    mllp_serving,
)
from adapter.simulate.serve import Tls
from adapter.store import versions
from tests.certificates import write as write_certificate
from tests.live.small import ROOT, SmallTrial

STUDY = yaml.safe_load((ROOT / "mappings/studies/idbt-pain.yaml").read_text("utf-8"))
CORRECTED, DELETED = "1042", "1049"
BOTH = frozenset({CORRECTED, DELETED})
PROFILE = """\
kind: clinic
id: eastside-practice
title: Eastside Practice, which imports HL7 v2
purpose: care
ladder: [hl7v2]
patient: {find_by: ihi}
hl7v2: {version: "VERSION", transport: TRANSPORT, receiver: [PRACTICE, EASTSIDE]}
timeout_seconds: 2
"""


@dataclass
class Site:
    """A practice and the trial that sends to it; `take_in` lets the practice read its folder."""

    small: SmallTrial
    practice: Practice
    folders: Folders | None = None

    def take_in(self) -> None:
        if self.folders is not None:
            import_files(self.practice, self.folders)

    def sync(self) -> None:
        """Sends, lets the practice read, and looks what became of it."""
        self.small.run("push")
        self.take_in()
        self.small.run("verify")

    def counts(self) -> dict[str, int]:
        """The deliveries in each state; what the gate holds is not the practice's affair."""
        status = self.small.clinic("status")
        numbers = {word: count for word, count in status.items() if isinstance(count, int)}
        return {word: count for word, count in numbers.items() if count and word != "held"}


def practice(people: tuple[Known, ...] | None = None) -> Practice:
    return Practice(lambda: datetime(2024, 9, 1, tzinfo=UTC), people)


def profile(transport: str, version: str = "2.4") -> str:
    return PROFILE.replace("TRANSPORT", transport).replace("VERSION", version)


def by_folder(folder: Path, there: Practice) -> Site:
    folders = Folders(folder / "in", folder / "acks")
    folders.incoming.mkdir()
    folders.acknowledgements.mkdir()
    settings = f'folder = "{folders.incoming}"\nacknowledgements = "{folders.acknowledgements}"'
    return Site(SmallTrial(folder, "", BOTH, profile("folder"), settings), there, folders)


def by_mllp(
    folder: Path,
    there: Practice,
    port: int,
    more: str = "mllp_tls = false",
    people: frozenset[str] = frozenset({DELETED}),
) -> Site:
    settings = f'mllp = "127.0.0.1:{port}"\n{more}'
    return Site(SmallTrial(folder, "", people, profile("mllp", "2.5.1"), settings), there)


@pytest.fixture(params=["folder", "mllp with TLS"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A practice that takes anybody, by each of the ways, to which nothing was sent yet."""
    there = practice()
    with ExitStack() as stack:
        if request.param == "folder":
            made = by_folder(tmp_path, there)
        else:
            write_certificate(tmp_path, "practice", stem="server")
            write_certificate(tmp_path, "authority")
            tls = Tls(tmp_path / "server.pem", tmp_path / "server.key")
            port = stack.enter_context(mllp_serving(there, tls=tls))
            made = by_mllp(tmp_path, there, port, f'ca_file = "{tmp_path / "authority.pem"}"', BOTH)
        made.small.read()
        yield made


def ders_of(small: SmallTrial, record: str) -> dict[str, str]:
    """The ledger's DERS-18 total of each of a person's reports, by the report's number."""
    with open_service(small.config) as service:
        totals = {}
        for version in versions.of_participant(service.database.read(), record):
            said = read_text(version.text)
            codes = [each["code"] for each in said.get("code", {}).get("coding", ())]
            if "ders-18-total" in codes and "valueQuantity" in said and not version.is_retracted:
                name = service.trial.identity.part(version.unit, "document")
                totals[name] = str(said["valueQuantity"]["value"])
        return totals


def filed_totals(there: Practice) -> dict[str, str]:
    """The DERS-18 total of each report that the practice has filed and that stands."""
    return {
        report.number.split("^")[0]: result.value
        for report in there.reports.values()
        for result in report.results
        if result.code == "ders-18-total" and not report.is_withdrawn
    }


def test_each_outcome_is_filed_once_corrected_and_withdrawn_with_the_numbers_of_the_ledger(
    site: Site,
) -> None:
    site.sync()
    counts, before = site.counts(), filed_totals(site.practice)
    first = ders_of(site.small, CORRECTED) | ders_of(site.small, DELETED)
    versions_filed = {(report.count, report.status) for report in site.practice.reports.values()}

    site.small.read("records-2.csv")
    site.sync()

    assert counts == {"confirmed": len(site.practice.reports)}
    assert (before, versions_filed) == (first, {(1, "F")})
    after, ours = filed_totals(site.practice), ders_of(site.small, CORRECTED)
    assert after == ours
    (changed,) = (number for number in ours if before[number] != ours[number])
    corrected = next(
        each for each in site.practice.reports.values() if each.number.startswith(changed)
    )
    assert (corrected.status, corrected.count) == ("C", 2)
    withdrawn = [each for each in site.practice.reports.values() if each.is_withdrawn]
    assert {each.number.split("^")[0] for each in withdrawn} >= before.keys() - ours.keys()
    assert not any(
        result.value for each in withdrawn for result in each.results if result.type == "NM"
    )
    assert site.counts().keys() <= {"confirmed", "superseded"}


def test_what_nobody_acknowledged_is_not_confirmed(tmp_path: Path) -> None:
    site = by_folder(tmp_path, practice())
    site.small.read()

    site.small.run("sync")

    assert "confirmed" not in site.counts()
    files = list((tmp_path / "in").iterdir())
    assert {file.suffix for file in files} == {".hl7"}
    site.take_in()
    site.small.run("verify")
    assert site.counts() == {"confirmed": len(files)}


def test_a_wrong_patient_is_refused_with_the_reason_and_sent_anew_when_a_person_says_so(
    tmp_path: Path,
) -> None:
    with mllp_serving(practice(people=())) as port:
        site = by_mllp(tmp_path, practice(), port)
        site.small.read()
        site.small.run("push")
    refused = site.counts()["refused"]
    needed = site.small.clinic("status")["needs_a_person"]
    (why,) = {each["why"] for each in needed if each["state"] == "refused"}

    with mllp_serving(site.practice, port):  # they are registered now
        site.small.run("push")
        still = site.counts()
        site.small.run("retry", "eastside-practice")
        site.small.run("sync")

    assert still == {"refused": refused}
    assert why.startswith("AE: No patient has this number")
    assert (len(site.practice.reports), site.counts()) == (refused, {"confirmed": refused})


def test_who_is_listed_is_told_by_the_number_that_a_person_gave(tmp_path: Path) -> None:
    site = by_folder(tmp_path, practice(people=(Known(frozenset({"E-17"})),)))
    listed = replace(site.small, profile=site.small.profile.replace("find_by: ihi", "listed: true"))
    site = replace(site, small=listed)
    site.small.read()
    explained = site.small.clinic("plan", "--explain")["rungs"]
    site.sync()
    before = site.counts()

    site.small.run("link", "eastside-practice", CORRECTED, "E-17")
    site.sync()

    asked = {form["form"] for form in STUDY["forms"]}
    assert {each["form"]: each["rung"] for each in explained} == dict.fromkeys(asked, "hl7v2")
    assert before == {}
    assert site.counts() == {"confirmed": len(site.practice.reports)}
    assert filed_totals(site.practice) == ders_of(site.small, CORRECTED)


def test_whatever_becomes_of_an_acknowledgement_each_report_is_filed_once(tmp_path: Path) -> None:
    there = practice()
    rates = dict.fromkeys(("dropped", "reset", "garbled", "stray"), 0.08)
    with mllp_serving(there, faults=MllpFaults(Chance(rates, seed=7))) as port:
        site = by_mllp(tmp_path, there, port)
        site.small.read()
        for _ in range(3):  # a push may end for want of answers; the next one goes on
            site.small.try_to("push")
        site.small.run("sync")

    assert site.counts() == {"confirmed": len(there.reports)}
    assert {report.count for report in there.reports.values()} == {1}
