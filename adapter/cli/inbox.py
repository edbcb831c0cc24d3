"""`adapter inbox`: what came from clinics; lists it, shows both sides, and takes a person's word.

No answer is printed, but by `show`, which is asked for on purpose.
"""

from __future__ import annotations

import argparse
from itertools import islice
from typing import Any

from adapter.cli import show
from adapter.cli.opening import opened
from adapter.cli.terminal import document, table
from adapter.errors import NotFoundError
from adapter.ingest.both_sides import Side, both_sides
from adapter.service import Service
from adapter.service.deciding import leave_written, take_written
from adapter.store import inbox
from adapter.store.inbox import Listed, Received

LISTED = 200
"""So many stand on a terminal, of each clinic those first that wait for a person."""


def run_inbox(said: argparse.Namespace) -> int:
    """Lists what came, or shows, takes or leaves one of it."""
    with opened(said) as service:
        if said.what == "list":
            _list(service, as_json=said.json)
            return 0
        number = said.number or 0
        if said.what == "show":
            _show(service, number, as_json=said.json)
            return 0
        if said.what == "take":
            became: str = take_written(service, number, said.at)
        else:
            leave_written(service, number)
            became = "left"
        show.done({"number": number, "became": became}, as_json=said.json)
    return 0


def _list(service: Service, *, as_json: bool) -> None:
    tx = service.database.read()
    names = [*(each.name for each in service.clinics), *inbox.clients(tx)]
    if as_json:
        document({"inbox": (_told(row) for name in names for row in inbox.of_clinic(tx, name))})
        return
    came = (row for name in names for row in inbox.of_clinic(tx, name, waiting_first=True))
    rows = [_told(row) for row in islice(came, LISTED)]
    header = ("number", "clinic", "record", "form", "timepoint", "state", "why", "received")
    table("what came from clinics", header, [tuple(row.values()) for row in rows])
    if not rows:
        print("nothing came from a clinic")
    if left := sum(1 for _ in came):
        print(f"... and {left} more; `adapter inbox --json` lists all")


def _told(row: Received | Listed) -> dict[str, Any]:
    return {
        "number": row.number,
        "clinic": row.clinic,
        "record": row.participant,
        "form": row.form,
        "timepoint": row.timepoint,
        "state": row.state,
        "why": row.why,
        "received": row.received,
    }


def _show(service: Service, number: int, *, as_json: bool) -> None:
    tx = service.database.read()
    found = inbox.numbered(tx, number)
    if found is None:
        raise NotFoundError("Expected the number of something that came; found another.")
    sides = both_sides(tx, service.trial, found)
    if as_json:
        document({**_told(found), "items": [_side(each) for each in sides]})
        return
    rows = [(each.link_id, each.ours, each.theirs, "" if each.is_same else "*") for each in sides]
    table(f"{found.form}: both sides", ("item", "the trial", found.clinic, "differs"), rows)


def _side(side: Side) -> dict[str, Any]:
    return {"item": side.link_id, "trial": side.ours, "clinic": side.theirs, "same": side.is_same}
