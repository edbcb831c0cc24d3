"""What a push would do, told before it is done: the same gate, and no request.

What only the clinic knows is told as it was when it was last asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from adapter.store import encounters, moves, standing
from adapter.store.deliveries import Action
from adapter.store.encounters import FiledIn
from adapter.sync.clinic import Clinic
from adapter.sync.gate import OF_VISITS, held_by
from adapter.sync.ladder import Choice
from adapter.sync.whose import Foreseen


@dataclass(slots=True)
class Plan:
    """For one clinic, by type: what would be created, updated, retracted, held by which rule.

    `routes` counts what would be sent by each rung, and `choices` says why, by form.
    `unchanged_by_type` is what the clinic holds and nothing is owed for. `withheld` names the forms
    (and the therapy) that never go there, because they tell the arm: by what the study declares,
    not by what there is, for to count it would tell. `filed` says in which Encounter the results of
    each form instance are filed, as far as that was chosen. `moving` counts the outcomes that go to
    another rung as soon as they are seen to be taken back by their old one.
    """

    clinic: str
    routes: Counter[str] = field(default_factory=Counter)
    create: Counter[str] = field(default_factory=Counter)
    update: Counter[str] = field(default_factory=Counter)
    retract: Counter[str] = field(default_factory=Counter)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    unchanged_by_type: Counter[str] = field(default_factory=Counter)
    choices: Mapping[str, Choice] = field(default_factory=dict, compare=False)
    withheld: tuple[str, ...] = field(default=(), compare=False)
    filed: tuple[FiledIn, ...] = field(default=(), compare=False)
    moving: Counter[str] = field(default_factory=Counter)

    @property
    def unchanged(self) -> int:
        """How many resources the clinic holds and nothing is owed for."""
        return self.unchanged_by_type.total()


def plan(clinic: Clinic, forms: Collection[str] | None = None) -> Plan:
    """Asks the gate about everything owed, as a push would, and sends nothing.

    With `forms`, what would be sent and held is told of those alone.
    """
    tx = clinic.database.read()
    asked = {placed.form for placed in clinic.study.forms}
    choices = {form: said for form, said in clinic.choices.items() if form in asked}
    told = Plan(
        clinic.name,
        Counter(dict.fromkeys(clinic.profile.ladder, 0)),
        choices=choices,
        withheld=_withheld(clinic),
        filed=tuple(encounters.every(tx, clinic.name)),
        moving=Counter(each.rung for each in moves.under_way(tx, clinic.name)),
    )
    people = Foreseen(clinic, tx)
    for group in standing.pending(tx, clinic.name):
        if forms is not None and group.form not in forms:
            continue
        rule = held_by(clinic, tx, group.participant, group.form, group.action)
        rule = rule or people.rule_of(group.participant, group.action)
        if not rule and group.rule in OF_VISITS:  # a push would ask the clinic again
            rule = group.rule
        if rule:
            told.held[group.type, rule] += group.count
            continue
        if group.action == "retract" and group.there is None:
            continue
        told.routes[group.moved or clinic.rung_for(group.type, group.form)] += group.count
        if group.action == "put":
            is_there = _is_there(clinic, group.type, group.there)
            counts = told.update if is_there else told.create
            counts[group.type] += group.count
        else:
            told.retract[group.type] += group.count
    for (name, there), count in standing.settled(tx, clinic.name).items():
        if _is_there(clinic, name, there):
            told.unchanged_by_type[name] += count
    return told


def _withheld(clinic: Clinic) -> tuple[str, ...]:
    """What tells the arm, where the clinic must not know it."""
    if clinic.profile.unblinded:
        return ()
    forms = (placed.form for placed in clinic.study.forms if placed.reveals_allocation)
    return (*dict.fromkeys(forms), *(("therapy",) if clinic.study.therapy else ()))


def _is_there(clinic: Clinic, resource_type: str, there: Action | None) -> bool:
    """Whether the clinic holds such a resource: what was retracted is, unless it was deleted."""
    return there == "put" or (there == "retract" and clinic.keeps_retracted(resource_type))
