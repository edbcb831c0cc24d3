"""Responses that nobody thought of, to every shipped form that is asked as a Questionnaire."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from adapter.errors import Origin
from adapter.fhir.identity import Identity, reference
from adapter.fhir.reading import Occasion
from adapter.instruments.fields import checkbox_column
from adapter.instruments.response import Record, Response, ResponseStatus, parse_response
from tests.forms import FORMS, form_of, study_with
from tests.unit.instruments.every_type import EVERY_TYPE

if TYPE_CHECKING:
    from adapter.instruments.form import Form, Item

ASKED: dict[str, Form] = {
    name: form for name, form in FORMS.items() if form.items and form.kind != "adverse-event"
}
EVERY_ITEM_OBSERVED = EVERY_TYPE.replace("\nitems:", "\neach: {observe: true}\nitems:")
ALL = {**ASKED, "every-type": form_of(EVERY_ITEM_OBSERVED)}
OBSERVED = {name: form for name, form in ALL.items() if form.scales}
"""The forms that Observations come of."""
STUDY = study_with(*ALL)
IDENTITY = Identity(STUDY, b"synthetic people need no secret")
PEOPLE = ("1001", "1002")
PARTICIPANTS = {reference("Patient", IDENTITY.patient(who))["reference"]: who for who in PEOPLE}
MISSING = list(STUDY.missing_codes)
BLANK = ""
MOMENTS = ("", "2023-04-02", "2023-04-02 02:30:00", "2024-02-29 23:59:59", "2023-10-01 12:00")
STATUSES: tuple[ResponseStatus, ...] = (
    "in-progress",
    "completed",
    "amended",
    "entered-in-error",
    "stopped",
)


def occasion_of(response: Response) -> Occasion:
    """What the QuestionnaireResponse of a response cannot say."""
    return Occasion(response.timepoint, response.repeat, response.origin)


def raw_answers(item: Item, form: Form) -> st.SearchStrategy[str]:
    """All that the source may hold for an item that was answered."""
    if offered := form.offered(item):
        return st.sampled_from([option.value for option in offered])
    low = -99 if item.min is None else int(item.min)
    high = low + 200 if item.max is None else int(item.max)
    letters = st.characters(codec="utf-8", exclude_categories=["C", "Z"])
    text = st.text(letters, min_size=1)
    by_type = {
        "boolean": st.sampled_from(["0", "1"]),
        "integer": st.integers(low, high).map(str),
        # -0.00 is no number that anybody writes
        "decimal": st.decimals(low, high, places=2).filter(bool).map(str),
        "date": st.dates().map(str),
        "dateTime": st.sampled_from(MOMENTS[1:]),
        "time": st.times().map(lambda time: time.isoformat("minutes")),
        "string": text,
        "text": text,
    }
    return by_type[item.type]


def as_asked(form: Form, values: dict[str, str]) -> dict[str, str]:
    """The values without those of items that another's answer spares."""
    kept = dict(values)
    for item in form.items:
        if item.asked_if is None:
            continue
        said = kept.get(form.item(item.asked_if.item).field, BLANK)
        is_asked = said not in {BLANK, *MISSING} and item.asked_if.equals in {None, said}
        kept[item.field] = kept.get(item.field, BLANK) if is_asked else BLANK
    return kept


@functools.cache
def raw_values(form: Form) -> st.SearchStrategy[dict[str, str]]:
    """What the source holds: answers, gaps and missing-data codes, mixed."""
    fields: dict[str, st.SearchStrategy[str]] = {}
    for item in form.items:
        if item.repeats:
            boxes = [checkbox_column(item.field, option.value) for option in form.offered(item)]
            fields.update(dict.fromkeys(boxes, st.sampled_from(["0", "1"])))
        else:
            gap = st.sampled_from([BLANK, *MISSING])
            answer = raw_answers(item, form)
            fields[item.field] = st.one_of(answer, answer, answer, gap)
    return st.fixed_dictionaries(fields).map(functools.partial(as_asked, form))


@functools.cache
def responses(
    name: str, statuses: tuple[ResponseStatus, ...] = STATUSES
) -> st.SearchStrategy[Response]:
    """Responses to one form, of any person, status, time and state of verification."""
    form = ALL[name]

    def read(drawn: tuple[dict[str, str], str, str, str, int | None, ResponseStatus]) -> Response:
        values, participant, completed_at, complete, repeat, status = drawn
        record = Record(
            participant=participant,
            event="week_0_arm_1",
            form=form.id,
            repeat=repeat,
            values={field: raw for field, raw in values.items() if raw},
            origin=Origin("records.csv", 2, participant, "week_0_arm_1"),
            complete=complete,
            completed_at=completed_at,
        )
        response = parse_response(record, form, STUDY, status)
        assert response is not None
        return response

    drawn = st.tuples(
        raw_values(form).filter(lambda values: bool(set(values.values()) - {BLANK, "0"})),
        st.sampled_from(PEOPLE),
        st.sampled_from(MOMENTS),
        st.sampled_from(["1", "2"]),
        st.sampled_from([None, 1, 2]),
        st.sampled_from(statuses),
    )
    return drawn.map(read)
