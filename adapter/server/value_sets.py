"""The codes of the value sets that are served, for searches by `:in`.

https://hl7.org/fhir/R4/search.html#modifiers. Only those of the ledger are known: nothing is ever
fetched from an address in a search, and no terminology of others is at hand.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from adapter.fhir.search.asked import Expand
from adapter.fhir.search.criteria import HasToken
from adapter.fhir.search.values import TokenAsked, canonical
from adapter.fhir.text import read_text
from adapter.server.ledger import View
from adapter.store import finding


def expanding(view: View) -> Expand:
    """What gives the codes of a value set that the caller may know, by its canonical."""
    return partial(_expansion, view)


def _expansion(view: View, said: str) -> tuple[TokenAsked, ...] | None:
    version, address = canonical(said)
    by_url = HasToken("url", (("", address),))
    for hit in finding.find(view.tx, "ValueSet", [by_url], view.may_see):
        seen = view.latest(hit.type, hit.id)
        held: dict[str, Any] = {} if seen is None or seen.text is None else read_text(seen.text)
        if held and version in {None, held.get("version")}:
            return tuple(
                (include["system"], concept["code"])
                for include in held.get("compose", {}).get("include", ())
                for concept in include.get("concept", ())
            )
    return None
