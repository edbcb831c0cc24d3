"""The states of a delivery, and every transition there is.

The drawing in the README says the same, and a test compares; the database refuses any other.
"""

from __future__ import annotations

from typing import Literal, get_args

State = Literal[
    "queued",
    "claimed",
    "uncertain",
    "accepted",
    "awaiting",
    "confirmed",
    "held",
    "refused",
    "quarantined",
    "superseded",
]
STATES: tuple[State, ...] = get_args(State)

TRANSITIONS: frozenset[tuple[State, State]] = frozenset(
    {
        # a push claims, and the clinic answers, or nobody knows
        ("queued", "claimed"),
        ("claimed", "accepted"),
        ("claimed", "awaiting"),
        ("claimed", "refused"),
        ("claimed", "quarantined"),
        ("claimed", "held"),
        ("claimed", "queued"),
        ("claimed", "uncertain"),
        ("claimed", "superseded"),
        # what is in doubt is looked up
        ("uncertain", "accepted"),
        ("uncertain", "awaiting"),
        ("uncertain", "queued"),
        ("uncertain", "superseded"),
        # a verify reads back: there, signed, gone, changed by a person
        ("accepted", "confirmed"),
        ("accepted", "awaiting"),
        ("accepted", "queued"),
        ("accepted", "refused"),
        ("accepted", "superseded"),
        ("awaiting", "confirmed"),
        ("awaiting", "queued"),
        ("awaiting", "refused"),
        ("awaiting", "superseded"),
        ("confirmed", "awaiting"),
        ("confirmed", "queued"),
        ("confirmed", "refused"),
        ("confirmed", "superseded"),
        # the gate is asked again, a person says to retry, a newer version takes the place
        ("held", "queued"),
        ("held", "superseded"),
        ("refused", "queued"),
        ("refused", "superseded"),
        ("quarantined", "queued"),
        ("quarantined", "superseded"),
        ("queued", "superseded"),
    }
)
