"""`adapter status` and `signals`: where everything stands, and what needs a person."""

from __future__ import annotations

import argparse
from collections import Counter

from adapter.cli import show
from adapter.cli.opening import kept_back, opened, rejections
from adapter.ingest.standing import standing_signals, urgency
from adapter.service import Service
from adapter.service.operating import seconds_since, state_of
from adapter.store import inbox, triggered


def run_status(said: argparse.Namespace) -> int:
    """Deliveries per clinic and state, and what needs a person."""
    with opened(said) as service:
        clients = inbox.clients(service.database.read())  # what they wrote may wait, too
        names = [*(clinic.name for clinic in service.clinics), *clients]
        states = [state_of(service, name) for name in names]
        study = service.trial.study
        levels = Counter(each.level for each in standing_signals(service.database.read(), study))
        watched = show.Watched(levels, kept_back(service))
        told = _triggered(service)
        show.state(states, watched, rejections(service), told, as_json=said.json)
    return 0


def run_signals(said: argparse.Namespace) -> int:
    """Every safety signal that stands, the most urgent first."""
    with opened(said) as service:
        standing = standing_signals(service.database.read(), service.trial.study)
        show.signals(sorted(standing, key=urgency), kept_back(service), as_json=said.json)
    return 0


def _triggered(service: Service) -> dict[str, int]:
    """The records that a source said were saved, and that were not fetched since."""
    waiting = triggered.count(service.database.read())
    waited = seconds_since(service, waiting.since) if waiting.count else 0
    return {"waiting": waiting.count, "oldest_seconds": waited, "failures": waiting.failures}
