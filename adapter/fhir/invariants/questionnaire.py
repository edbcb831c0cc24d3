"""The invariants of Questionnaire and QuestionnaireResponse, and SDC's one on versions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from adapter.fhir.invariants.rule import Invariant, Node, has, is_distinct, never, objects

VERSION_ALGORITHM = "http://hl7.org/fhir/StructureDefinition/artifact-versionAlgorithm"
WITH_OPTIONS = frozenset(
    (
        "choice",
        "open-choice",
        "decimal",
        "integer",
        "date",
        "dateTime",
        "time",
        "string",
        "quantity",
    )
)
WITH_LENGTH = frozenset(("boolean", "decimal", "integer", "string", "text", "url", "open-choice"))


def is_nested(item: Node) -> bool:
    """que-1."""
    kind = item.get("type")
    return (kind != "group" or "item" in item) and (kind != "display" or "item" not in item)


def are_unique(questionnaire: Node) -> bool:
    """que-2: enableWhen's `question` names a linkId and is none, so only `linkId` is read."""
    return is_distinct(
        node["linkId"] for node in objects(questionnaire["item"]) if "linkId" in node
    )


def are_asked(questionnaire: Node) -> bool:
    """question: what a condition asks for is an item of the form."""
    nodes = list(objects(questionnaire["item"]))
    asked = {node["question"] for node in nodes if "question" in node}
    return asked <= {node["linkId"] for node in nodes if "linkId" in node}


def says_how_versions_order(questionnaire: Node) -> bool:
    """sdc-2."""
    return any(
        extension.get("url") == VERSION_ALGORITHM
        for extension in questionnaire.get("extension", ())
    )


def no_display(item: Node) -> bool:
    """Tells whether an item is something else than a display."""
    return item.get("type") != "display"


QUESTIONNAIRES: Mapping[str, Invariant] = MappingProxyType(
    {
        "qrs-1": Invariant("items below answer or below item, not both", never, ("answer", "item")),
        "que-1": Invariant("items in a group, none in a display", is_nested),
        "que-2": Invariant("each linkId once", are_unique, ("item",)),
        "que-3": Invariant("no code on a display", no_display, ("code",)),
        "que-4": Invariant(
            "answerOption or answerValueSet, not both", never, ("answerOption", "answerValueSet")
        ),
        "que-5": Invariant(
            "options only where the type takes them",
            lambda n: n.get("type") in WITH_OPTIONS or not has(n, "answerOption", "answerValueSet"),
        ),
        "que-6": Invariant(
            "neither required nor repeats on a display",
            lambda n: no_display(n) or not has(n, "required", "repeats"),
        ),
        "que-7": Invariant(
            "answerBoolean beside the operator exists",
            lambda n: n["operator"] != "exists" or has(n, "answerBoolean"),
            ("operator",),
        ),
        "que-8": Invariant(
            "no initial on a group or a display",
            lambda n: n.get("type") not in {"group", "display"},
            ("initial",),
        ),
        "que-9": Invariant("no readOnly on a display", no_display, ("readOnly",)),
        "que-10": Invariant(
            "maxLength only where the type has a length",
            lambda n: n.get("type") in WITH_LENGTH,
            ("maxLength",),
        ),
        "que-11": Invariant("no initial beside answerOption", never, ("answerOption", "initial")),
        "que-12": Invariant(
            "enableBehavior beside several enableWhen",
            lambda n: len(n["enableWhen"]) == 1,
            ("enableWhen",),
            ("enableBehavior", "_enableBehavior"),
        ),
        "que-13": Invariant(
            "one initial unless the item repeats",
            lambda n: len(n["initial"]) == 1 or n.get("repeats") is True,
            ("initial",),
        ),
        "question": Invariant("each question of enableWhen among the items", are_asked, ("item",)),
        "sdc-2": Invariant(
            "the extension artifact-versionAlgorithm beside version",
            says_how_versions_order,
            ("version",),
        ),
    }
)
