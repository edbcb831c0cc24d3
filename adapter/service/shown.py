"""What an operator may be shown of a clinic: all of it, or what would be the same in either arm.

A trial's data manager is often blinded. Counts of what one arm alone has would tell them the arm,
and so would the count of an adverse event's versions where a clinic is told what it is put down to.
So they are shown what belongs to forms that are named here as telling nothing; whatever else there
is, now or later, is not counted, not listed, and leaves no gap in an order or a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from adapter.ingest.standing import Standing, kept_back_signals
from adapter.ingest.written import writer
from adapter.release import CARE, PARTICIPATION, SAFETY
from adapter.release.blinding import reveals_allocation
from adapter.service.running import Service
from adapter.store.audit import DECISIONS, Act

Forms = frozenset[str] | None
"""The forms of which somebody may be shown what belongs to them; None for all that there is."""
_OF_PEOPLE = frozenset({"link", "withdraw", "retry", "take", "leave"})


def forms_shown(service: Service, name: str, *, is_unblinded: bool) -> Forms:
    """The forms of a clinic, or of a client that writes, that somebody may be shown.

    Of what everybody gets who is blinded, adverse events are part: as they leave, they tell
    nothing. Where the receiver may know anybody's arm, they are left out.
    """
    if is_unblinded:
        return None
    study, is_blinded = service.trial.study, _is_blinded(service, name)
    known = {
        placed.form
        for placed in study.forms
        if not reveals_allocation(study, placed.form)
        and (is_blinded or service.trial.forms[placed.form].kind != "adverse-event")
    }
    signals = {f"{SAFETY}{form}" for form in known}
    of_care = {f"{CARE}{rule.type}" for rule in study.from_care}
    # What belongs to no form: the study itself, and what nobody could put in its place yet.
    more = {"", *of_care} if is_blinded else set[str]()
    return frozenset({PARTICIPATION, *known, *signals, *more})


def may_know_form(service: Service, *, is_unblinded: bool) -> Callable[[str], bool]:
    """Whether somebody may know of safety signals of a form, and of what may hold some.

    What is of no form that is known may be of one that tells the arm.
    """
    study = service.trial.study
    return lambda form: is_unblinded or (bool(form) and not reveals_allocation(study, form))


def signals_kept_back(service: Service, *, is_unblinded: bool) -> Iterator[Standing]:
    """The safety signals of what was not taken in that somebody may know of."""
    shown = may_know_form(service, is_unblinded=is_unblinded)
    found = kept_back_signals(service.database.read(), service.trial.study)
    return (each for each in found if shown(each.form))


def is_shown(service: Service, act: Act) -> bool:
    """Whether a line of the audit log may be shown to an operator who is blinded.

    What people did to everybody alike, and what the gate decided for those who are blinded, too.
    Who was unblinded, and who has seen a signal that may belong to one arm, is left out.
    """
    if act.action in DECISIONS:
        return _is_blinded(service, act.clinic)
    return act.action in _OF_PEOPLE


def _is_blinded(service: Service, name: str) -> bool:
    """Whether a clinic or a client must not know the arm, and was told it of nobody."""
    if service.audit.has_unblinded(name):
        return False
    serve = service.settings.serve
    known = {clinic.name: clinic.profile.unblinded for clinic in service.clinics}
    known |= {writer(each.id): each.unblinded for each in (serve.clients if serve else ())}
    return not known.get(name, True)
