"""`adapter ingest`: the sources into the ledger."""

from __future__ import annotations

import argparse

from adapter.cli import show
from adapter.cli.opening import kept_back, opened, rejections
from adapter.cli.terminal import progress
from adapter.ingest import Report
from adapter.service import Service
from adapter.service.taking_in import take_in_all

REJECTED = 12
"""The exit code where rows were rejected."""


def run_ingest(said: argparse.Namespace) -> int:
    """Sources into the ledger; 12 when rows were rejected."""
    with opened(said) as service:
        reports = ingest_all(service, is_full=said.full, is_restored=said.restored)
        show.ingested(reports, rejections(service), kept_back(service), as_json=said.json)
        return REJECTED if any(report.problems for report in reports) else 0


def ingest_all(
    service: Service, *, is_full: bool = False, is_restored: bool = False
) -> list[Report]:
    """Every configured source, in order; `is_full`: all of each, not only what has changed.

    `is_restored`: ledger and crosswalk come from an older copy, so that neither tells of it.
    """
    return take_in_all(
        service, lambda: progress("reading"), is_full=is_full, is_restored=is_restored
    )
