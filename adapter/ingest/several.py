"""What several sources say of one person, put together.

A trial may ask for consent in one project and for the answers in another: each form with facts
stands in one of them. Where two hold rows of the same form, nobody knows which one is true, or
whether they are of the same person at all: what is new is held until one row is gone, no answer is
taken in, and of withdrawals each counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from adapter.ingest.work import Ingest
from adapter.instruments.participant import ConsentState, Participant, held_as_unreadable
from adapter.instruments.study import ConsentRule, Study
from adapter.store import instances
from adapter.store.said import Said, said_by
from adapter.store.transaction import Transaction


def put_together(
    said: Sequence[Said], before: Participant | None, study: Study, asked: Collection[str]
) -> Participant:
    """A person by the words of all sources, the one that is read now first, at least one.

    `asked` are the forms that it could hold a row of: what another source was asked for, which has
    not said anything since, is as `before`.
    """
    own = said[0].person
    consents = {rule.id: _consent(rule, said, before, asked) for rule in study.consents}
    form = study.participant.form
    unsaid = own if before is None or form in asked else before
    speaker = next((each.person for each in said if form in each.forms), unsaid)
    person = replace(own, enrolled=speaker.enrolled, ended=speaker.ended, consents=consents)
    is_doubtful = any(each.person.is_unreadable for each in said) or any(twice_said(said))
    return held_as_unreadable(person, before) if is_doubtful else person


def twice_said(said: Sequence[Said]) -> Iterator[tuple[str, str]]:
    """Each form that another source holds a row of as well as the first one, and which that is."""
    own, *others = said
    for other in others:
        for form in sorted(own.forms & other.forms):
            yield form, other.source


def is_of_two(tx: Transaction, work: Ingest, name: str) -> bool:
    """Whether rows of somebody may be of two people: two sources hold the same form of theirs.

    Of whom is held it may be so, too, as long as not all sources were read.
    """
    snapshot = work.snapshot
    if not snapshot.others:
        return False
    person = instances.participant(tx, name)
    if person is None or not person.is_unreadable:
        return False  # who is doubled is held, and few are
    if work.unheard:
        return True
    said = said_by(tx, name, {snapshot.key, *snapshot.others})
    forms = [form for each in said for form in each.forms]
    return len(set(forms)) < len(forms)


def held_on(work: Ingest, person: Participant, before: Participant | None) -> Participant:
    """Who was held is held until every source was read: it may be by what one of them said.

    What it said under another token's name, or another address, was forgotten.
    """
    if before is None or not before.is_unreadable or person.is_unreadable or not work.unheard:
        return person
    work.report.is_whole = False  # or a reading of what changed would not meet them again
    return held_as_unreadable(person, before)


def _consent(
    rule: ConsentRule, said: Sequence[Said], before: Participant | None, asked: Collection[str]
) -> ConsentState:
    told = [each.person.consents.get(rule.id) for each in said if rule.form in each.forms]
    known = [each for each in told if each is not None]
    if not known:
        earlier = None if before is None or rule.form in asked else before.consents.get(rule.id)
        return earlier or said[0].person.consents.get(rule.id, ConsentState("unknown"))
    return next((each for each in known if each.word == "withdrawn"), known[0])
