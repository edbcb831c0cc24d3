"""`adapter status` and `signals`: where everything stands, and what needs a person."""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import datetime
from typing import Any

from adapter.cli import show
from adapter.cli.opening import opened, rejections
from adapter.ingest.signals import standing_signals, urgency
from adapter.service import Service
from adapter.store import inbox, parking, standing, triggered


def run_status(said: argparse.Namespace) -> int:
    """Deliveries per clinic and state, and what needs a person."""
    with opened(said) as service:
        clients = inbox.clients(service.database.read())  # what they wrote may wait, too
        names = [*(clinic.name for clinic in service.clinics), *clients]
        states = [_state(service, name) for name in names]
        levels = Counter(each.level for each in standing_signals(service.database.read()))
        told = _triggered(service)
        show.state(states, levels, rejections(service), told, as_json=said.json)
    return 0


def run_signals(said: argparse.Namespace) -> int:
    """Every safety signal that stands, the most urgent first."""
    with opened(said) as service:
        signals = sorted(standing_signals(service.database.read()), key=urgency)
        show.signals(signals, as_json=said.json)
    return 0


def _state(service: Service, name: str) -> dict[str, Any]:
    tx = service.database.read()
    oldest = standing.oldest_undelivered(tx, name)
    waited = None if oldest is None else _seconds_since(service, oldest)
    return {
        "name": name,
        **{str(word): count for word, count in standing.count_states(tx, name).items()},
        "oldest_undelivered_seconds": waited,
        "parked": len(parking.parked(tx, name)),
        "inbox_waiting": inbox.count_waiting(tx, name),
        "needs_a_person": [
            {
                "state": stuck.state,
                "type": stuck.type,
                "why": stuck.rule or stuck.reason,
                "count": stuck.count,
            }
            for stuck in standing.stuck(tx, name)
        ],
    }


def _triggered(service: Service) -> dict[str, int]:
    """The records that a source said were saved, and that were not fetched since."""
    waiting = triggered.count(service.database.read())
    waited = _seconds_since(service, waiting.since) if waiting.count else 0
    return {"waiting": waiting.count, "oldest_seconds": waited, "failures": waiting.failures}


def _seconds_since(service: Service, moment: str) -> int:
    since = datetime.fromisoformat(service.now()) - datetime.fromisoformat(moment)
    return int(since.total_seconds())
