"""Which declared instrument a form of a database is taken for, and why it is not taken for one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from adapter.draft.project import ProjectField, ProjectForm
from adapter.draft.recognise import Near, Recognised, recognise
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping

INSTRUMENTS = Path(__file__).parents[3] / "mappings" / "instruments"
FREQUENCY = {"0": "Never", "1": "Some days", "2": "Most days", "3": "Always"}


@cache
def known() -> dict[str, Form]:
    forms: dict[str, Form] = {}
    for path in sorted(INSTRUMENTS.glob("*.yaml")):
        form, _, problems = read_mapping(path.read_text("utf-8"), path.name, Form)
        assert form is not None, problems
        forms[form.id] = form
    return forms


def choice(name: str, label: str = "", loinc: str = "", **codes: str) -> ProjectField:
    choices = {code.removeprefix("c"): words for code, words in codes.items()} or FREQUENCY
    return ProjectField(name, "choice", label, choices, loinc=(loinc,) if loinc else ())


def form(*fields: ProjectField, name: str = "questions") -> ProjectForm:
    return ProjectForm(name, name, fields)


def recognised(of: ProjectForm, *missing: str) -> Recognised:
    best, _ = recognise(of, known(), dict.fromkeys(missing, "blank"))
    assert best is not None
    return best


def near(of: ProjectForm, instrument: str) -> Near:
    best, nearly = recognise(of, known(), {})
    assert best is None or best.form != instrument
    return next(each for each in nearly if each.form == instrument)


@pytest.mark.parametrize(
    "pattern", ["phq9_{}", "PHQ9_0{}", "phq_9_{}", "phq-9-{}"], ids=["same", "0", "apart", "dash"]
)
def test_fields_that_are_called_as_the_items_are(pattern: str) -> None:
    found = recognised(form(*(choice(pattern.format(n)) for n in range(1, 10))))

    renamed = {f"phq9_{n}": pattern.format(n) for n in range(1, 10)}
    assert found.form == "phq-9"
    assert found.by == "name"
    assert found.fields == ({} if pattern == "phq9_{}" else renamed)


def test_fields_that_are_numbered_under_a_name_like_the_instrument_s() -> None:
    found = recognised(form(*(choice(f"gad{n}") for n in range(1, 8))))

    assert (found.form, found.by) == ("gad-7", "number")
    assert found.fields["gad7_3"] == "gad3"


def test_a_form_that_is_called_as_the_instrument_is_may_number_its_fields_as_it_likes() -> None:
    found = recognised(form(*(choice(f"q{n}") for n in range(1, 8)), name="GAD_7"))

    assert (found.form, found.by) == ("gad-7", "number")


@pytest.mark.parametrize("stem", ["q", "mood", "g"])
def test_a_number_alone_tells_nothing(stem: str) -> None:
    best, _ = recognise(form(*(choice(f"{stem}{n}") for n in range(1, 8))), known(), {})

    assert best is None


def test_codes_of_loinc_tell_an_item_whatever_the_field_is_called() -> None:
    codes = [item.codes[0].code for item in known()["gad-7"].items]
    fields = [choice(f"x{n}", loinc=code) for n, code in enumerate(codes)]

    found = recognised(form(*reversed(fields)))

    assert (found.form, found.by) == ("gad-7", "LOINC")
    assert found.fields["gad7_1"] == "x0"


def test_labels_tell_an_item_where_its_wording_is_shipped() -> None:
    texts = [item.text or "" for item in known()["gad-7"].items]
    begins = "Over the last 2 weeks, how often were you bothered by: "
    fields = [choice(f"x{n}", f"{begins}{text.upper()}?") for n, text in enumerate(texts)]

    assert (recognised(form(*fields)).form, recognised(form(*fields)).by) == ("gad-7", "wording")


def test_labels_that_number_the_items_tell_them() -> None:
    fields = [choice(f"x{n}", f"GAD-7 item {n}") for n in range(1, 8)]

    assert recognised(form(*fields)).form == "gad-7"


def test_what_the_instrument_does_not_read_is_named() -> None:
    date = ProjectField("asked_on", "date", "", {})

    found = recognised(form(*(choice(f"gad7_{n}") for n in range(1, 8)), date))

    assert found.left == ("asked_on",)


def test_an_optional_item_may_be_there_or_not() -> None:
    nine = [choice(f"phq9_{n}") for n in range(1, 10)]

    assert recognised(form(*nine)).left == ()
    assert recognised(form(*nine, choice("phq9_10"))).left == ()


def test_of_two_that_fit_the_one_that_reads_more_is_taken() -> None:
    fields = [
        *(choice(f"phq9_{n}") for n in range(1, 10)),
        *(choice(f"phq4_{n}") for n in range(1, 5)),
    ]

    assert recognised(form(*fields)).form == "phq-9"


def test_a_total_is_told_by_the_name_of_its_field() -> None:
    total = ProjectField("BDI_total", "integer", "", {})

    found = recognised(form(total))

    assert (found.form, found.fields) == ("bdi", {"bdi_total": "BDI_total"})


def test_other_codes_than_the_declared_ones_are_told() -> None:
    fields = [choice(f"gad7_{n}", c1="a", c2="b", c3="c", c4="d") for n in range(1, 8)]

    assert "4" in near(form(*fields), "gad-7").why


def test_a_code_for_a_missing_answer_is_no_other_code() -> None:
    codes = {f"c{code}": label for code, label in FREQUENCY.items()} | {"c99": "Refused"}
    fields = [choice(f"gad7_{n}", **codes) for n in range(1, 8)]

    assert "99" in near(form(*fields), "gad-7").why
    assert recognised(form(*fields), "99").form == "gad-7"


def test_an_item_that_is_not_there_is_told() -> None:
    why = near(form(*(choice(f"gad7_{n}") for n in range(1, 7))), "gad-7").why

    assert why == "no field was found for gad7_7"
