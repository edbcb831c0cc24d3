"""`adapter sync`: one whole round, there and back."""

from __future__ import annotations

import argparse

from adapter.cli import rounds
from adapter.cli.deliver import push_all, verify_all
from adapter.cli.ingest import REJECTED, ingest_all
from adapter.cli.opening import kept_back, opened, rejections
from adapter.cli.pull import pull_all


def run_sync(said: argparse.Namespace) -> int:
    """Ingest, push, pull, verify: one document for all four."""
    with opened(said, asks=True) as service:
        reports = ingest_all(service, is_full=said.full, is_restored=said.restored)
        pushed = push_all(service)
        pulled = pull_all(service, is_full=said.full)
        verified = verify_all(service, everything=False)
        told = rounds.Round(reports, pushed, pulled, verified)
        rounds.synced(told, rejections(service), kept_back(service), as_json=said.json)
        return REJECTED if any(report.problems for report in reports) else 0
