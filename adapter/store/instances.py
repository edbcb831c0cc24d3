"""What the sources held when read last: people, and form instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import orjson

from adapter.instruments.participant import ConsentState, Participant
from adapter.store.paging import AT_ONCE, paged
from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Instance:
    """One form instance as ingested last; `place` is its record, event, form and repeat.

    `mapping` names how it was read, which stays the same where a later version of its form did not
    read it anew.
    """

    unit: str
    participant: str
    form: str
    source_hash: str
    mapping: str
    status: str
    place: str
    run: int

    def is_of(self, source_hash: str, status: str) -> bool:
        """Whether it was made of these cells, in this state; by which mapping, it says itself."""
        return (self.source_hash, self.status) == (source_hash, status)


def instance(tx: Transaction, unit: str) -> Instance | None:
    """The form instance of a unit as ingested last, None for a new one."""
    row = tx.execute("SELECT * FROM instance WHERE unit = ?", (unit,)).fetchone()
    return None if row is None else Instance(**dict(row))


def keep_instance(tx: Transaction, seen: Instance) -> None:
    """Notes a form instance as it stands now."""
    tx.execute(
        "INSERT INTO instance (unit, participant, form, source_hash, mapping, status, place, run)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (unit) DO UPDATE SET"
        " participant = excluded.participant, form = excluded.form,"
        " source_hash = excluded.source_hash, mapping = excluded.mapping,"
        " status = excluded.status, place = excluded.place, run = excluded.run",
        (
            seen.unit,
            seen.participant,
            seen.form,
            seen.source_hash,
            seen.mapping,
            seen.status,
            seen.place,
            seen.run,
        ),
    )


def see_again(tx: Transaction, unit: str, run: int) -> None:
    """Notes that this ingest met the instance, and nothing else about it changed."""
    tx.execute("UPDATE instance SET run = ? WHERE unit = ?", (run, unit))


OF_SOURCE = (
    "status <> 'entered-in-error' AND NOT EXISTS"
    " (SELECT 1 FROM inbox WHERE inbox.unit = instance.unit AND inbox.stands = 'held')"
)
"""Which instances are the source's: what stands because a clinic wrote it is no matter of it."""


def of_participant(tx: Transaction, name: str) -> list[Instance]:
    """A person's form instances, without retracted ones and those that a clinic wrote."""
    rows = tx.execute(
        f"SELECT * FROM instance WHERE participant = ? AND {OF_SOURCE} ORDER BY unit", (name,)
    )
    return [Instance(**dict(row)) for row in rows]


def units_of(tx: Transaction, form: str) -> Iterator[str]:
    """The units of a form's instances, retracted ones left out, in their order.

    Some hundred are read at a time: whoever goes through them may write.
    """
    return paged(lambda unit: _units_behind(tx, form, unit))


def _units_behind(tx: Transaction, form: str, unit: str) -> list[str]:
    rows = tx.execute(
        "SELECT unit FROM instance WHERE form = ? AND unit > ? AND status <> 'entered-in-error'"
        " ORDER BY unit LIMIT ?",
        (form, unit, AT_ONCE),
    )
    return [row["unit"] for row in rows]


def facts_of(person: Participant) -> str:
    """What the ledger keeps of a person, in words: everything but their identifiers."""
    told = {
        "enrolled": person.enrolled,
        "ended": person.ended,
        "consents": {name: asdict(state) for name, state in person.consents.items()},
        **({"unreadable": True} if person.is_unreadable else {}),
    }
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode()


def keep_participant(tx: Transaction, person: Participant, run: int) -> bool:
    """Keeps a person's facts without their identifiers; gives whether they changed."""
    facts = facts_of(person)
    known = tx.execute(
        "SELECT facts, is_missing FROM participant WHERE participant = ?", (person.participant,)
    ).fetchone()
    tx.execute(
        "INSERT INTO participant (participant, facts, run, is_missing) VALUES (?, ?, ?, 0)"
        " ON CONFLICT (participant) DO UPDATE SET facts = excluded.facts, run = excluded.run,"
        " is_missing = 0",
        (person.participant, facts, run),
    )
    return known is None or known["facts"] != facts or known["is_missing"] == 1


def participant(tx: Transaction, name: str) -> Participant | None:
    """A person's facts as read last, without identifiers; None for somebody unknown or gone."""
    row = tx.execute(
        "SELECT facts FROM participant WHERE participant = ? AND is_missing = 0", (name,)
    ).fetchone()
    return None if row is None else read_facts(name, row["facts"])


@lru_cache(maxsize=4096)
def read_facts(name: str, text: str) -> Participant:
    """A person's facts out of the text that the ledger keeps of them; the same for the same."""
    facts = orjson.loads(text)
    return Participant(
        participant=name,
        enrolled=facts["enrolled"],
        ended=facts["ended"],
        consents={key: ConsentState(**state) for key, state in facts["consents"].items()},
        is_unreadable=facts.get("unreadable", False),
    )


def withdraw(tx: Transaction, name: str, consent: str, since: str) -> None:
    """Records that a person withdrew a consent on a local day, whatever the source says."""
    tx.execute(
        "INSERT INTO withdrawal (participant, consent, since) VALUES (?, ?, ?)"
        " ON CONFLICT (participant, consent) DO UPDATE SET since = excluded.since",
        (name, consent, since),
    )


def withdrawn_consents(tx: Transaction) -> list[str]:
    """The ids of the consents of which a withdrawal was recorded here, of whomever."""
    rows = tx.execute("SELECT DISTINCT consent FROM withdrawal ORDER BY consent")
    return [row["consent"] for row in rows]


def withdrawn_since(tx: Transaction, name: str, consent: str) -> str:
    """The day from which a withdrawal is recorded here, '' where none is."""
    row = tx.execute(
        "SELECT since FROM withdrawal WHERE participant = ? AND consent = ?", (name, consent)
    ).fetchone()
    return "" if row is None else str(row["since"])


def with_withdrawals(tx: Transaction, person: Participant) -> Participant:
    """The person, with the withdrawals recorded here on top of what the source says.

    A consent that the source dates after the withdrawal was given again, and stands.
    """
    rows = tx.execute(
        "SELECT consent, since FROM withdrawal WHERE participant = ?", (person.participant,)
    ).fetchall()
    consents = dict(person.consents)
    for row in rows:
        known = consents.get(row["consent"])
        if known is None or known.word != "given":
            continue
        if known.since is None or known.since <= row["since"]:
            consents[row["consent"]] = ConsentState("withdrawn", known.since, row["since"])
    return replace(person, consents=consents)


def participant_run(tx: Transaction, name: str) -> int | None:
    """The ingest that met a person last, None for somebody unknown or gone."""
    row = tx.execute(
        "SELECT run FROM participant WHERE participant = ? AND is_missing = 0", (name,)
    ).fetchone()
    return None if row is None else int(row["run"])


def see_participant_again(tx: Transaction, name: str, run: int) -> None:
    """Notes that this ingest met the person, and could read nothing new about them."""
    tx.execute(
        "UPDATE participant SET run = ? WHERE participant = ? AND is_missing = 0", (run, name)
    )


def miss_participant(tx: Transaction, name: str) -> None:
    """Notes that a person is no longer in the source."""
    tx.execute("UPDATE participant SET is_missing = 1 WHERE participant = ?", (name,))


def names(tx: Transaction) -> Iterator[str]:
    """Everybody whom the source holds, in the order of their study numbers.

    Some hundred are read at a time, and between them nothing stays open: whoever goes through
    them may write.
    """
    return paged(lambda name: _names_behind(tx, name))


def _names_behind(tx: Transaction, name: str) -> list[str]:
    rows = tx.execute(
        "SELECT participant FROM participant WHERE participant > ? AND is_missing = 0"
        " ORDER BY participant LIMIT ?",
        (name, AT_ONCE),
    )
    return [row["participant"] for row in rows]
