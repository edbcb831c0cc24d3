"""Exports of a running adapter: the ledger as its readers know it, and where they are asked for."""

from __future__ import annotations

from pathlib import Path
from secrets import token_urlsafe

from adapter.server.bulk import Desk
from adapter.server.ledger import Ledger
from adapter.service.running import Service

HOURS = 24.0


def ledger_of(service: Service, base: str = "") -> Ledger:
    """The ledger as it is read by whom the release gate lets, at `base`, '' for no address."""
    trial, crosswalk = service.trial, service.crosswalk

    def is_linked(clinic: str, participant: str) -> bool:
        return crosswalk.linked(clinic, participant) is not None

    def patient_of(clinic: str, theirs: str) -> str | None:
        name = crosswalk.participant_of(clinic, theirs)
        return None if name is None else trial.identity.patient(name)

    stands = service.database, trial.identity, trial.forms
    return Ledger(*stands, service.clock, is_linked, patient_of, base)


def desk_of(
    service: Service, ledger: Ledger, folder: Path, base: str = "", hours: float = HOURS
) -> Desk:
    """Where exports are asked for; `base` is the address of the service, '' where there is none."""
    trial = service.trial
    return Desk(
        ledger=ledger,
        base=base,
        folder=folder,
        basis=trial.basis,
        unique=lambda: token_urlsafe(24),
        hours=hours,
    )
