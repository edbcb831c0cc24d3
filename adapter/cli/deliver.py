"""`adapter plan`, `push` and `verify`: what a clinic would get, gets, and has."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from adapter.cli import rounds
from adapter.cli.opening import each_clinic, opened
from adapter.ingest.move import Moving, arrive
from adapter.ingest.participation import check_withdrawals
from adapter.service import Service
from adapter.service.noting import noted
from adapter.store import moves
from adapter.store.states import State
from adapter.sync.clinic import Clinic
from adapter.sync.plan import plan
from adapter.sync.push import push
from adapter.sync.relinked import follow_links
from adapter.sync.run import PushReport
from adapter.sync.verify import VerifyReport, verify


def run_plan(said: argparse.Namespace) -> int:
    """What a push would do."""
    with opened(said) as service:
        plans = [plan(clinic) for clinic in service.clinics]
        rounds.planned(plans, explains=said.explain, as_json=said.json)
    return 0


def run_push(said: argparse.Namespace) -> int:
    """Delivers; what is refused is listed by `status`."""
    with opened(said, asks=True) as service:
        rounds.pushed(push_all(service), as_json=said.json)
    return 0


def run_verify(said: argparse.Namespace) -> int:
    """Reads everything back."""
    with opened(said) as service:
        rounds.verified(verify_all(service, everything=True), as_json=said.json)
    return 0


def push_all(service: Service) -> list[tuple[str, PushReport]]:
    """Every clinic, in order.

    Raises:
        DeclarationError: a withdrawal was recorded of a consent that the study has no more.
    """
    check_withdrawals(service.database.read(), service.trial.study)
    receivers = {each.name: each for each in service.trial.receivers}

    def deliver(clinic: Clinic, step: Callable[[int], None]) -> PushReport:
        if moves.under_way(service.database.read(), clinic.name):
            with service.database.write() as tx:
                arrive(Moving(tx, service.trial, receivers[clinic.name], service.now()))
        follow_links(clinic, service.trial)
        return push(clinic, step)

    states: tuple[State, ...] = ("queued", "held", "claimed", "uncertain")
    return each_clinic(service, "delivering to", states, noted("push", deliver))


def verify_all(service: Service, *, everything: bool) -> list[tuple[str, VerifyReport]]:
    """Every clinic, in order."""

    def read_back(clinic: Clinic, step: Callable[[int], None]) -> VerifyReport:
        return verify(clinic, step, everything=everything)

    states: tuple[State, ...] = ("accepted", "confirmed") if everything else ("accepted",)
    return each_clinic(service, "reading back from", states, noted("verify", read_back))
