"""Whether the identifiers of a clinic's Patient are those that the trial holds of somebody.

It is asked of Patients whom a person linked: a mistyped id is another person's chart. Two values
are compared as a search by identifier compares them: literally, but for case. White space is set
aside, too: the same number may be written in groups. Names and birth dates are not compared.

Source: https://hl7.org/fhir/R4/search.html#token, https://hl7.org/fhir/R4/datatypes.html#Identifier
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapter.instruments.study import Study


def held_by_trial(study: Study, identifiers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The system and the value of each identifier by which the study file knows people."""
    for name, declared in study.participant.identifiers.items():
        if name in identifiers:
            yield declared.system, identifiers[name]


def is_another(patient: Mapping[str, Any], known: Iterable[tuple[str, str]], today: str) -> bool:
    """Whether, of any system of `known`, a Patient has identifiers, and the known one is not there.

    `known` are systems and values, `today` is the local day. A former identifier (`use` is `old`,
    or its period has ended) speaks for somebody, and against nobody.

    >>> ihi = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"
    >>> numbered = {"identifier": [{"system": ihi, "value": "8003 6081 6669 0503"}]}
    >>> is_another(numbered, [(ihi, "8003608166690503")], "2026-03-01")
    False
    >>> is_another(numbered, [(ihi, "8003608000000000")], "2026-03-01")
    True
    >>> is_another({}, [(ihi, "8003608000000000")], "2026-03-01")
    False
    """
    ours: dict[str, set[str]] = {}
    for system, value in known:
        if _compared(value):
            ours.setdefault(system, set()).add(_compared(value))
    theirs = list(_identifiers(patient))
    for system, values in ours.items():
        named = [each for each in theirs if each["system"] == system]
        said = {_compared(each["value"]) for each in named}
        if values.isdisjoint(said) and any(_is_current(each, today) for each in named):
            return True
    return False


# Private functions


def _identifiers(patient: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that have a system and a value: one that is masked tells nothing."""
    listed = patient.get("identifier")
    for each in listed if isinstance(listed, list) else ():
        is_whole = isinstance(each, dict) and isinstance(each.get("system"), str)
        if is_whole and isinstance(each.get("value"), str) and _compared(each["value"]):
            yield each


def _compared(value: str) -> str:
    return "".join(value.split()).casefold()


def _is_current(identifier: Mapping[str, Any], today: str) -> bool:
    period = identifier.get("period")
    end = str(period.get("end") or "")[:10] if isinstance(period, dict) else ""
    has_ended = bool(end) and end < today[: len(end)]  # the whole of its year or month counts
    return identifier.get("use") != "old" and not has_ended
