"""What clinics' record systems say of themselves: asked where it decides, and kept.

A record system that does not answer, or says no CapabilityStatement, is as it was the last time;
the push that follows meets the trouble itself.
"""

from __future__ import annotations

import os

from adapter.errors import EhrError, Origin, Problem
from adapter.service.clients import LateClient
from adapter.service.clock import now
from adapter.service.declarations import Declarations
from adapter.store.capability import capability, keep_capability
from adapter.store.database import Database
from adapter.sync.answer import Answer
from adapter.sync.capability import Capability, as_json, from_json, read_capability
from adapter.sync.ladder import drift
from adapter.sync.profile import PullRule


def capability_of(database: Database, client: LateClient, *, asks: bool) -> Capability | None:
    """What a clinic's record system can do, None where it never told.

    `asks`: it is asked now, where that decides how it is written to, or read.
    """
    profile = client.profile
    rule = profile.pull or PullRule()
    decides = profile.ladder != ("transaction",) or rule.history or rule.subscribe
    if asks and profile.speaks_fhir and decides:
        told = ask(client)
        if isinstance(told, Capability):
            with database.write() as tx:
                keep_capability(tx, profile.id, as_json(told), now().isoformat(timespec="seconds"))
            return told
    said = capability(database.read(), profile.id)
    return None if said is None else from_json(said)


def ask(client: LateClient) -> Capability | str:
    """What a record system says of itself now; else, in words, what came instead."""
    try:
        answer = client.exchange("GET", "metadata")
    except EhrError as wrong:
        return str(wrong)
    if not isinstance(answer, Answer):
        return answer.reason
    told = read_capability(answer.body) if answer.is_success else None
    return f"HTTP {answer.status}, and no CapabilityStatement of R4" if told is None else told


def check_clinics(declared: Declarations) -> list[Problem]:
    """Where the clinics' profiles differ from what their record systems say of themselves."""
    found: list[Problem] = []
    for profile, settings in declared.clinics:
        if profile.speaks_fhir and settings.url is not None:
            client = LateClient(profile, settings, os.environ)
            try:
                found += drift_of(client, settings.profile.name)
            finally:
                client.close()
    return found


def drift_of(client: LateClient, file: str) -> list[Problem]:
    """Where a clinic's profile and its record system's own statement differ."""
    told = ask(client)
    if isinstance(told, str):
        action = "Check the `url` and the sign-in of this clinic, or ask again later."
        expected = "a CapabilityStatement of R4"
        return [Problem(Origin(file), "ladder", expected, told, action, severity="warning")]
    return [
        Problem(
            Origin(file),
            "ladder",
            f"{missing}, as the profile says",
            "a CapabilityStatement without it",
            "Correct the profile, or make sure that the record system does it all the same.",
            severity="warning",
        )
        for missing in drift(client.profile, told)
    ]
