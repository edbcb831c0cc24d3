"""Whether anything is held of what a study file may no longer know."""

from __future__ import annotations

from collections.abc import Collection

import orjson

from adapter.store.instances import read_facts
from adapter.store.transaction import Transaction


def holds_of_events(tx: Transaction, events: Collection[str]) -> bool:
    """Whether any instance of one of these events stands; it looks at all of them."""
    for event in events:
        told = orjson.dumps(event).decode()
        for sign in "!%_":  # what LIKE takes for something else
            told = told.replace(sign, f"!{sign}")
        row = tx.execute(
            "SELECT 1 FROM instance WHERE status <> 'entered-in-error'"
            " AND place LIKE ? ESCAPE '!' LIMIT 1",
            (f'["%",{told},"%',),
        ).fetchone()
        if row is not None:
            return True
    return False


def knows_consent(tx: Transaction, consent: str) -> bool:
    """Whether anybody said anything to a consent; it looks at everybody."""
    rows = tx.stream("SELECT participant, facts FROM participant WHERE is_missing = 0", ())
    people = (read_facts(row["participant"], row["facts"]) for row in rows)
    said = (person.consents.get(consent) for person in people)
    return any(each is not None and each.word != "unknown" for each in said)
