"""The steps of a JSON Patch, each as RFC 6902 has it, and what refuses one."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.operation_outcome import RefusalError
from adapter.server.body import parse_list
from adapter.server.json_patch import MOST_STEPS, patched, read_steps

CANARY = "Xq7Zebra"
Step = dict[str, Any]
RESOURCE: dict[str, Any] = {
    "resourceType": "QuestionnaireResponse",
    "status": "completed",
    "item": [{"linkId": "a"}, {"linkId": "b", "answer": [{"valueDecimal": Decimal("1.50")}]}],
    "a/b": {"m~n": CANARY},
    "0": True,
}


def without(name: str, **more: object) -> dict[str, Any]:
    return {key: value for key, value in RESOURCE.items() if key != name} | more


def step(op: str, path: str, **more: object) -> Step:
    return {"op": op, "path": path, **{name.strip("_"): value for name, value in more.items()}}


TAKEN: dict[str, tuple[list[Step], object]] = {
    "nothing at all": ([], RESOURCE),
    "a new name": ([step("add", "/language", value="en")], {**RESOURCE, "language": "en"}),
    "a name that is there": (
        [step("add", "/status", value=None)],
        {**RESOURCE, "status": None},
    ),
    "the whole": ([step("replace", "", value={"a": 1})], {"a": 1}),
    "between two of a list": (
        [step("add", "/item/1", value={"linkId": "n"})],
        {**RESOURCE, "item": [RESOURCE["item"][0], {"linkId": "n"}, RESOURCE["item"][1]]},
    ),
    "behind a list, by its length": (
        [step("add", "/item/2", value=3)],
        {**RESOURCE, "item": [*RESOURCE["item"], 3]},
    ),
    "behind a list": (
        [step("add", "/item/-", value=3)],
        {**RESOURCE, "item": [*RESOURCE["item"], 3]},
    ),
    "a list in a list": (
        [step("add", "/item/-", value=[1])],
        {**RESOURCE, "item": [*RESOURCE["item"], [1]]},
    ),
    "one of a list away": ([step("remove", "/item/0")], {**RESOURCE, "item": RESOURCE["item"][1:]}),
    "a name away": ([step("remove", "/status")], without("status")),
    "one of a list, another": (
        [step("replace", "/item/0/linkId", value="z")],
        {**RESOURCE, "item": [{"linkId": "z"}, RESOURCE["item"][1]]},
    ),
    "a name, elsewhere": (
        [step("move", "/language", _from="/status")],
        without("status", language="completed"),
    ),
    "a place in a list": (
        [step("move", "/item/1", _from="/item/0")],
        {**RESOURCE, "item": RESOURCE["item"][::-1]},
    ),
    "to where it is": ([step("move", "/item/0", _from="/item/0")], RESOURCE),
    "a copy that is a thing of its own": (
        [
            step("copy", "/item/-", _from="/item/0"),
            step("replace", "/item/2/linkId", value="c"),
        ],
        {**RESOURCE, "item": [*RESOURCE["item"], {"linkId": "c"}]},
    ),
    "an escaped name": ([step("remove", "/a~1b/m~0n")], {**RESOURCE, "a/b": {}}),
    "an escaped escape": ([step("add", "/~01", value=1)], {**RESOURCE, "~1": 1}),
    "a name that is a number": ([step("replace", "/0", value=False)], {**RESOURCE, "0": False}),
    "what RFC 6902 does not know": (
        [{**step("remove", "/0"), "from": {}, "value": 1, "x": 1}],
        without("0"),
    ),
    "tests that hold": (
        [
            step("test", "/status", value="completed"),
            step("test", "/item/1/answer/0/valueDecimal", value=Decimal("1.5")),
            step("test", "/item/0", value={"linkId": "a"}),
            step("test", "", value=RESOURCE),
        ],
        RESOURCE,
    ),
}
NOT_TAKEN: dict[str, list[Step]] = {
    "a place in nothing": [step("add", "/a/b", value=1)],
    "a place in a text": [step("add", "/status/0", value=1)],
    "nothing that could go": [step("remove", "/language")],
    "nothing that could be another": [step("replace", "/language", value=1)],
    "nothing that could be moved": [step("move", "/a", _from="/language")],
    "nothing that could be copied": [step("copy", "/a", _from="/item/9")],
    "a place too far behind": [step("add", "/item/3", value=1)],
    "no number of a place": [step("add", "/item/first", value=1)],
    "a number with a zero before it": [step("replace", "/item/00", value=1)],
    "a number below zero": [step("remove", "/item/-1")],
    "what is behind a list": [step("replace", "/item/-", value=1)],
    "what is behind a list, away": [step("remove", "/item/-")],
    "into itself": [step("move", "/item/0/linkId", _from="/item/0")],
    "the whole into itself": [step("move", "/whole", _from="")],
    "the whole away": [step("remove", "")],
    "a test of nothing": [step("test", "/language", value=None)],
    "a test that fails": [step("test", "/status", value=CANARY)],
    "true is no number": [step("test", "/0", value=1)],
    "a number is no text": [step("test", "/item/1/answer/0/valueDecimal", value="1.50")],
    "a longer list": [step("test", "/item", value=[*RESOURCE["item"], 1])],
    "another name": [step("test", "/item/0", value={"link": "a"})],
    "too deep": [step("copy", "/item/0/x", _from="")] * 30,
}
NO_STEPS: dict[str, list[Any]] = {
    "no object": ["remove"],
    "no op": [{"path": "/status"}],
    "an op that is none": [{"op": "delete", "path": "/status"}],
    "an op that is no text": [{"op": ["add"], "path": "/status"}],
    "no path": [{"op": "remove"}],
    "no pointer": [{"op": "remove", "path": CANARY}],
    "half an escape": [{"op": "remove", "path": "/a~2"}],
    "no value": [{"op": "add", "path": "/a"}],
    "nowhere from": [{"op": "copy", "path": "/a"}],
}


@pytest.mark.parametrize(("steps", "made"), TAKEN.values(), ids=TAKEN)
def test_steps_make_of_a_resource_what_they_say(steps: list[Step], made: object) -> None:
    before = deepcopy(RESOURCE)

    assert patched(RESOURCE, read_steps(steps)) == made
    assert before == RESOURCE


@pytest.mark.parametrize("steps", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_a_step_that_cannot_be_taken_ends_it_and_repeats_no_value(steps: list[Step]) -> None:
    with pytest.raises(RefusalError) as caught:
        patched(RESOURCE, read_steps([step("test", "/0", value=True), *steps]))

    assert caught.value.status == 422
    (issue,) = caught.value.issues
    assert (issue.code, CANARY in issue.text) == ("processing", False)
    assert issue.text.startswith("Step ")
    assert int(issue.text.removeprefix("Step ").partition(":")[0]) > 1


@pytest.mark.parametrize("steps", NO_STEPS.values(), ids=NO_STEPS)
def test_what_is_no_step_is_told_with_its_place(steps: list[Any]) -> None:
    with pytest.raises(RefusalError) as caught:
        read_steps([step("remove", "/status"), *steps, {}])

    assert caught.value.status == 400
    assert [issue.text[:7] for issue in caught.value.issues] == ["Step 2:", "Step 3:"]
    assert CANARY not in str(caught.value)


def test_what_would_grow_beyond_all_bounds_ends_where_it_would() -> None:
    wide = {"a": ["x" * 1000] * 100}
    doubling = [step("copy", f"/{number}", _from="/a") for number in range(MOST_STEPS)]

    with pytest.raises(RefusalError) as caught:
        patched(wide, read_steps(doubling))

    assert caught.value.status == 413
    with pytest.raises(RefusalError) as many:
        read_steps([*doubling, step("remove", "/a")])
    assert (many.value.status, many.value.issues[0].code) == (400, "too-costly")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"op": "remove", "path": "/a"}', "structure"),
        (b"[1, NaN]", "structure"),
        (b"[", "structure"),
        (b"\xff", "structure"),
        (b'[{"op": "add", "op": "test"}]', "structure"),
        (b"[" * 65 + b"]" * 65, "too-costly"),
    ],
)
def test_what_is_no_list_in_json_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(RefusalError) as caught:
        parse_list(body)

    assert (caught.value.status, caught.value.issues[0].code) == (400, code)


def test_numbers_keep_the_precision_that_they_are_given_with() -> None:
    (said,) = parse_list(b'[{"op": "add", "path": "/a", "value": 1.50}]')

    made = patched({}, read_steps([said]))

    assert str(made) == "{'a': Decimal('1.50')}"
