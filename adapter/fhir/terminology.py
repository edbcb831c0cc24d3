"""The project's own codes as CodeSystems, and each form's lists of answers as ValueSets.

https://hl7.org/fhir/R4/codesystem.html. A CodeSystem here holds what this study's forms use: it is
a fragment, because another study adds its own to the same system. Wording stands only where the
licence lets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from adapter.fhir.coding import option_coding
from adapter.fhir.identity import PROJECT, Identity, code_system
from adapter.fhir.labels import ARM_CONCEALED
from adapter.fhir.observation import methods_of
from adapter.instruments.form import Form, Item, Scale
from adapter.instruments.safety import Level, Safety
from adapter.scoring.signals import Reason

Resource = dict[str, Any]
Concepts = dict[str, str]
"""What each code means, by code."""

_TITLES = {
    "instrument": "Questionnaires and forms",
    "item": "Questions",
    "answer": "Answers without a code of LOINC",
    "score": "Scores and their changes",
    "band": "Named stretches of scores",
    "change": "Thresholds of change",
    "scoring-method": "How a score was computed",
    "safety-signal": "What a person is asked to look at",
    "safety-level": "How urgent a safety signal is",
    "safety-reason": "Why a safety signal fired",
    "security-label": "What a copy leaves out",
}


def build_code_systems(
    forms: Sequence[Form], safety: Safety | None, identity: Identity
) -> list[Resource]:
    """The CodeSystems of everything that these forms and signals may send."""
    return [
        _code_system(name, concepts, identity)
        for name, concepts in _concepts(forms, safety).items()
        if concepts
    ]


def build_value_sets(form: Form, identity: Identity) -> list[Resource]:
    """The form's lists of answers, by name."""
    return [
        _value_set(form, name, item, identity)
        for name in form.options
        for item in [next((item for item in form.items if item.options == name), None)]
        if item is not None
    ]


def _concepts(forms: Sequence[Form], safety: Safety | None) -> dict[str, Concepts]:
    found: dict[str, Concepts] = {name: {} for name in _TITLES}
    for form in forms:
        found["instrument"][form.id] = form.title
        for item in form.items:
            name = None if form.is_licensed_to_site else item.text
            found["item"][f"{form.id}-{item.link_id}"] = name or f"{form.title}, {item.link_id}"
            found["answer"] |= _answers(form, item)
        for scale in form.scales:
            for name, concepts in _of_scale(form, scale):
                found[name] |= concepts
    if safety is not None:
        found["safety-signal"] |= {signal.id: signal.title for signal in safety.signals}
        found["safety-level"] |= {level: level for level in get_args(Level)}
        found["safety-reason"] |= {reason: reason for reason in get_args(Reason)}
    found["security-label"] |= {ARM_CONCEALED["code"]: "Does not say who got the therapy"}
    return found


def _answers(form: Form, item: Item) -> Concepts:
    codings = (option_coding(form, item, option) for option in form.offered(item))
    return {
        said["code"]: _words(form, said) or said["code"]
        for said in codings
        if said["system"] == code_system("answer")
    }


def _words(form: Form, coding: Resource) -> str | None:
    """An answer's words; a list of codes goes to everyone, and licensed wording does not."""
    return None if form.is_licensed_to_site else coding.get("display")


def _of_scale(form: Form, scale: Scale) -> Iterator[tuple[str, Concepts]]:
    code = f"{form.id}-{scale.id}"
    yield (
        "score",
        {
            code: scale.title,
            f"{code}-change": f"{scale.title}, change since baseline",
            f"{code}-change-percent": f"{scale.title}, change since baseline in per cent of it",
        },
    )
    yield "band", {f"{code}-{band.id}": band.label for band in scale.bands}
    yield (
        "change",
        {f"{code}-{each.kind}": f"{scale.title}: {each.kind} change" for each in scale.change},
    )
    yield (
        "scoring-method",
        {
            **methods_of(form, scale),
            f"{code}-change": "the score less the score at baseline",
        },
    )


def _code_system(name: str, concepts: Concepts, identity: Identity) -> Resource:
    return {
        "resourceType": "CodeSystem",
        "id": identity.token("code-system", name),
        "url": code_system(name),
        "name": "".join(part.capitalize() for part in name.split("-")),
        "title": _TITLES[name],
        "status": "active",
        "experimental": False,
        "publisher": "Trial FHIR adapter",
        "caseSensitive": True,
        "content": "fragment",
        "concept": [{"code": code, "display": means} for code, means in concepts.items()],
    }


def _value_set(form: Form, name: str, item: Item, identity: Identity) -> Resource:
    by_system: dict[str, list[Resource]] = {}
    for option in form.offered(item):
        said = option_coding(form, item, option)
        concept: Resource = {"code": said["code"]}
        if words := _words(form, said):
            concept["display"] = words
        by_system.setdefault(said["system"], []).append(concept)
    return {
        "resourceType": "ValueSet",
        "id": identity.token("value-set", form.id, name),
        "url": f"{PROJECT}/ValueSet/{form.id}-{name}",
        "version": form.version,
        "name": "".join(part.capitalize() for part in f"{form.id}-{name}".split("-")),
        "title": f"{form.title}: answers ({name})",
        "status": "active",
        "experimental": False,
        "publisher": "Trial FHIR adapter",
        "copyright": form.licence.status,
        "compose": {
            "include": [
                {"system": system, "concept": concepts} for system, concepts in by_system.items()
            ]
        },
    }
