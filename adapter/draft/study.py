"""A first draft of a study file and of adapter.toml.

What the database says of itself stands in it. What only people know is left out, with a comment
that says what to write; `adapter check` names each word that is still missing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from adapter.draft.project import Project, ProjectEvent, ProjectField, ProjectForm, slug
from adapter.draft.words import comment, listed, quoted, scalar

_AGREES = re.compile(r"consent|agree|permission|withdr", re.IGNORECASE)
_ENROLS = re.compile(r"enrol|consent|signed|random", re.IGNORECASE)
_ENDS = re.compile(r"off.?study|complet|left|last|end", re.IGNORECASE)
_WITHDRAWS = re.compile(r"withdr|revo[ck]", re.IGNORECASE)  # the day of a consent's end, no other
_BLANK = re.compile(
    r"\b(?:missing|unknown|not (?:asked|applicable|known|done|reported)|refused|declined"
    r"|prefer not|no answer|don.?t know|n/?a)\b",
    re.IGNORECASE,
)
# FHIR's data-absent reason for the codes that REDCap suggests, which are HL7's null flavours; from
# memory, unverified.
_REASONS = {
    "NI": "unknown",
    "INV": "error",
    "UNK": "unknown",
    "NASK": "not-asked",
    "ASKU": "asked-unknown",
    "NAV": "temp-unknown",
    "MSK": "masked",
    "NA": "not-applicable",
    "NAVU": "unknown",
    "NP": "unknown",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A form in the study: which declaration reads it, with renames and a remark."""

    form: str
    source_form: str
    fields: Mapping[str, str]
    remark: str
    is_draft: bool = False


def draft_study(
    project: Project, study_id: str, placed: Iterable[Placed], left_out: Mapping[str, str]
) -> str:
    """The text of a study file. It lacks its base, status and time zone."""
    points, known = _timepoints(project), list(placed)
    lines = [
        comment(
            f"Drafted from {project.file}. What is left to fill in is told by `adapter check`."
        ),
        "# Words are defined in mappings/README.md.",
        "kind: study",
        f"id: {scalar(study_id)}",
        'version: "0.1.0"',
        f"title: {scalar(project.title or study_id)}",
        f"source: {quoted(f'the structure in {project.file}; name the protocol here')}",
        "# base: fill in the root of the study's own identifier systems, as https://trial.org/fhir",
        "# status: fill in one of FHIR's: in-review, approved, active, completed, ...",
        "# timezone: fill in the zone of the source's local times, such as Australia/Sydney",
        f"record_id: {scalar(project.record_id)}",
        *_missing_codes(project, {each.source_form for each in known if not each.is_draft}),
        "timepoints:",
        *(line for point, event in points for line in _timepoint(point, event)),
        "# baseline: the timepoint that later scores are compared with",
        *_participant(project),
        *_consents(project),
        *_forms(project, known, points),
        "# therapy: fill in its title where a form asks how far an event is related to it",
    ]
    if left_out:
        lines += [
            "not_mapped:",
            *(f"  {scalar(name)}: {quoted(why)}" for name, why in left_out.items()),
        ]
    return "\n".join(lines) + "\n"


def draft_settings(project: Project) -> str:
    """The text of adapter.toml."""
    lines = [
        'study = "study.yaml"',
        'instruments = "instruments"',
        'ledger = "ledger.sqlite"',
        'crosswalk = "crosswalk.sqlite"',
        "# Encrypts the crosswalk; made beside this file, and better kept elsewhere.",
        'crosswalk_key_file = "crosswalk.key"',
        "# The key that ids are derived from, 16 to 64 bytes that nobody can guess; keep it.",
        'key_env = "ADAPTER_STUDY_KEY"',
        "",
        "[[sources]]",
        *(f"{word} = {quoted(value)}" for word, value in project.source.items()),
        "# as_of = 2025-01-31T17:00:00+10:00    when it was exported; left out: now",
        "# missing_limit = 5                    so many records may be gone and are retracted",
        "",
        "# [[clinics]]",
        '# profile = "clinics/my-clinic.yaml"',
        '# url = "https://fhir.example.org/r4"',
    ]
    return "\n".join(lines) + "\n"


def _timepoints(project: Project) -> list[tuple[str, ProjectEvent]]:
    """Every event with the id of its timepoint; one without a name where the source has none."""
    taken: list[str] = []
    points = []
    for event in project.events or (ProjectEvent(("",), "All"),):
        taken.append(slug(event.title, taken))
        points.append((taken[-1], event))
    return points


def _timepoint(point: str, event: ProjectEvent) -> Iterator[str]:
    said = [f"id: {scalar(point)}", f"title: {scalar(event.title)}"]
    if event.day is not None:
        said.append(f"week: {event.day // 7}")
    if event.names != ("",):
        name = scalar(event.names[0]) if len(event.names) == 1 else listed(event.names)
        said.append(f"event: {name}")
    if event.day is not None and event.closes_days is not None:
        said.append(f"closes_days: {event.closes_days}")
    yield f"  - {{{', '.join(said)}}}"
    if event.is_repeating:
        yield "    # it repeats: to compare its repeats, make each a timepoint, `event: NAME[KEY]`"


def _missing_codes(project: Project, recognised: Collection[str]) -> Iterator[str]:
    """The project's codes for missing answers; where it has none, what looks like some.

    What a recognised form offers is no blank: its declaration says what it is.
    """
    if project.missing_codes:
        yield "missing_codes:   # reasons from memory of HL7's null flavours: check them"
        for code, label in project.missing_codes.items():
            reason = _REASONS.get(code.upper())
            line = f"{quoted(code)}: {reason or 'unknown'}"
            yield f"  {line}   {comment(label)}" if reason else f"  {comment(f'{line} ({label})')}"
        return
    seen: dict[str, str] = {}
    for form in project.forms:
        for each in form.fields if form.name not in recognised else ():
            for code, label in each.choices.items():
                if _BLANK.search(label):
                    seen.setdefault(code, each.name)
    if seen:
        yield "# missing_codes: fill in which codes mean that nobody answered; these may be some:"
        for code, name in seen.items():
            yield f"#   {quoted(code)}: unknown   {comment(f'a choice of {name}')}"
    else:
        yield "# missing_codes: fill in the project's missing-data codes, if it has any"


def _participant(project: Project) -> Iterator[str]:
    form = project.forms[0] if project.forms else None
    is_first = form is not None and any(each.name == project.record_id for each in form.fields)
    yield "participant:"
    if form is not None and is_first:
        yield f"  form: {scalar(form.name)}"
    else:
        yield "  # form: fill in the form with the trial's facts about a person"
    for word, pattern in (("enrolled", _ENROLS), ("completed", _ENDS)):
        days = [
            each.name
            for each_form in project.forms
            for each in each_form.fields
            if each.type in {"date", "dateTime"} and _is_named(each, pattern)
        ]
        if days:
            yield f"  # {word}: fill in a column of that form; it may be {', '.join(days[:3])}"
    yield "  identifiers: {}   # fill in the numbers by which a clinic may know a person"


def _is_named(each: ProjectField, pattern: re.Pattern[str]) -> bool:
    """Whether a day seems to be one of these, and not that on which somebody withdrew."""
    said = f"{each.name} {each.label}"
    return bool(pattern.search(said)) and not _WITHDRAWS.search(said)


def _consents(project: Project) -> Iterator[str]:
    yield "# consents: fill in what people agree to; nothing leaves without one for its purpose"
    for form in project.forms:
        for each in form.fields:
            if is_agreement(each):
                codes = ", ".join(each.choices) or "1, 0"
                yield f"#   {comment(f'perhaps {form.name}: {each.name}, codes {codes}')[2:]}"


def is_agreement(each: ProjectField) -> bool:
    """Whether a field seems to say what somebody agreed to, or withdrew."""
    return each.type in {"choice", "choices"} and bool(_AGREES.search(f"{each.name} {each.label}"))


def _forms(
    project: Project, placed: Collection[Placed], points: list[tuple[str, ProjectEvent]]
) -> Iterator[str]:
    by_name: dict[str, ProjectForm] = {form.name: form for form in project.forms}
    yield "# a form that shows who got the therapy says so: `reveals_allocation: true`"
    yield "forms:" if placed else "forms: []"
    for each in placed:
        asked = by_name[each.source_form].events
        at = [point for point, event in points if set(asked).intersection(event.names)]
        if each.remark:
            yield f"  {comment(each.remark)}"
        if not at:
            at = [point for point, _ in points]
            if len(at) > 1:
                yield "  # when it is asked is not known: strike out timepoints at which it is not"
        said = [
            f"form: {scalar(each.form)}",
            f"source_form: {scalar(each.source_form)}",
            f"at: {listed(at)}",
        ]
        if each.fields:
            renames = ", ".join(f"{scalar(a)}: {scalar(b)}" for a, b in each.fields.items())
            said.append(f"fields: {{{renames}}}")
        yield f"  - {{{', '.join(said)}}}"
