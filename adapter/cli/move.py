"""`adapter move`: what a clinic was never able to get by one rung goes by another."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from adapter.cli import show
from adapter.cli.opening import clinic_of, opened
from adapter.errors import ForbiddenError, NotFoundError
from adapter.ingest.move import Moving, Order, move
from adapter.instruments.form import Form
from adapter.service import Service
from adapter.store.audit import Act
from adapter.sync.clinic import Clinic
from adapter.sync.ladder import why_not
from adapter.sync.profile import RUNGS


def run_move(said: argparse.Namespace) -> int:
    """Moves outcomes to another rung; the next push sends them."""
    with opened(said) as service:
        clinic = clinic_of(service, said.clinic)
        order = Order(said.to, _forms(service, clinic, said.to, said.form), said.replace)
        (receiver,) = (each for each in service.trial.receivers if each.name == clinic.name)
        with service.database.write() as tx:
            # The line is on the disk before its act takes effect.
            service.audit.add([_act(service, clinic, order, said.form)])
            told = move(Moving(tx, service.trial, receiver, service.now()), order)
        show.done({"clinic": clinic.name, "to": said.to, **asdict(told)}, as_json=said.json)
    return 0


def _act(service: Service, clinic: Clinic, order: Order, form: str) -> Act:
    rule = f"replace-by-{order.rung}" if order.replaces else order.rung
    return Act(service.now(), "move", clinic.name, what=form, rule=rule)


def _forms(service: Service, clinic: Clinic, to: str, form: str) -> tuple[str, ...]:
    """The forms that can go by a rung of a clinic.

    Raises:
        NotFoundError: the study has no such form.
        ForbiddenError: the clinic does not take it, or none, by this rung.
    """
    if clinic.profile.also:
        raise ForbiddenError(
            f"Expected a clinic that gets each outcome one way; found `also` in the profile of "
            f"{clinic.name}. Change the profile, then run `adapter ingest`."
        )
    placed = dict.fromkeys(each.form for each in service.trial.study.forms)
    forms: dict[str, Form] = {name: service.trial.forms[name] for name in placed}
    if form and form not in forms:
        raise NotFoundError("Expected the id of a form of the study; found another word.")
    asked = [form] if form else list(forms)
    rung = RUNGS[to]
    obstacles = {
        name: why_not(rung, clinic.profile, clinic.capability, forms[name]) for name in asked
    }
    possible = tuple(name for name, why in obstacles.items() if why is None)
    if not possible:
        (why, *_) = obstacles.values()
        raise ForbiddenError(f"Expected a rung that {clinic.name} takes; found `{to}`: {why}.")
    return possible
