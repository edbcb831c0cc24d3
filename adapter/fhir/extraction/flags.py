"""What a Questionnaire says of its own extraction, compared with what is extracted.

The form decides what becomes an Observation; `build_questionnaire` writes that into the
Questionnaire by SDC's extensions. A Questionnaire that says otherwise, because somebody changed it
on its way, is told and not obeyed in part. An item is observed as the nearest flag says, its own or
an ancestor's.

Not supported, and told: Observations that are members or components of another item's, and codes
that are left out. The panel of a form comes on top of what the flags ask for.

Source: SDC `sdc-questionnaire-observationExtract` and `-observation-extract-category`
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapter.fhir.coding import CATEGORY
from adapter.fhir.identity import questionnaire_url
from adapter.fhir.issue import Issue
from adapter.fhir.questionnaire import EXTRACT, EXTRACT_CATEGORY, score_link_id
from adapter.fhir.reading.answer import objects
from adapter.fhir.reading.findings import Findings
from adapter.instruments.form import Form

Node = dict[str, Any]
Codings = frozenset[tuple[str | None, str | None]]
_ROOT = "Questionnaire"
_SURVEY: Codings = frozenset({(CATEGORY, "survey")})  # what SDC takes where nothing is said
_INDEPENDENT = "independent"


@dataclass(frozen=True, slots=True)
class _Said:
    """What holds for an item: whether it is observed, and in which categories."""

    is_observed: bool = False
    categories: Codings = _SURVEY


def validate_extraction(questionnaire: Node, form: Form) -> tuple[Issue, ...]:
    """Everything by which a Questionnaire asks for other Observations than its form gives."""
    found = Findings()
    canonical = f"{questionnaire_url(form)}|{form.published_version}"
    plain = f"{questionnaire_url(form)}|{form.version}"  # without the words that a site laid over
    if f"{questionnaire.get('url')}|{questionnaire.get('version')}" not in {canonical, plain}:
        found.error("not-found", f"{_ROOT}.url", f"`{canonical}`", "another Questionnaire")
        return tuple(found.issues)
    observed = {item.link_id for item in form.items if item.observe}
    observed |= {score_link_id(scale) for scale in form.scales if scale.field is None}
    root = _said(questionnaire, _ROOT, _Said(), found)
    for link_id, where, said in _items(questionnaire, _ROOT, root, found):
        if said.is_observed and link_id not in observed:
            found.error("not-supported", where, "an item that is not extracted", "one that is")
        elif said.is_observed and said.categories != {(CATEGORY, form.category)}:
            found.error("not-supported", where, f"the category `{form.category}`", "another")
        elif not said.is_observed and link_id in observed:
            found.error("not-supported", where, "an item that is extracted", "one that is not")
    return tuple(found.issues)


def _items(
    parent: Node, where: str, inherited: _Said, found: Findings
) -> Iterator[tuple[str, str, _Said]]:
    """Every question with what holds for it; a group or a text has no answer to extract."""
    for index, node in objects(parent.get("item")):
        place = f"{where}.item[{index}]"
        said = _said(node, place, inherited, found)
        if node.get("type") not in {"group", "display"}:
            yield str(node.get("linkId")), place, said
        yield from _items(node, place, said, found)


def _said(node: Node, where: str, inherited: _Said, found: Findings) -> _Said:
    """What holds for a node, given what its parent said."""
    values = [
        value
        for _, extension in objects(node.get("extension"))
        if extension.get("url") == EXTRACT
        for word, value in extension.items()
        if word in {"valueBoolean", "valueCode"}
    ]
    if values and node.get("type") == "display":
        found.error("invariant", where, "no extraction of a text (sdc-obsn-1)", "one")
    if len({type(value) for value in values}) > 1:
        found.error("invariant", where, "a boolean or a code (SDC)", "both")
    elif set(values) - {True, False, _INDEPENDENT}:
        found.error("not-supported", where, "an Observation of its own", "a part of another")
    for index, code in objects(node.get("code")):
        if any(each.get("url") == EXTRACT for _, each in objects(code.get("extension"))):
            place = f"{where}.code[{index}]"
            found.error("not-supported", place, "all codes of an item together", "some alone")
    concepts = [
        extension.get("valueCodeableConcept", {})
        for _, extension in objects(node.get("extension"))
        if extension.get("url") == EXTRACT_CATEGORY
    ]
    codings = frozenset(
        (coding.get("system"), coding.get("code"))
        for concept in concepts
        for _, coding in objects(concept.get("coding"))
    )
    return _Said(
        is_observed=bool(values[0]) if values else inherited.is_observed,
        categories=codings or inherited.categories,
    )
