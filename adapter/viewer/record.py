"""What the resources of one patient say, put in the order in which a clinician reads it.

The resources may come from anywhere; a score counts where its code is one of an instrument that is
known here. What was entered in error is as if it had never been. Nothing is computed anew but the
change, so that the page and the resources cannot disagree on a score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from typing import Any

from adapter.fhir.answerer import who_answered
from adapter.fhir.identity import code_system
from adapter.instruments.form import Form, Scale
from adapter.scoring.change import Change, change_since
from adapter.viewer.meaning import (
    ANOTHER_VERSION,
    NO_BASELINE,
    UNKNOWN_RULES,
    VERDICTS,
    Meaning,
    meaning_of,
)
from adapter.viewer.moments import day_of, in_order, in_zone
from adapter.viewer.point import Answers, Point, id_in, read_point, response_of
from adapter.viewer.safety import Event, Signal, read_events, read_signals

Resource = dict[str, Any]
Alike = Callable[[str, str, tuple[str, str]], bool]
"""Whether two versions of a form (first) give a score (second) by the same rule."""
_OWN = code_system("score")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scale's scores, the oldest first, and what the last change means.

    `baseline` is what the latest score is compared with; both are None where there is no score.
    `is_since_baseline`: a change that the trial computed names it; else it is the first score here.
    """

    form: Form
    scale: Scale
    points: tuple[Point, ...]
    baseline: Point | None
    latest: Point | None
    change: Change | None
    meaning: Meaning
    is_since_baseline: bool = False

    @property
    def compared_with(self) -> str:
        """What the later scores are compared with, in words."""
        return "baseline" if self.is_since_baseline else "first score here"

    @property
    def is_newest_absent(self) -> bool:
        """Whether the newest score is not known here, so that an older one stands."""
        return self.points[-1].value is None


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """All that the page shows of one patient.

    `outcomes` are the scales whose change counts, `others` those beside them by form id, and
    `answers` the responses by id.
    """

    outcomes: tuple[Outcome, ...]
    others: Mapping[str, tuple[Outcome, ...]]
    events: tuple[Event, ...]
    signals: tuple[Signal, ...]
    answers: Mapping[str, Answers]

    @property
    def days(self) -> tuple[date, date] | None:
        """The first and the last day that anything is known of, None where nothing is."""
        known = [point.day for outcome in self.outcomes for point in outcome.points]
        known += [day for event in self.events for day in (day_of(event.start), day_of(event.end))]
        days = sorted(day for day in known if day is not None)
        return (days[0], days[-1]) if days else None


def read_record(
    resources: Iterable[Resource],
    forms: Mapping[str, Form],
    zone: tzinfo,
    alike: Alike | None = None,
    *,
    is_whole: bool = False,
) -> PatientRecord:
    """What resources of one patient say, by the instruments that are known here.

    Whatever zone a time is told in, it is read as the clocks of `zone` told it. A score by an
    earlier version counts as one by the present where both are `alike`. `is_whole`: they are all
    that the trial holds, so that a change that is not among them was not computed.
    """
    standing = [each for each in resources if each.get("status") != "entered-in-error"]
    answers = {
        each["id"]: _answers(each, zone)
        for each in standing
        if each["resourceType"] == "QuestionnaireResponse"
    }
    observations = [each for each in standing if each["resourceType"] == "Observation"]
    told = _changes(observations, is_whole=is_whole)
    found: dict[tuple[str, str], list[Point]] = {}
    known = _scales(forms)
    for each in observations:
        place = _place(each, known, answers)
        if place is not None:
            found.setdefault(place, []).append(read_point(each, answers, zone))
    read = [
        _outcome(form, scale, _as_now(form, scale, found[form.id, scale.id], alike), told)
        for form in forms.values()
        for scale in form.scales
        if (form.id, scale.id) in found
    ]
    main = [each for each in read if _is_main(each)]
    order = list(VERDICTS)
    return PatientRecord(
        outcomes=tuple(sorted(main, key=lambda each: order.index(each.meaning.verdict))),
        others={
            each.form.id: tuple(
                other for other in read if other.form.id == each.form.id and not _is_main(other)
            )
            for each in main
        },
        events=read_events(standing, zone),
        signals=read_signals(standing, zone),
        answers=answers,
    )


@dataclass(frozen=True, slots=True)
class _Changes:
    """The changes that the trial computed: which score each later one was compared with, by id.

    `responses` are the ids of the answers behind the scores at baseline. `are_whole`: there is no
    other change.
    """

    baselines: Mapping[str, str]
    responses: frozenset[str]
    are_whole: bool


def _is_main(outcome: Outcome) -> bool:
    """Whether a scale has a row of its own: its change counts, or its form has no such scale."""
    tracked = [each.id for each in outcome.form.scales if _is_tracked(each)]
    return outcome.scale.id in (tracked or [outcome.form.scales[0].id])


def _is_tracked(scale: Scale) -> bool:
    """Whether the trial computes its change since baseline."""
    return bool(scale.change or scale.observe_change)


def _as_now(form: Form, scale: Scale, points: list[Point], alike: Alike | None) -> list[Point]:
    """The points, under the present version where what they were scored by is still the rule."""
    now = form.version
    return [
        replace(each, version=now)
        if alike and alike(form.id, scale.id, (each.version, now))
        else each
        for each in points
    ]


def _outcome(form: Form, scale: Scale, points: list[Point], told: _Changes) -> Outcome:
    ordered = tuple(sorted(points, key=lambda point: (in_order(point.at), point.id)))
    scored = [point for point in ordered if point.value is not None]
    if not scored:
        short = "not read" if ordered[-1].is_unread else "not scored"
        return Outcome(form, scale, ordered, None, None, None, Meaning("first", short))
    dated = [point for point in scored if point.at] or scored[-1:]
    latest = dated[-1]
    baseline = _baseline(scale, scored, told)
    first = baseline or dated[0]
    change = None
    if first is latest:
        meaning = Meaning("first")
    elif first.version != latest.version:
        meaning = Meaning("not-judged", "other scoring rules", (ANOTHER_VERSION,))
    else:
        change = _change(scale, first, latest)
        is_known = latest.version.partition("+")[0] == form.version
        if not is_known:
            meaning = Meaning("not-judged", "other scoring rules", (UNKNOWN_RULES,))
        elif told.are_whole and baseline is None and _is_tracked(scale):
            meaning = Meaning("not-judged", "no score at baseline", (NO_BASELINE,))
        else:
            meaning = meaning_of(change)
    compared = tuple(_since(scale, first, point) for point in ordered)
    return Outcome(form, scale, compared, first, latest, change, meaning, baseline is not None)


def _baseline(scale: Scale, scored: list[Point], told: _Changes) -> Point | None:
    """The score at baseline, None where no change that the trial computed tells which one it is.

    Of a scale whose change nobody follows it is that of the answers behind a baseline beside it.
    """
    since = told.baselines
    named = next((since[each.id] for each in reversed(scored) if each.id in since), "")
    baseline = next((each for each in scored if each.id == named), None)
    if baseline is not None or _is_tracked(scale):
        return baseline
    return next((each for each in reversed(scored) if each.response in told.responses), None)


def _change(scale: Scale, first: Point, later: Point) -> Change:
    assert first.value is not None  # noqa: S101 - both are scored
    assert later.value is not None  # noqa: S101
    return change_since(scale, first.value, later.value)


def _since(scale: Scale, first: Point, point: Point) -> Point:
    is_later = in_order(point.at) > in_order(first.at) and point.version == first.version
    if point.value is None or not is_later:
        return point
    return replace(point, since=_change(scale, first, point).points)


def _changes(observations: list[Resource], *, is_whole: bool) -> _Changes:
    baselines = dict(_baselines(observations))
    first = set(baselines.values())
    responses = {response_of(each) for each in observations if each.get("id") in first}
    return _Changes(baselines, frozenset(responses - {""}), is_whole)


def _baselines(observations: list[Resource]) -> Iterator[tuple[str, str]]:
    """Which score each later score was compared with, by id: an Observation of change says it."""
    for each in observations:
        rests_on = [id_in(said) for said in each.get("derivedFrom", ())]
        is_change = any(
            said.get("system") == _OWN and said.get("code", "").endswith("-change")
            for said in each.get("code", {}).get("coding", ())
        )
        if is_change and len(rests_on) == len(("baseline", "later")):
            yield rests_on[1], rests_on[0]


def _scales(forms: Mapping[str, Form]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Form and scale by system and code; a code that instruments share gives several."""
    known: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for form in forms.values():
        for scale in form.scales:
            own = (_OWN, f"{form.id}-{scale.id}")
            for code in (own, *((each.url, each.code) for each in scale.codes)):
                known.setdefault(code, []).append((form.id, scale.id))
    return known


def _place(
    observation: Resource,
    known: Mapping[tuple[str, str], list[tuple[str, str]]],
    answers: Mapping[str, Answers],
) -> tuple[str, str] | None:
    """Which score of which form it is; None where no code, or no code alone, tells."""
    codings = observation.get("code", {}).get("coding", ())
    found = [known.get((each.get("system", ""), each.get("code", "")), []) for each in codings]
    certain = [places[0] for places in found if len(places) == 1]
    if certain:
        return certain[-1]
    response = answers.get(response_of(observation))
    form = response.form if response else ""
    return next((place for places in found for place in places if place[0] == form), None)


def _answers(response: Resource, zone: tzinfo) -> Answers:
    at = in_zone(response.get("authored", ""), zone)
    return Answers(response["id"], _form_of(response), at, who_answered(response), response)


def _form_of(response: Resource) -> str:
    return str(response.get("questionnaire", "")).partition("|")[0].rpartition("/")[2]
