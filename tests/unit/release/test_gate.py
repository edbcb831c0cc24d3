"""The release gate as a table: who may know what, and by which rule not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.instruments.participant import ConsentState, ConsentWord, Participant
from adapter.instruments.study import Purpose, Study
from adapter.release import CARE, PARTICIPATION, THERAPY, Decision, Reader, Subject
from adapter.release import decide as decide_about
from tests.forms import STUDY_TEXT, study_of

FORMS = """
forms:
  - {form: phq-9, source_form: phq9, at: [week-0]}
  - {form: session-attendance, source_form: sessions, at: [week-0], reveals_allocation: true}
"""
CONSENT = (
    "  - {{id: {id}, purpose: {purpose}, form: consent, given: {{field: {id}, equals: '1'}},"
    " on_withdrawal: keep}}\n"
)


def study_with(**purposes: str) -> Study:
    rules = "".join(CONSENT.format(id=name, purpose=word) for name, word in purposes.items())
    consents = f"consents:\n{rules}" if rules else ""
    return study_of(f"{STUDY_TEXT}{consents}{FORMS}")


def telling(*purposes: str) -> Study:
    """A study whose safety signals may go to receivers of these purposes."""
    said = ", ".join(purposes)
    rules = f"safety: {{version: '1.0.0', source: made up, send_to: [{said}], signals: []}}\n"
    consents = "consents:\n" + CONSENT.format(id="share", purpose="care")
    return study_of(f"{STUDY_TEXT}{consents}{FORMS}{rules}")


def decide(
    subject: Subject,
    study: Study,
    purpose: Purpose,
    words: Mapping[str, ConsentWord],
    *,
    is_unblinded: bool = False,
) -> Decision:
    """What the gate says today, of somebody who gave these words."""
    person = Participant("1", consents={name: ConsentState(word) for name, word in words.items()})
    reader = Reader(purpose, "north", is_unblinded=is_unblinded)
    return decide_about(subject, study, reader, person, "2026-03-01")


STUDY = study_with(research="research", share="care", both="care")

SOMEBODYS = Subject("1", "phq-9")
NOTICE = Subject("1", PARTICIPATION, is_known_there=True)
NEWS = Subject("1", PARTICIPATION)
BLINDED = Subject("1", "session-attendance")
NOBODYS = Subject("", "phq-9")
TAKEN_OUT = Subject("1", "gad-7")
BLINDED_FORM = Subject("", "session-attendance")
THERAPY_OF_SOMEBODY = Subject("1", THERAPY)
RETRACTION = Subject("1", "phq-9", is_retraction=True)
BLINDED_RETRACTION = Subject("1", "session-attendance", is_retraction=True)


@pytest.mark.parametrize(
    ("subject", "purpose", "research", "share", "both", "rule"),
    [
        # What is from a form leaves when every consent of the purpose is given.
        (SOMEBODYS, "research", "given", "refused", "refused", "released"),
        (SOMEBODYS, "research", "refused", "given", "given", "consent-refused"),
        (SOMEBODYS, "research", "withdrawn", "given", "given", "consent-withdrawn"),
        (SOMEBODYS, "research", "unknown", "given", "given", "consent-unknown"),
        (SOMEBODYS, "care", "refused", "given", "given", "released"),
        (SOMEBODYS, "care", "given", "given", "refused", "consent-refused"),
        (SOMEBODYS, "care", "given", "withdrawn", "given", "consent-withdrawn"),
        (SOMEBODYS, "care", "given", "given", "unknown", "consent-unknown"),
        # Of two that are not given, the one that tells most is named.
        (SOMEBODYS, "care", "given", "refused", "withdrawn", "consent-withdrawn"),
        (SOMEBODYS, "care", "given", "unknown", "withdrawn", "consent-withdrawn"),
        (SOMEBODYS, "care", "given", "unknown", "refused", "consent-refused"),
        # A receiver that knows somebody is told that they withdrew, and nothing else.
        (NOTICE, "research", "given", "given", "given", "released"),
        (NOTICE, "research", "withdrawn", "given", "given", "withdrawal-notice"),
        (NOTICE, "research", "refused", "given", "given", "consent-refused"),
        (NOTICE, "research", "unknown", "given", "given", "consent-unknown"),
        (NOTICE, "care", "given", "withdrawn", "refused", "withdrawal-notice"),
        (NEWS, "research", "withdrawn", "given", "given", "consent-withdrawn"),
        (NEWS, "research", "given", "given", "given", "released"),
        # What tells the arm leaves for nobody, whatever was agreed to.
        (BLINDED, "research", "given", "given", "given", "blinding"),
        (BLINDED, "care", "given", "given", "given", "blinding"),
        # What it says nothing of any more may have been such a form.
        (TAKEN_OUT, "care", "given", "given", "given", "blinding"),
        (Subject("1", "safety/gad-7"), "care", "given", "given", "given", "blinding"),
        (BLINDED, "care", "given", "withdrawn", "given", "blinding"),
        (BLINDED_FORM, "research", "given", "given", "given", "blinding"),
        # What belongs to nobody needs nobody's consent.
        (NOBODYS, "research", "unknown", "unknown", "unknown", "released"),
        (NOBODYS, "care", "refused", "refused", "refused", "released"),
        # A retraction always leaves.
        (RETRACTION, "research", "withdrawn", "withdrawn", "withdrawn", "retraction"),
        (RETRACTION, "care", "refused", "refused", "refused", "retraction"),
        (RETRACTION, "care", "unknown", "unknown", "unknown", "retraction"),
        (RETRACTION, "care", "given", "given", "given", "retraction"),
        (BLINDED_RETRACTION, "research", "given", "given", "given", "retraction"),
        # What nobody foresaw is not permitted.
        (SOMEBODYS, "marketing", "given", "given", "given", "consent-unknown"),
        (NOTICE, "marketing", "withdrawn", "withdrawn", "withdrawn", "consent-unknown"),
    ],
)
def test_the_gate_decides_by_this_table(  # noqa: PLR0913, PLR0917 - the columns of the table
    subject: Subject,
    purpose: Purpose,
    research: ConsentWord,
    share: ConsentWord,
    both: ConsentWord,
    rule: str,
) -> None:
    consents = {"research": research, "share": share, "both": both}

    decision = decide(subject, STUDY, purpose, consents)

    is_released = rule in {"released", "withdrawal-notice", "retraction"}
    assert decision == Decision(is_released=is_released, rule=rule)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("subject", "research", "rule"),
    [
        (BLINDED, "given", "released"),
        (BLINDED_FORM, "given", "released"),
        (THERAPY_OF_SOMEBODY, "given", "released"),
        (BLINDED, "withdrawn", "consent-withdrawn"),
        (THERAPY_OF_SOMEBODY, "refused", "consent-refused"),
    ],
)
def test_who_may_know_the_arm_gets_what_tells_it_if_the_consents_allow(
    subject: Subject, research: ConsentWord, rule: str
) -> None:
    consents: dict[str, ConsentWord] = {"research": research}

    decision = decide(subject, STUDY, "research", consents, is_unblinded=True)

    assert decision.rule == rule
    assert decide(subject, STUDY, "research", {"research": "given"}).rule == "blinding"


@pytest.mark.parametrize(
    ("form", "send_to", "word", "rule"),
    [
        ("safety/phq-9", (), "given", "safety-signal"),
        ("safety/phq-9", ("research",), "given", "safety-signal"),
        ("safety/phq-9", ("care",), "given", "released"),
        ("safety/phq-9", ("care",), "refused", "consent-refused"),
        ("safety/session-attendance", ("care",), "given", "blinding"),
    ],
)
def test_a_safety_signal_leaves_only_for_whom_the_study_names(
    form: str, send_to: tuple[str, ...], word: ConsentWord, rule: str
) -> None:
    decision = decide(Subject("1", form), telling(*send_to), "care", {"share": word})

    assert decision == Decision(is_released=rule == "released", rule=rule)  # type: ignore[arg-type]


def test_a_study_without_safety_rules_tells_no_signal() -> None:
    words: dict[str, ConsentWord] = {"share": "given", "both": "given"}

    assert decide(Subject("1", "safety/phq-9"), STUDY, "care", words).rule == "safety-signal"


@pytest.mark.parametrize(
    ("fetched", "purpose", "research", "records", "rule"),
    [
        ("Condition", "research", "given", "given", "released"),
        ("Condition", "research", "given", "withdrawn", "consent-withdrawn"),
        ("Condition", "research", "given", "unknown", "consent-unknown"),
        ("Condition", "research", "withdrawn", "given", "consent-withdrawn"),
        ("Condition", "research", "refused", "withdrawn", "consent-refused"),
        ("Encounter", "research", "given", "given", "standard-care"),
        ("Condition", "care", "given", "given", "standard-care"),
    ],
)
def test_what_was_fetched_from_standard_care_needs_both_consents_and_is_for_research(
    fetched: str, purpose: Purpose, research: ConsentWord, records: ConsentWord, rule: str
) -> None:
    consents = "".join(
        CONSENT.format(id=name, purpose=said)
        for name, said in (("research", "research"), ("share", "care"), ("records", "from-care"))
    )
    asked = "from_care: [{type: Condition, consent: records}]\n"
    study = study_of(f"{STUDY_TEXT}consents:\n{consents}{FORMS}{asked}")
    words: dict[str, ConsentWord] = {"research": research, "share": "given", "records": records}

    decision = decide(Subject("1", f"{CARE}{fetched}"), study, purpose, words)

    assert decision == Decision(is_released=rule == "released", rule=rule)  # type: ignore[arg-type]


def test_a_study_that_asked_for_no_consent_releases_nothing_of_anybody() -> None:
    study = study_with()

    assert decide(SOMEBODYS, study, "research", {}).rule == "consent-unknown"
    assert decide(NOBODYS, study, "research", {}).rule == "released"


WORDS = st.sampled_from(get_args(ConsentWord))
PURPOSES = st.sampled_from(("research", "care"))
SUBJECTS = st.builds(
    Subject,
    st.sampled_from(["1", "2"]),
    st.sampled_from(["phq-9", "session-attendance", PARTICIPATION, "another"]),
    is_retraction=st.booleans(),
    is_known_there=st.booleans(),
)


@given(
    subject=SUBJECTS,
    rules=st.dictionaries(st.sampled_from("abcd"), PURPOSES, max_size=4),
    purpose=PURPOSES,
    words=st.dictionaries(st.sampled_from("abcdx"), WORDS),
)
def test_nothing_of_anybody_leaves_without_every_consent_of_its_purpose(
    subject: Subject,
    rules: dict[str, str],
    purpose: Purpose,
    words: dict[str, ConsentWord],
) -> None:
    decision = decide(subject, study_with(**rules), purpose, words)

    needed = [words.get(name) for name, word in rules.items() if word == purpose]
    is_agreed = bool(needed) and set(needed) == {"given"}
    is_notice = subject.form == PARTICIPATION and subject.is_known_there and "withdrawn" in needed
    if subject.is_retraction:
        assert decision.is_released
    elif subject.form in {"session-attendance", "another"}:  # which nobody says anything of
        assert not decision.is_released
    else:
        assert decision.is_released is (is_agreed or is_notice)


def test_a_consent_that_names_clinics_is_about_those_alone() -> None:
    rule = CONSENT.format(id="north-only", purpose="care").replace(
        "purpose: care", "purpose: care, clinics: [north]"
    )
    study = study_of(f"{STUDY_TEXT}consents:\n{rule}{FORMS}")
    person = Participant("1", consents={"north-only": ConsentState("given")})

    def rule_for(clinic: str) -> str:
        return decide_about(SOMEBODYS, study, Reader("care", clinic), person, "2026-03-01").rule

    assert [rule_for(name) for name in ("north", "south", "")] == [
        "released",
        "consent-unknown",
        "consent-unknown",
    ]


def test_every_consent_about_a_clinic_must_be_given() -> None:
    all_ = CONSENT.format(id="share", purpose="care")
    south = CONSENT.format(id="south", purpose="care").replace(
        "purpose: care", "purpose: care, clinics: [south]"
    )
    study = study_of(f"{STUDY_TEXT}consents:\n{all_}{south}{FORMS}")
    words = {"share": ConsentState("given"), "south": ConsentState("withdrawn")}
    person = Participant("1", consents=words)

    def rule_for(clinic: str) -> str:
        return decide_about(SOMEBODYS, study, Reader("care", clinic), person, "2026-03-01").rule

    assert [rule_for("north"), rule_for("south")] == ["released", "consent-withdrawn"]


@pytest.mark.parametrize(
    ("subject", "words", "rule"),
    [
        pytest.param(SOMEBODYS, "given", "consent-unreadable", id="given before"),
        pytest.param(SOMEBODYS, "refused", "consent-unreadable", id="refused before"),
        pytest.param(NOTICE, "given", "consent-unreadable", id="what says that they take part"),
        pytest.param(RETRACTION, "given", "retraction", id="a retraction"),
        pytest.param(SOMEBODYS, "withdrawn", "consent-withdrawn", id="withdrawn"),
        pytest.param(NOTICE, "withdrawn", "withdrawal-notice", id="the notice of a withdrawal"),
    ],
)
def test_of_somebody_whose_consents_cannot_be_read_nothing_new_leaves(
    subject: Subject, words: ConsentWord, rule: str
) -> None:
    consents = {each.id: ConsentState(words) for each in STUDY.consents}
    person = Participant("1", consents=consents, is_unreadable=True)

    decided = decide_about(subject, STUDY, Reader("care", "north"), person, "2026-03-01")

    assert decided.rule == rule
