"""Security labels, in `meta.security`: https://hl7.org/fhir/R4/security-labels.html.

What is about a person is restricted (R); what tells who got the therapy is very restricted (V), and
leaves for those alone who may know it. A copy from which something was, or may have been, taken out
says REDACTED: for the blinded every copy of a kind does, so that the label itself tells nothing;
and that it is the arm which is concealed says a code of our own, for HL7 has none. A Bundle is
labelled as the highest of what stands in it.

Source of the codes: HL7's v3-Confidentiality and v3-ObservationValue, as R4 4.0.1 carries them; our
own stands in the CodeSystem `security-label` (`adapter.fhir.terminology`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from adapter.fhir.identity import code_system

Resource = dict[str, Any]

_CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_R: Final = {"system": _CONFIDENTIALITY, "code": "R"}
_V: Final = {"system": _CONFIDENTIALITY, "code": "V"}
REDACTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "REDACTED",
}
ARM_CONCEALED: Final = {"system": code_system("security-label"), "code": "arm-concealed"}
RESTRICTED: Final[Resource] = {"security": [_R]}
"""The `meta` of what is about a person."""
VERY_RESTRICTED: Final[Resource] = {"security": [_V]}
"""The `meta` of what tells who got the therapy."""
_HEAD = ("resourceType", "id")
_LEVELS = ((b'v3-Confidentiality","code":"V"', _V), (b'v3-Confidentiality","code":"R"', _R))


def as_redacted(resource: Resource) -> Resource:
    """The resource labelled as a copy that does not say everything."""
    return _with_label(resource, REDACTED)


def as_concealing(resource: Resource) -> Resource:
    """The resource labelled as a copy that does not say who got the therapy."""
    return _with_label(as_redacted(resource), ARM_CONCEALED)


def as_once_redacted(resource: Resource) -> Resource:
    """What `as_concealing` gave before there was a label for it; the same one where it has none."""
    labels = _labels(resource)
    others = [each for each in labels if each != ARM_CONCEALED]
    return resource if others == labels else _labelled(resource, others)


def as_very_restricted(resource: Resource) -> Resource:
    """The resource labelled as one that tells who got the therapy."""
    others = [each for each in _labels(resource) if each["system"] != _CONFIDENTIALITY]
    told = _labelled(resource, [_V, *others])
    if "securityLabel" in told:  # a document says it twice, and the same
        told["securityLabel"] = [{"coding": [_V]}]
    return told


def highest(texts: Iterable[bytes]) -> list[Resource]:
    """The strictest confidentiality in these texts as we write them; nothing where none has any."""
    found = list(texts)
    return next(
        ([label] for mark, label in _LEVELS if any(mark in text for text in found)),
        list[Resource](),
    )


def _with_label(resource: Resource, label: Resource) -> Resource:
    labels = _labels(resource)
    return resource if label in labels else _labelled(resource, [*labels, label])


def _labels(resource: Resource) -> list[Resource]:
    return list(resource.get("meta", {}).get("security", ()))


def _labelled(resource: Resource, labels: list[Resource]) -> Resource:
    """The resource with these labels, its `meta` where it has one, else behind the id."""
    meta = {**resource.get("meta", {}), "security": labels}
    if "meta" in resource:
        return {**resource, "meta": meta}
    head: Resource = {name: resource[name] for name in _HEAD if name in resource}
    return {**head, "meta": meta, **resource}
