"""REDCap's Data Entry Trigger: who saves a form in the project makes the server tell an address.

One POST for each form that was saved, form-encoded, unsigned, never repeated, whatever is answered.
REDCap tells of what people save on a data entry form or as a survey and of nothing else: not of
imports, deletions and renames. Here every save is told, imports through the API too, because
nobody fills in forms of a simulated server.

Sources: REDCap knowledge base RC-INTG-01; seattleflu/id3c#71 (the mobile app's imports tell
nothing); the fields as receivers of other hands read them. Not verified: how long REDCap waits for
an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import httpx

from adapter.simulate.redcap.contents import PROJECT_ID, VERSION
from adapter.simulate.redcap.project import USER, Place

Saved = Callable[[Place, Iterable[str], Mapping[str, str]], None]
"""Told of a row after some of its forms were saved, and what it holds then."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Where saves are told, and how the server names itself: `http://127.0.0.1:8090/`."""

    url: str
    redcap_url: str

    def form(self, place: Place, form: str, row: Mapping[str, str]) -> dict[str, str]:
        """The fields of one POST; blank ones are left out."""
        repeats = place.instance is not None
        said = {
            "redcap_url": self.redcap_url,
            "project_url": f"{self.redcap_url}redcap_v{VERSION}/index.php?pid={PROJECT_ID}",
            "project_id": str(PROJECT_ID),
            "username": USER,
            "record": place.record,
            "instrument": form,
            f"{form}_complete": row.get(f"{form}_complete", "0"),
            "redcap_event_name": place.event,
            "redcap_repeat_instrument": place.form,
            "redcap_repeat_instance": str(place.instance) if repeats else "",
        }
        return {name: text for name, text in said.items() if text}


def tell_in_background(trigger: Trigger, seconds: float = 10) -> Saved:
    """What posts from a thread of its own, each with so many seconds' time."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trigger")

    def post(said: dict[str, str]) -> None:
        with suppress(httpx.HTTPError, httpx.InvalidURL):  # REDCap does not try again either
            httpx.post(trigger.url, data=said, timeout=seconds, trust_env=False)

    def saved(place: Place, forms: Iterable[str], row: Mapping[str, str]) -> None:
        for form in forms:
            pool.submit(post, trigger.form(place, form, row))

    return saved
