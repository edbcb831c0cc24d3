"""The invariants of the data types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from adapter.fhir.invariants.narrative import is_safe, says_something
from adapter.fhir.invariants.rule import Invariant, Node, has, never

UCUM = "http://unitsofmeasure.org"
MEALS = frozenset({"C", "CM", "CD", "CV"})


def is_ucum(quantity: Node) -> bool:
    """Tells whether a quantity with a value has a code, and its system, if any, is UCUM."""
    return (has(quantity, "code") or not has(quantity, "value")) and (
        quantity.get("system", UCUM) == UCUM
    )


def not_after(first: str, second: str) -> bool:
    """Tells whether a dateTime is not later than another, as far as both are precise.

    >>> not_after("2024-03", "2024-03-01"), not_after("2024-03-02", "2024-03-01")
    (True, False)
    """
    if "T" in first and "T" in second:
        return moment(first) <= moment(second)
    shared = min(len(first), len(second), len("2024-03-01"))
    return first[:shared] <= second[:shared]


def moment(text: str) -> datetime:
    """Gives the point in time of a zoned dateTime; a leap second counts as the second before it."""
    return datetime.fromisoformat(text.replace(":60", ":59"))


def is_low_to_high(interval: Node) -> bool:
    """rng-2: quantities of different units are not compared."""
    low, high = interval["low"], interval["high"]
    return bool(low["value"] <= high["value"] or low.get("code") != high.get("code"))


def is_ratio(ratio: Node) -> bool:
    """rat-1."""
    has_both = ("numerator" in ratio) == ("denominator" in ratio)
    return has_both and ("numerator" in ratio or "extension" in ratio)


def is_triggered(trigger: Node) -> bool:
    """trd-3."""
    kind = trigger["type"]
    return (
        (kind != "named-event" or has(trigger, "name"))
        and (kind != "periodic" or any(key.startswith("timing") for key in trigger))
        and (not kind.startswith("data-") or "data" in trigger)
    )


def are_aligned(node: Node) -> bool:
    """nulls: a list of primitives and that of their extensions fit place by place."""
    for name, extensions in node.items():
        if name[0] == "_" and isinstance(extensions, list):
            values = node.get(name[1:], [None] * len(extensions))
            if len(values) != len(extensions) or (None, None) in zip(
                values, extensions, strict=True
            ):
                return False
    return True


def is_bare(number: object) -> bool:
    """integer: JSON Schema takes 5.0 for whole. What is not whole at all, the schema says."""
    return not (isinstance(number, float | Decimal) and number == int(number))


DATATYPES: Mapping[str, Invariant] = MappingProxyType(
    {
        "integer": Invariant("a whole number without a decimal point", is_bare),
        "nulls": Invariant(
            "values and extensions place by place, one of them present", are_aligned
        ),
        "age-1": Invariant(
            "a UCUM code, and a value above 0", lambda n: is_ucum(n) and n.get("value", 1) > 0
        ),
        "att-1": Invariant(
            "contentType beside data", never, ("data",), ("contentType", "_contentType")
        ),
        "cnt-3": Invariant(
            "a whole number of unit 1",
            lambda n: (
                is_ucum(n) and n.get("code", "1") == "1" and "." not in str(n.get("value", ""))
            ),
        ),
        "cpt-2": Invariant("system beside value", never, ("value",), ("system", "_system")),
        "dis-1": Invariant("a UCUM code", is_ucum),
        "drq-1": Invariant(
            "either path or searchParam", lambda n: has(n, "path") != has(n, "searchParam")
        ),
        "drq-2": Invariant(
            "either path or searchParam", lambda n: has(n, "path") != has(n, "searchParam")
        ),
        "drt-1": Invariant(
            "UCUM and a value beside code",
            lambda n: n.get("system") == UCUM and has(n, "value"),
            ("code",),
        ),
        "exp-1": Invariant("expression or reference", lambda n: has(n, "expression", "reference")),
        "per-1": Invariant(
            "start not after end", lambda n: not_after(n["start"], n["end"]), ("start", "end")
        ),
        "qty-3": Invariant("system beside code", never, ("code",), ("system", "_system")),
        "rat-1": Invariant("numerator and denominator, both or neither", is_ratio),
        "rng-2": Invariant("low not above high", is_low_to_high, ("low", "high")),
        "tim-1": Invariant(
            "durationUnit beside duration", never, ("duration",), ("durationUnit", "_durationUnit")
        ),
        "tim-2": Invariant(
            "periodUnit beside period", never, ("period",), ("periodUnit", "_periodUnit")
        ),
        "tim-4": Invariant("a duration of 0 or more", lambda n: n["duration"] >= 0, ("duration",)),
        "tim-5": Invariant("a period of 0 or more", lambda n: n["period"] >= 0, ("period",)),
        "tim-6": Invariant("period beside periodMax", never, ("periodMax",), ("period", "_period")),
        "tim-7": Invariant(
            "duration beside durationMax", never, ("durationMax",), ("duration", "_duration")
        ),
        "tim-8": Invariant("count beside countMax", never, ("countMax",), ("count", "_count")),
        "tim-9": Invariant(
            "offset only beside a when that is no meal",
            lambda n: has(n, "when") and MEALS.isdisjoint(n.get("when", ())),
            ("offset",),
        ),
        "tim-10": Invariant("timeOfDay or when, not both", never, ("timeOfDay", "when")),
        "trd-1": Invariant(
            "data or timing, not both",
            lambda n: not any(key.startswith("timing") for key in n),
            ("data",),
        ),
        "trd-2": Invariant("data beside condition", never, ("condition",), ("data",)),
        "trd-3": Invariant("what its type needs: name, timing or data", is_triggered, ("type",)),
        "txt-1": Invariant("well-formed XHTML of the elements that R4 allows", is_safe),
        "txt-2": Invariant("a narrative with some content", says_something),
    }
)
