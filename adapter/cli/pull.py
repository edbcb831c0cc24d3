"""`adapter pull`: takes in what people wrote at the clinics."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from adapter.cli import show
from adapter.cli.opening import each_clinic, opened
from adapter.cli.terminal import document
from adapter.service import Service
from adapter.service.noting import noted
from adapter.sync.clinic import Clinic
from adapter.sync.pull import PullReport, pull

WORDS = ("taken", "changed", "agrees", "waiting", "retracted", "unchanged", "foreign")
CARE_WORDS = ("taken", "changed", "unchanged", "retracted", "left", "refused")


def run_pull(said: argparse.Namespace) -> int:
    """Asks every clinic that may be asked; what waits is listed by `inbox`."""
    with opened(said, asks=True) as service:
        told = pull_all(service, is_full=said.full)
        if said.json:
            document({"clinics": [{"name": name, **counts} for name, counts in told]})
        else:
            for name, counts in told:
                show.counts(f"{name}: what was written there", counts)
    return 0


def pull_all(service: Service, *, is_full: bool = False) -> list[tuple[str, dict[str, Any]]]:
    """Every clinic, in order, with the counts of what became of what it holds."""

    def ask(clinic: Clinic, step: Callable[[int], None]) -> PullReport:
        return pull(clinic, service.trial, step, is_full=is_full)

    told = each_clinic(service, "asking", (), noted("pull", ask))
    return [(name, counts_of(report)) for name, report in told]


def counts_of(report: PullReport) -> dict[str, Any]:
    """A report by its words: how many people were asked for, and what became of what was found."""
    became = {word: report.became[word] for word in WORDS}
    care = {f"care_{word}": report.care[word] for word in CARE_WORDS}
    return {"asked": report.asked, **became, "refused": report.refused, **care}
