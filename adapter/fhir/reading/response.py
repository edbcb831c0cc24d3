"""A QuestionnaireResponse as the Response that it says.

It cannot say all: the participant stands behind a pseudonymous id, timepoint and repeat behind a
keyed hash, and where it came from is nowhere in it. Who reads it has to know these: who is who as
a mapping, the rest as an `Occasion`. A subject that the mapping does not know is never guessed. Nor
does it hold a total that the trial reports beside the answers; no shipped form has both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.errors import AnswerError, Origin, Problem
from adapter.fhir.issue import Issue
from adapter.fhir.questionnaire_response import UNVERIFIED
from adapter.fhir.reading.answer import Node
from adapter.fhir.reading.findings import Findings
from adapter.fhir.reading.items import ROOT, glimpse_items
from adapter.fhir.reading.migration import migrated
from adapter.fhir.reading.verdict import Verdict, validate_response
from adapter.instruments.form import Form
from adapter.instruments.glimpse import Glimpse, as_asked
from adapter.instruments.response import Response


@dataclass(frozen=True, slots=True)
class Occasion:
    """When in the trial a form was answered, and where the response to it was got."""

    timepoint: str
    repeat: int | None
    origin: Origin


class UnfitResponseError(AnswerError):
    """A QuestionnaireResponse that cannot be taken; `issues` are all, warnings included."""

    def __init__(self, issues: tuple[Issue, ...], origin: Origin) -> None:
        """Says each issue as a problem of the origin, too."""
        problems = (
            Problem(
                origin, issue.expression, issue.expected, issue.found, issue.action, issue.severity
            )
            for issue in issues
        )
        super().__init__("The response does not fit its Questionnaire.", tuple(problems))
        self.issues = issues


def read_response(
    resource: Node,
    forms: Mapping[str, Form],
    participants: Mapping[str, str],
    occasion: Occasion,
) -> Response:
    """The response in a QuestionnaireResponse that passed `adapter.fhir.r4.read_resource`.

    Args:
        resource: The QuestionnaireResponse, of our builders or of any other renderer. One to an
            earlier version is read by what the form says of it; issues then name the places of the
            migrated one.
        forms: The forms by id.
        participants: Who is meant, by `subject.reference`, or by `system|value` where the subject
            is told by its identifier alone.
        occasion: What the resource cannot say.

    Raises:
        UnfitResponseError: With everything that is wrong with it.
    """
    present = migrated(resource, forms)
    return as_response(present, validate_response(present, forms), participants, occasion)


def as_response(
    resource: Node,
    verdict: Verdict,
    participants: Mapping[str, str],
    occasion: Occasion,
) -> Response:
    """The response of a resource that was judged already; otherwise as `read_response`."""
    participant = participants.get(_subject_of(resource))
    issues = verdict.issues
    if participant is None and "subject" in resource:
        found = Findings()
        found.error("not-found", f"{ROOT}.subject", "a person who is known here", "somebody else")
        issues = (*issues, *found.issues)
    if participant is None or verdict.form is None or not verdict.is_valid:
        raise UnfitResponseError(issues, occasion.origin)
    return Response(
        form=verdict.form,
        participant=participant,
        timepoint=occasion.timepoint,
        repeat=occasion.repeat,
        status=resource["status"],
        authored=resource.get("authored"),
        answers=verdict.answers,
        totals={},
        origin=occasion.origin,
        is_verified=UNVERIFIED not in resource.get("extension", ()),
    )


def glimpse_response(
    resource: Node, forms: Mapping[str, Form], participant: str, occasion: Occasion
) -> Glimpse | None:
    """What can be read of a response that may not fit its form; None where no form is known to it.

    It is for who watches for safety signals, and for nobody else.
    """
    present = migrated(resource, forms)
    form = validate_response(present, forms).form
    if form is None:
        return None
    answers, unread = glimpse_items(present, form)
    return Glimpse(
        Response(
            form=form,
            participant=participant,
            timepoint=occasion.timepoint,
            repeat=occasion.repeat,
            status=resource["status"],
            authored=resource.get("authored"),
            answers=as_asked(form, answers),
            totals={},
            origin=occasion.origin,
        ),
        unread,
    )


def _subject_of(resource: Node) -> str:
    subject = resource.get("subject", {})
    identifier = subject.get("identifier", {})
    named = f"{identifier.get('system', '')}|{identifier.get('value', '')}"
    return str(subject.get("reference", named))
