"""A clinic's own names of its patients, in a search: they become ours, through the crosswalk.

Only where the settings say which identifier system a client's clinic uses, and only by the link
that a person made there: nobody is found by a name, a date of birth or a likeness. The value is
looked up by a keyed hash and stands in no index, no resource and no log.
"""

from __future__ import annotations

from adapter.server.ledger import View

_NOBODY = "-"  # no resource has this id
_CHAINED = {"patient.identifier": "patient", "subject:Patient.identifier": "subject"}


def in_our_names(resource_type: str, name: str, value: str, view: View) -> tuple[str, str]:
    """A parameter of a search, and what it asks for in our own ids; most stay as they are."""
    system = view.caller.patient_system
    is_own = resource_type == "Patient" and name == "identifier"
    if not system or not (is_own or name in _CHAINED):
        return name, value
    alternatives = value.split(",")
    if not all(each.startswith(f"{system}|") for each in alternatives):
        return name, value
    ours = [_ours(each.removeprefix(f"{system}|"), view) for each in alternatives]
    if is_own:
        return "_id", ",".join(ours)
    return _CHAINED[name], ",".join(f"Patient/{each}" for each in ours)


def _ours(theirs: str, view: View) -> str:
    return view.ledger.patient_of(view.caller.clinic, theirs) or _NOBODY
