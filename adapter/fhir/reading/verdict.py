"""What a QuestionnaireResponse says, and all that is wrong with it, before anything is stored.

First R4's own rules, then those of the form: known link ids in the form's order, each once; answers
of the item's type, among its options and within its bounds; one answer unless the item repeats, and
none to an item that was not asked (`enableWhen`); and when the form was sent, every answer that is
required. Items below items are read and told: our forms are flat. SDC asks for the options and the
bounds of a draft only when it is sent; here they must hold at once, because a Response holds typed
answers alone.

Not judged: where references lead.

Source: https://hl7.org/fhir/R4/questionnaireresponse.html and SDC, "Form validation"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.fhir.check import find_faults
from adapter.fhir.identity import PROJECT, questionnaire_url
from adapter.fhir.issue import Issue, has_errors
from adapter.fhir.reading.answer import Node
from adapter.fhir.reading.findings import Findings
from adapter.fhir.reading.items import ROOT, Items, Total, read_items, require_answers
from adapter.instruments.answer import Answer
from adapter.instruments.form import Form
from adapter.instruments.response import SCORED

_FORMS = f"{PROJECT}/Questionnaire/"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was read, and every issue: R4's first, then the form's in the order of the resource.

    `answers` is by link id in the form's order, `totals` by scale id: what the form's renderer
    computed, which is never a score. Both are to be relied on only where `is_valid`.
    """

    form: Form | None
    answers: Mapping[str, Answer]
    totals: Mapping[str, Total]
    issues: tuple[Issue, ...]

    @property
    def is_valid(self) -> bool:
        """Whether the response may be taken."""
        return not has_errors(self.issues)


def validate_response(resource: Node, forms: Mapping[str, Form]) -> Verdict:
    """Judges a response by the form, among `forms` by id, that its `questionnaire` names."""
    found = Findings()
    found.add_faults(find_faults(resource))
    is_sent = resource.get("status") in SCORED
    if "subject" not in resource:
        found.error("required", f"{ROOT}.subject", "the person it is about", "nobody")
    if is_sent and "authored" not in resource:
        found.warning("required", f"{ROOT}.authored", "when it was answered", "no time")
    form = _form_of(resource, forms, found)
    items = read_items(resource, form, found) if form else Items()
    if form and is_sent:
        require_answers(form, items.answers, found)
    return Verdict(form, items.answers, items.totals, tuple(found.issues))


def _form_of(resource: Node, forms: Mapping[str, Form], found: Findings) -> Form | None:
    """The form whose Questionnaire was answered; a response to none of them cannot be read."""
    place = f"{ROOT}.questionnaire"
    canonical = resource.get("questionnaire")
    if not isinstance(canonical, str):
        found.error("required", place, "the canonical of a Questionnaire", "none")
        return None
    url, _, version = canonical.partition("|")
    form = forms.get(url.removeprefix(_FORMS))
    if form is None or questionnaire_url(form) != url or not _has_questionnaire(form):
        found.error("not-found", place, "a Questionnaire that is known here", "another one")
        return None
    if not version:
        expected = f"`{url}|{form.published_version}`"
        found.warning("business-rule", place, expected, "a canonical without a version")
    elif version not in {form.published_version, form.version}:
        found.error(
            "not-found", place, f"`{url}|{form.published_version}`", "another version of it"
        )
        return None
    return form


def _has_questionnaire(form: Form) -> bool:
    return bool(form.items) and form.kind != "adverse-event"
