"""By which rung a clinic gets the outcomes of a form: the highest one that it accepts, and why.

A rung is passed over where the profile gives no means for it, or the record system's own statement
does not offer what it needs. The last rung of a ladder is taken whatever the statement says, for
something has to be tried: `adapter check --online` tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapter.instruments.form import Form
from adapter.release import Receiver
from adapter.release.receiver import Taking
from adapter.sync.capability import WRITES, Capability
from adapter.sync.profile import DOCUMENTED, ClinicProfile, How, Rung

DOCUMENT = "DocumentReference"
_ANSWERS = ("QuestionnaireResponse", "Observation")
_EVENTS = ("AdverseEvent",)


@dataclass(frozen=True, slots=True)
class Choice:
    """The rung for a form, why it is this one, and a second one where the profile asks for it."""

    rung: Rung
    reason: str
    also: Rung | None = None

    @property
    def rungs(self) -> frozenset[str]:
        """Both of them, or the one."""
        return frozenset(filter(None, (self.rung, self.also)))


def choose(profile: ClinicProfile, capability: Capability | None, form: Form) -> Choice:
    """The rung by which a clinic gets a form's outcomes; `capability` None: it told nothing."""
    passed: list[str] = []
    for rung in profile.ladder:
        obstacle = _obstacle(rung, profile, capability, form)
        if obstacle is None:
            reason = "; ".join([*passed, f"{rung}: the highest that it accepts"])
            return Choice(rung, reason, _also(profile, rung))
        passed.append(f"not {rung}: {obstacle}")
    last = profile.ladder[-1]
    reason = "; ".join([*passed, f"{last} all the same: the last of its ladder"])
    return Choice(last, reason, _also(profile, last))


def why_not(
    rung: Rung, profile: ClinicProfile, capability: Capability | None, form: Form
) -> str | None:
    """Why a form's outcomes cannot go by a rung that the profile names, None where they can."""
    if rung not in {*profile.ladder, *profile.also}:
        return "the profile does not name it"
    return _obstacle(rung, profile, capability, form)


def choose_all(
    profile: ClinicProfile, capability: Capability | None, forms: Iterable[Form]
) -> dict[str, Choice]:
    """The choice for each form, by its id."""
    return {form.id: choose(profile, capability, form) for form in forms}


def common_rung(profile: ClinicProfile, capability: Capability | None) -> Rung | None:
    """The rung for what belongs to no form; None where the clinic takes no such thing."""
    if not profile.accepts:
        return None
    is_offered = capability is None or "transaction" in capability.system
    if "transaction" in profile.ladder and (is_offered or "single" not in profile.ladder):
        return "transaction"
    return "single" if "single" in profile.ladder else None


def correction_of(profile: ClinicProfile, capability: Capability | None, kind: str) -> How:
    """How resources of a type are corrected where they go one by one.

    What the profile leaves open the statement says: in its place where it takes updates, and beside
    it where that turns out to be closed; where it takes creates alone, beside it.
    """
    match profile.corrections:
        case "update":
            return "update"
        case "new-and-retire":
            return "new"
        case "replace-document" if kind == DOCUMENT:
            return "new"
        case "task":
            return "task"
    offers_create_alone = (
        capability is not None
        and capability.offers(kind, "create")
        and not capability.offers(kind, "update")
    )
    return "new" if offers_create_alone else "either"


def receiver_of(profile: ClinicProfile, choices: Mapping[str, Choice]) -> Receiver:
    """What the ledger must know of a clinic, given the rung of each form."""
    takes_resources = not {"transaction", "single"}.isdisjoint({*profile.ladder, *profile.also})
    accepts = frozenset[str](profile.accepts if takes_resources else ())
    takings = {
        form: _taking(profile, form, choice)
        for form, choice in choices.items()
        if choice.rung not in {"transaction", "single"} or choice.also
    }
    codes = {form: _codes(profile, form) for form in profile.codes}
    return Receiver(
        profile.id,
        profile.purpose,
        accepts,
        forms=takings,
        codes=codes,
        is_unblinded=profile.unblinded,
    )


def drift(profile: ClinicProfile, capability: Capability) -> list[str]:
    """What a profile counts on, and its record system's statement does not offer."""
    rungs = {*profile.ladder, *profile.also}
    types: dict[str, None] = dict.fromkeys(
        profile.accepts if rungs & {"transaction", "single"} else ()
    )
    types |= {"Observation": None} if "totals" in rungs else {}
    types |= {DOCUMENT: None} if "document" in rungs else {}
    missing = [
        f"create or update of {kind}" for kind in types if not capability.offers(kind, *WRITES)
    ]
    if profile.encounter is not None and not capability.offers("Encounter", "search-type"):
        missing.append("search of Encounter")
    is_without = "transaction" in rungs and "transaction" not in capability.system
    return ["transaction", *missing] if is_without else missing


def _taking(profile: ClinicProfile, form: str, choice: Choice) -> Taking:
    types: set[str] = set()
    if choice.rungs & DOCUMENTED:
        types.add(DOCUMENT)
    if choice.rungs & {"transaction", "single"}:
        types.update(profile.accepts)
    if "totals" not in choice.rungs:
        return Taking(frozenset(types), choice.rungs)
    return Taking(frozenset({*types, "Observation"}), choice.rungs, _codes(profile, form))


def _codes(profile: ClinicProfile, form: str) -> frozenset[str]:
    return frozenset(f"{form}-{scale}" for scale in profile.codes[form])


def _also(profile: ClinicProfile, rung: Rung) -> Rung | None:
    """The second rung: documents beside data, or data beside documents, never two of a kind."""
    is_documented = rung in DOCUMENTED
    return next((each for each in profile.also if (each in DOCUMENTED) != is_documented), None)


def _obstacle(
    rung: Rung, profile: ClinicProfile, capability: Capability | None, form: Form
) -> str | None:
    """Why a rung cannot be taken, None where it can."""
    match rung:
        case "transaction" | "single":
            return _obstacle_to_resources(rung, profile, capability, form)
        case "totals":
            if form.id not in profile.codes:
                return "the site has no codes for its scores"
            return _missing(capability, ("Observation",), WRITES)
        case "document":
            return _missing(capability, (DOCUMENT,), WRITES)
    return None


def _obstacle_to_resources(
    rung: Rung, profile: ClinicProfile, capability: Capability | None, form: Form
) -> str | None:
    needed = _EVENTS if form.kind == "adverse-event" else _ANSWERS
    taken = [kind for kind in needed if kind in profile.accepts]
    if not taken:
        return f"it takes no {' and no '.join(needed)}"
    if rung == "transaction" and capability is not None and "transaction" not in capability.system:
        return "its statement offers no transaction"
    return _missing(capability, taken, {"update"} if rung == "transaction" else WRITES)


def _missing(
    capability: Capability | None, types: Iterable[str], interactions: Iterable[str]
) -> str | None:
    wanted = sorted(interactions)
    for kind in types if capability is not None else ():
        if not capability.offers(kind, *wanted):  # type: ignore[union-attr]
            return f"its statement offers no {' or '.join(wanted)} of {kind}"
    return None
