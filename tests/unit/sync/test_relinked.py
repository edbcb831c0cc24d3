"""Somebody was linked to the wrong Patient, or their number changed: nothing stays where it was."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.sync.found import Found
from adapter.sync.profile import ClinicProfile, PatientRule, V2Rules
from adapter.sync.push import push
from adapter.sync.receipt import Accepted, Receipt
from adapter.sync.relinked import follow_links
from adapter.sync.verify import verify
from tests.unit.ingest import project
from tests.unit.sync.desk import patient
from tests.unit.sync.far_side import BASE
from tests.unit.sync.ward import PROFILE, Ward, opened

LISTED = PROFILE.model_copy(update={"patient": PatientRule(listed=True), "pull": None})
SINGLE = LISTED.model_copy(update={"ladder": ("single",)})
V2 = ClinicProfile(
    kind="clinic",
    id=project.CLINIC,
    title="Practice",
    purpose="care",
    ladder=("hl7v2",),
    patient=PatientRule(find_by="ihi"),
    hl7v2=V2Rules(transport="folder", sender=("A", "B"), receiver=("C", "D"), pdf=False),
)
NAMED = project.STUDY.replace(
    "  identifiers:",
    "  demographics: {family: full_name, given: full_name, birth_date: dob}\n  identifiers:",
)
WITHDRAWN = {"stop_share": "1", "stop_date": "2024-03-10"}
IHI, OTHER_IHI = "8003609900000001", "8003609900009999"


class Practice:
    """Takes every message, and keeps it."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def send(self, control_id: str, message: bytes) -> Receipt:
        self.messages.append(message.decode())
        return Accepted(control_id)

    def look_up(self, control_id: str, *, is_in_doubt: bool) -> Found:
        return Found("there" if not is_in_doubt else "gone", control_id)

    def told(self) -> list[tuple[str, str]]:
        """To whom each message was, and whether it counts: its OBR-25."""
        said = [dict(_segments(each)) for each in self.messages]
        self.messages.clear()
        return [
            (each["PID"].split("|")[3].split("^")[0], each["OBR"].split("|")[25]) for each in said
        ]


def _segments(message: str) -> list[tuple[str, str]]:
    return [(line[:3], line) for line in reversed(message.split("\r")) if line]


class Died(BaseException):
    """The process was killed."""


def chart(ward: Ward, patient: str) -> Counter[str]:
    """What stands in somebody's record, of the kinds that are outcomes."""
    found = []
    for kind in ("Observation", "QuestionnaireResponse"):
        answer = ward.far.take(httpx.Request("GET", f"{BASE}{kind}?_count=50")).json()
        found += [entry["resource"] for entry in answer.get("entry", ())]
    return Counter(
        "wrong" if each["status"] == "entered-in-error" else "stands"
        for each in found
        if each["subject"]["reference"] == f"Patient/{patient}"
    )


def rounds(ward: Ward, count: int = 3) -> None:
    for _ in range(count):
        ward.push()
        ward.verify()


def test_a_withdrawal_leaves_although_the_identifier_was_erased_with_it(
    tmp_path: Path, where: Path | str
) -> None:
    with opened(tmp_path, where) as ward:
        ward.ingest(p1=project.mood("1", "2", "0"))
        ward.push()
        sent = chart(ward, "77")

        ward.ingest(p1={"ihi": "", **WITHDRAWN})
        report = ward.push()

        assert sent == {"stands": sent["stands"]}
        assert chart(ward, "77") == {"wrong": sent["stands"]}
        assert report.held == {}


def test_a_corrected_identifier_holds_what_is_new_and_no_retraction(
    tmp_path: Path, where: Path | str
) -> None:
    with opened(tmp_path, where) as ward:
        ward.ingest(p1=project.mood("1", "2", "0"))
        ward.push()
        sent = chart(ward, "77")["stands"]
        ward.ingest(p1={"ihi": OTHER_IHI})
        ward.later = [{**project.at_week_4("1"), **project.mood("3", "3", "3")}]
        ward.ingest()
        held = ward.push().held

        ward.ingest(p1=WITHDRAWN)
        ward.push()

        assert {rule for _, rule in held} == {"patient-not-found"}
        assert chart(ward, "77") == {"wrong": sent}


@pytest.mark.parametrize("profile", [LISTED, SINGLE], ids=["our ids", "theirs"])
def test_what_a_wrong_patient_got_is_marked_there_and_told_anew(
    tmp_path: Path, where: Path | str, profile: ClinicProfile
) -> None:
    with opened(tmp_path, where, profile) as ward:
        ward.ingest(p1=project.mood("1", "2", "0"))
        ward.push()
        ward.verify()
        sent = chart(ward, "77")["stands"]

        ward.crosswalk.link(ward.profile.id, "1", "78", "later")
        ward.push()
        between = chart(ward, "78")
        ward.verify()
        ward.push()
        back = ward.verify()
        ward.push()

        assert between == {}
        assert (chart(ward, "77"), chart(ward, "78")) == ({"wrong": sent}, {"stands": sent})
        assert back.drifted == back.missing == {}
        ward.ingest(p1=project.mood("1", "2", "1"))
        ward.push()
        assert (chart(ward, "77"), chart(ward, "78")) == ({"wrong": sent}, {"stands": sent})
        ward.ingest(p1=WITHDRAWN)
        ward.push()
        assert (chart(ward, "77"), chart(ward, "78")) == ({"wrong": sent}, {"wrong": sent})


def test_what_reading_back_found_with_somebody_else_is_marked_there_and_told_anew(
    tmp_path: Path, where: Path | str
) -> None:
    with opened(tmp_path, where, LISTED) as ward:
        ward.ingest(p1={**project.mood("1", "2", "0"), "ihi": IHI})
        ward.crosswalk.link(ward.profile.id, "1", "77", "now")
        rounds(ward, 1)
        sent = chart(ward, "77")["stands"]
        for name, number in (("77", OTHER_IHI), ("78", IHI)):
            ward.far.put(patient(name, number))
        report = ward.verify()

        ward.crosswalk.link(ward.profile.id, "1", "78", "later")
        rounds(ward)

        assert (report.astray, report.confirmed["Observation"]) == ({"patient-differs": 1}, 0)
        assert (chart(ward, "77"), chart(ward, "78")) == ({"wrong": sent}, {"stands": sent})


def test_a_link_that_is_put_right_again_moves_nothing(tmp_path: Path, where: Path | str) -> None:
    with opened(tmp_path, where, LISTED) as ward:
        ward.ingest(p1=project.mood("1", "2", "0"))
        ward.push()
        sent = chart(ward, "77")
        for patient in ("78", "77"):
            ward.crosswalk.link(ward.profile.id, "1", patient, "later")

        rounds(ward)

        assert (chart(ward, "77"), chart(ward, "78")) == (sent, {})


@pytest.mark.parametrize("dies", ["before", "after"])
def test_who_is_killed_at_any_request_leaves_each_once_and_nothing_in_the_wrong_record(
    tmp_path: Path, where: Path | str, dies: str
) -> None:
    with opened(tmp_path, where, LISTED) as ward:
        ward.ingest(p1=project.mood("1", "2", "0"))
        rounds(ward, 1)
        sent = chart(ward, "77")["stands"]
        patients = itertools.cycle(["78", "77"])
        died = True
        count = 0
        while died:
            right, wrong = next(patients), ""
            wrong = "77" if right == "78" else "78"
            ward.crosswalk.link(ward.profile.id, "1", right, "later")
            ward.far.rule = _killing(count, is_before=dies == "before")
            died, count = False, count + 1
            try:
                rounds(ward)
            except Died:
                died = True
            ward.far.rule = None
            rounds(ward)
            assert chart(ward, wrong)["stands"] == 0
            assert chart(ward, right)["stands"] == sent
        assert count > 4


def _killing(number: int, *, is_before: bool) -> Any:  # noqa: ANN401 - a rule
    left = itertools.count()

    def rule(request: httpx.Request, take: Any) -> httpx.Response:  # noqa: ANN401
        is_it = next(left) == number
        if is_it and is_before:
            raise Died
        answer: httpx.Response = take(request)
        if is_it:
            raise Died
        return answer

    return rule


@pytest.mark.parametrize("then", ["78", "79", "77"], ids=["the same", "another", "the first"])
def test_who_is_killed_between_the_two_files_is_owed_it_once_to_whom_they_are_by_then(
    tmp_path: Path, where: Path | str, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    with opened(tmp_path, where, LISTED) as ward:
        ward.ingest(p1=project.mood("1", "2", "0"))
        rounds(ward, 1)
        sent = chart(ward, "77")["stands"]
        ward.crosswalk.link(ward.profile.id, "1", "78", "later")
        rounds(ward, 1)
        keep = ward.crosswalk.told.keep

        def killed(*said: Any, is_left: bool = False) -> None:  # noqa: ANN401
            keep(*said, is_left=is_left)
            raise Died

        with monkeypatch.context() as patched:
            patched.setattr(ward.crosswalk.told, "keep", killed)
            with pytest.raises(Died):
                follow_links(ward.clinic, ward.trial)
        if then != "78":
            ward.crosswalk.link(ward.profile.id, "1", then, "later still")
        rounds(ward)

        expected = {"77": {"wrong": sent}, "78": {}, "79": {}}
        expected[then] = {**expected[then], "stands": sent}
        assert {who: chart(ward, who) for who in expected} == expected


def test_a_message_goes_back_under_the_number_that_it_came_under(
    tmp_path: Path, where: Path | str
) -> None:
    with opened(tmp_path, where, V2, NAMED) as ward:
        practice = Practice()
        ward.people["1"].update(full_name="Zed", dob="1970-01-01", ihi=IHI)

        def sent() -> list[tuple[str, str]]:
            clinic = replace(ward.clinic, post=practice)
            follow_links(clinic, ward.trial)
            push(clinic)
            verify(clinic)
            return practice.told()

        ward.ingest(p1=project.mood("1", "2", "0"))
        first = sent()
        ward.ingest(p1={"ihi": OTHER_IHI})
        taken_back, anew, again = sent(), sent(), sent()
        ward.ingest(p1={"ihi": "", "full_name": "", "dob": "", **WITHDRAWN})
        last = sent()

        assert first == [(IHI, "F")]
        assert [number for number, _ in taken_back] == [IHI]
        assert taken_back[0][1] != "F"
        assert anew == [(OTHER_IHI, "F")]
        assert again == []
        assert last == [(OTHER_IHI, taken_back[0][1])]


def test_who_comes_back_under_the_name_of_somebody_gone_is_linked_by_a_person(
    tmp_path: Path, where: Path | str
) -> None:
    with opened(tmp_path, where, LISTED) as ward:
        ward.ingest(p1=project.mood("1", "2", "0"))
        rounds(ward, 1)
        sent = chart(ward, "77")["stands"]
        del ward.people["1"]
        ward.people["2"] = project.person("2")
        ward.ingest()
        rounds(ward, 1)
        gone = chart(ward, "77")

        ward.people["1"] = {**project.person("1"), **project.mood("3", "3", "3")}
        ward.ingest()
        held = ward.push().held
        ward.crosswalk.link(ward.profile.id, "1", "79", "later")
        rounds(ward)

        assert gone == {"wrong": sent}
        assert {rule for _, rule in held} == {"patient-not-listed"}
        assert (chart(ward, "77"), chart(ward, "79")) == ({"wrong": sent}, {"stands": sent})
