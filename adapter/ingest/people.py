"""Who takes part: read first, because nothing else may leave without it.

Whoever cannot be read whole is held by the release gate until they can, for a row that is lost may
say that they withdrew. What can be read of a withdrawal counts, whatever else is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from adapter.errors import Origin, Problem
from adapter.ingest import findings
from adapter.ingest.participation import accept_participant
from adapter.ingest.readable import Readable
from adapter.ingest.several import held_on, put_together, twice_said
from adapter.ingest.work import RECORDS_A_COMMIT, Ingest, Outcome, batches, reject
from adapter.instruments.facts import UNTIL_THEN, Choices, Facts, read_participant
from adapter.instruments.participant import Participant, held_as_unreadable, participant_forms
from adapter.instruments.response import Record
from adapter.store import instances
from adapter.store.cursors import forget_cursor
from adapter.store.database import Transaction
from adapter.store.said import Said, drop_said, keep_said, said_by, unmet

_FORM = "participant"


@dataclass(slots=True)
class _Rows:
    """What stands together of one person; `is_whole`: no row that may be theirs was lost."""

    name: str
    records: list[Record] = field(default_factory=list)
    is_whole: bool = True


@dataclass(slots=True)
class _Reading:
    """One reading of everybody, and what is known only at its end.

    `freed` are those who were held and can be read again, as far as they were met: more of their
    rows may follow. `is_lossy`: a row was lost of which nobody knows whose it was.
    """

    work: Ingest
    choices: Choices
    freed: set[str] = field(default_factory=set)
    is_lossy: bool = False


def take_people(work: Ingest, readable: Readable) -> None:
    """Takes in everybody who takes part, before any form: who they are, consent, participation."""
    if participant_forms(work.trial.study).isdisjoint(work.snapshot.source.shapes):
        return  # another source has them
    reading = _Reading(work, _choices(work))
    if readable.people:
        _take_each(reading, _take)
        if reading.freed:
            _take_each(reading, _free)
        if reading.is_lossy:
            _hold_each(work, is_everybody=False)
        elif work.snapshot.others:
            _forget_unmet(work)
        return
    work.report.are_people_read = False
    with work.database.write() as tx:  # or a reading of what changed would not meet them again
        forget_cursor(tx, work.snapshot.source.name)
    if readable.withdrawals:
        _take_each(reading, _take_withdrawals)
    _hold_each(work, is_everybody=True)


# Private functions


def _choices(work: Ingest) -> Choices:
    """The codes that the source lists for the fields with facts."""
    shapes, study = work.snapshot.source.shapes, work.trial.study
    forms = [shapes[name] for name in participant_forms(study) if name in shapes]
    return {
        name: tuple(field.choices)
        for shape in forms
        for name, field in shape.fields.items()
        if field.choices
    }


def _take_each(reading: _Reading, take: Callable[[Transaction, _Reading, _Rows], None]) -> None:
    def take_it(tx: Transaction, rows: _Rows) -> None:
        take(tx, reading, rows)

    for batch in batches(_rows(reading), RECORDS_A_COMMIT):
        reading.work.database.write_each(batch, take_it)


def _rows(reading: _Reading) -> Iterator[_Rows]:
    """What the source says of people, one after the other.

    A row that cannot be read is reported when the forms are read. Here it only takes belief away:
    from its own person; where nobody knows whose it is, from those before and behind it.
    """
    source, study = reading.work.snapshot.source, reading.work.trial.study
    rows = _Rows("")
    is_lost = False
    for found in source.records(participant_forms(study)):
        if isinstance(found, Record) and not found.values:
            continue  # a form that was marked as complete, and says nothing of anybody
        name = found.participant if isinstance(found, Record) else found.origin.record
        if not name or not name.isprintable():
            reading.is_lossy, rows.is_whole, is_lost = True, False, True
            continue
        if name != rows.name:
            if rows.name:
                yield rows
            rows = _Rows(name, is_whole=not is_lost)
        is_lost = False
        if isinstance(found, Record):
            rows.records.append(found)
        else:
            rows.is_whole = False
    if rows.name:
        yield rows


def _take(tx: Transaction, reading: _Reading, rows: _Rows) -> None:
    work, run = reading.work, reading.work.report.run
    met, before = instances.participant_run(tx, rows.name), instances.participant(tx, rows.name)
    if not rows.records:
        reading.freed.discard(rows.name)
        _hold(tx, work, rows.name, before)
        return
    facts = _facts(reading, rows, is_met=met == run)
    if facts.is_readable and rows.is_whole:
        if before is not None and before.is_unreadable:
            reading.freed.add(rows.name)
            instances.see_participant_again(tx, rows.name, run)
        else:
            _accept(tx, work, rows, facts, before)
        return
    reading.freed.discard(rows.name)
    if before is None and not facts.is_readable:
        work.report.kept_back.add(rows.name)
        _doubt(tx, work, rows.name)
        reject(tx, work, _FORM, facts.problems)
        return
    person = replace(facts.person, is_unreadable=True)
    _accept(tx, work, rows, replace(facts, person=person), before)


def _free(tx: Transaction, reading: _Reading, rows: _Rows) -> None:
    """Takes in who was held and can be read again, now that all their rows were met."""
    if rows.name in reading.freed:
        facts = _facts(reading, rows, is_met=False)
        _accept(tx, reading.work, rows, facts, instances.participant(tx, rows.name))


def _take_withdrawals(tx: Transaction, reading: _Reading, rows: _Rows) -> None:
    """Of a source in which not all can be read that decides: who withdrew, and nothing else."""
    before = instances.participant(tx, rows.name)
    if before is not None and rows.records:
        facts = _facts(reading, rows, is_met=False)
        _doubt(tx, reading.work, rows.name)
        _follow(tx, reading.work, held_as_unreadable(facts.person, before), before)


def _facts(reading: _Reading, rows: _Rows, *, is_met: bool) -> Facts:
    work = reading.work
    facts = read_participant(rows.records, work.trial.study, reading.choices, work.last_day)
    wrong = tuple(_wrong_rows(rows.records, is_met=is_met))
    return replace(
        facts,
        problems=(*wrong, *facts.problems),
        is_readable=facts.is_readable and not wrong,
    )


def _wrong_rows(records: list[Record], *, is_met: bool) -> Iterator[Problem]:
    """What shows that these rows are not all of a person, and each once."""
    places = Counter((record.form, record.event) for record in records)
    twice = [record for record in records if places[record.form, record.event] > 1]
    if twice:
        yield findings.duplicate(twice[-1], f"Remove one of the rows; {UNTIL_THEN}")
    if is_met:
        yield findings.apart(records[0])


def _accept(
    tx: Transaction, work: Ingest, rows: _Rows, facts: Facts, before: Participant | None
) -> None:
    """Keeps what is believed of a person, by this source and others, and every finding."""
    study, snapshot = work.trial.study, work.snapshot
    forms = frozenset(record.form for record in rows.records)
    own = Said(snapshot.key, forms, facts.person)
    said = [own, *said_by(tx, rows.name, snapshot.others)]
    keep_said(tx, own, work.report.run)
    twice = tuple(findings.twice_said(rows.records[0], *each) for each in twice_said(said))
    together = put_together(said, before, study, _asked(work))
    person = held_on(work, together, before)
    waits = () if person == together else (findings.not_all_read(rows.records[0]),)
    facts = replace(
        facts,
        person=person,
        problems=(*facts.problems, *twice, *waits),
        is_readable=facts.is_readable and not twice,
    )
    if before is None:
        work.report.newcomers.add(person.participant)
    if not person.is_unreadable and _says_who(work, said):
        work.crosswalk.keep(person)
    is_changed = accept_participant(tx, work.trial, person, work.report.run, work.now)
    reject(tx, work, _FORM, facts.problems, counts=not facts.is_readable)
    if facts.is_readable:
        outcome: Outcome = "changed" if is_changed else "unchanged"
        work.report.add(_FORM, "created" if before is None else outcome)


def _asked(work: Ingest) -> frozenset[str]:
    """The forms with facts that this source may hold; all of them where there is no other one."""
    forms, snapshot = participant_forms(work.trial.study), work.snapshot
    return forms & snapshot.source.shapes.keys() if snapshot.others else forms


def _says_who(work: Ingest, said: Sequence[Said]) -> bool:
    """Whether the identifiers are this source's to say."""
    form = work.trial.study.participant.form
    own, *others = said
    is_theirs = any(form in each.forms for each in others)
    return form in own.forms or (form in _asked(work) and not is_theirs)


def _doubt(tx: Transaction, work: Ingest, name: str) -> None:
    """Notes that what this source says of somebody cannot be read now, whatever others say."""
    key = work.snapshot.key
    known = next(iter(said_by(tx, name, (key,))), Said(key, frozenset(), Participant(name)))
    doubted = replace(known, person=replace(known.person, is_unreadable=True))
    keep_said(tx, doubted, work.report.run)


def _forget_unmet(work: Ingest) -> None:
    """What this source said of people of whom it says nothing any more; others go on speaking.

    What it could not read and nobody else says holds on: that it is gone does not tell what it was.
    """
    snapshot, study, run = work.snapshot, work.trial.study, work.report.run

    def forget(tx: Transaction, name: str) -> None:
        (own,) = said_by(tx, name, (snapshot.key,))
        said, before = said_by(tx, name, snapshot.others), instances.participant(tx, name)
        unsaid = own.forms.difference(*(each.forms for each in said))
        if own.person.is_unreadable and unsaid:
            origin = Origin(snapshot.source.name, record=name)
            found = (findings.gone_unread(origin, form) for form in sorted(unsaid))
            reject(tx, work, _FORM, found, counts=False)
            return
        drop_said(tx, name, snapshot.key)
        if said and before is not None:
            person = put_together(said, before, study, frozenset())
            _follow(tx, work, held_on(work, person, before), before)

    gone = unmet(work.database.read(), snapshot.key, run, snapshot.scope)
    for batch in batches(gone, RECORDS_A_COMMIT):
        work.database.write_each(batch, forget)


def _hold(tx: Transaction, work: Ingest, name: str, before: Participant | None) -> None:
    _doubt(tx, work, name)
    if before is None:
        work.report.kept_back.add(name)
    else:
        _follow(tx, work, replace(before, is_unreadable=True), before)


def _follow(tx: Transaction, work: Ingest, person: Participant, before: Participant) -> None:
    """Holds somebody of whom it is not said that this ingest met them."""
    if person != before:
        run = instances.participant_run(tx, person.participant)
        accept_participant(tx, work.trial, person, run or 0, work.now)


def _hold_each(work: Ingest, *, is_everybody: bool) -> None:
    """Holds those whom this ingest did not meet, or everybody: what is lost may be theirs."""
    run, scope, reading = work.report.run, work.snapshot.scope, work.database.read()

    def hold(tx: Transaction, name: str) -> None:
        if is_everybody or instances.participant_run(tx, name) != run:
            _hold(tx, work, name, instances.participant(tx, name))

    names = instances.names(reading)
    some = (name for name in names if is_everybody or scope is None or name in scope)
    for batch in batches(some, RECORDS_A_COMMIT):
        work.database.write_each(batch, hold)
