"""fhirpy, both ways: reads, searches, pages; prints what it found as JSON.

Run with the base and a token; in the environment of `foreign`.
"""

import asyncio
import json
import sys
from typing import Any

from fhirpy import AsyncFHIRClient, SyncFHIRClient

base, token = sys.argv[1:]
signed = f"Bearer {token}"


async def asked() -> dict[str, Any]:
    """What the asynchronous client finds."""
    client = AsyncFHIRClient(base, authorization=signed)
    patients = await client.resources("Patient").fetch_all()
    observations = client.resources("Observation").search(category="survey").limit(40)
    found = await observations.fetch_all()
    one = client.reference("Observation", found[0].id)
    with_subject = client.resources("Observation").limit(1).include("Observation", "subject")
    bundle = await with_subject.fetch_raw()
    return {
        "patients": sorted(each.id for each in patients),
        "observations": [each.id for each in found],
        "read": dict(await one.to_resource()),
        "counted": await client.resources("Observation").search(category="survey").count(),
        "included": [entry["resource"]["resourceType"] for entry in bundle["entry"]],
    }


at_once = SyncFHIRClient(base, authorization=signed)
in_turn = [
    each.id
    for each in at_once.resources("Observation").search(category="survey").limit(40).fetch_all()
]
sys.stdout.write(json.dumps({**asyncio.run(asked()), "in_turn": in_turn}))
