"""What the mapping files say, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapter.errors import Origin, Problem
from adapter.instruments.coherence import check_form, check_study
from adapter.instruments.form import Form
from adapter.instruments.mapping import Lines, read_mapping
from adapter.instruments.study import Study
from adapter.settings import ClinicSettings, Settings
from adapter.sync.profile import ClinicProfile


@dataclass(slots=True)
class Declarations:
    """All that the mapping files say, and all that is wrong with them."""

    study: Study | None = None
    forms: dict[str, Form] = field(default_factory=dict)
    clinics: list[tuple[ClinicProfile, ClinicSettings]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_mappings(settings: Settings) -> Declarations:
    """Reads every mapping file that the settings name, and finds everything that is wrong."""
    found = Declarations()
    for path in sorted(settings.instruments.glob("*.yaml")):
        _read_form(path, found)
    if not found.forms and not found.problems:
        found.problems.append(
            Problem(
                Origin(settings.instruments.name),
                "",
                "form files (*.yaml)",
                "none",
                "Check `instruments`.",
            )
        )
    for clinic in settings.clinics:
        text = read_declared(clinic.profile, found)
        if text is not None:
            profile, _, problems = read_mapping(text, clinic.profile.name, ClinicProfile)
            found.problems.extend(problems)
            if profile is not None:
                found.clinics.append((profile, clinic))
    text = read_declared(settings.study, found)
    if text is not None:
        found.study, lines, problems = read_mapping(text, settings.study.name, Study)
        found.problems.extend(problems)
        if found.study is not None:
            found.problems.extend(check_study(found.study, found.forms, lines))
            found.problems.extend(_clinic_findings(found, found.study))
            is_told = settings.clinics and len(found.clinics) == len(settings.clinics)
            if is_told:  # else not all names are known
                found.problems.extend(_named_clinics(found, settings, lines))
            found.problems.extend(_open_to_all(found, found.study, lines))
    return found


def _read_form(path: Path, found: Declarations) -> None:
    text = read_declared(path, found)
    if text is None:
        return
    form, lines, problems = read_mapping(text, path.name, Form)
    found.problems.extend(problems)
    if form is None:
        return
    if form.id in found.forms:
        found.problems.append(
            lines.problem(("id",), "each id once", f"`{form.id}` again", "Give it another id.")
        )
    found.forms[form.id] = form
    found.problems.extend(check_form(form, lines))


def _clinic_findings(found: Declarations, study: Study) -> Iterator[Problem]:
    known = set(study.participant.identifiers)
    names: set[str] = set()
    for profile, settings in found.clinics:
        if profile.id in names:
            origin, again = Origin(settings.profile.name), f"`{profile.id}` again"
            yield Problem(origin, "id", "each clinic once", again, "Give it another id.")
        names.add(profile.id)
        if profile.unblinded:
            yield Problem(
                Origin(settings.profile.name),
                "unblinded",
                "a receiver that does not know who got the therapy",
                "`unblinded: true`",
                f"Make sure that nobody at `{profile.id}` has to be blinded.",
                severity="warning",
            )
        yield from _ways(profile, settings)
        if profile.refers_in_vain:
            yield Problem(
                Origin(settings.profile.name),
                "accepts",
                f"{' and '.join(profile.refers_in_vain)}: what it gets in transactions refers to "
                "them",
                f"[{', '.join(profile.accepts)}]",
                f"Add them where `{profile.id}` takes them; where it does not, use the rung "
                "`single`, which leaves such references out.",
                severity="warning",
            )
        name = profile.patient.find_by
        if name is not None and name not in known:
            yield Problem(
                Origin(settings.profile.name),
                "patient.find_by",
                f"an identifier of the study ({', '.join(sorted(known))})",
                f"`{name}`",
                "Correct it, or declare the identifier in the study file.",
            )


def _open_to_all(found: Declarations, study: Study, lines: Lines) -> Iterator[Problem]:
    """Consents for care that name no clinic, where there are several that they would open to."""
    care = sorted({profile.id for profile, _ in found.clinics if profile.purpose == "care"})
    for index, rule in enumerate(study.consents if len(care) > 1 else ()):
        if rule.purpose == "care" and not rule.clinics:
            problem = lines.problem(
                ("consents", index, "clinics"),
                f"the clinics that `{rule.id}` is about ({', '.join(care)})",
                "none, which is all of them",
                "Name those that people agreed to; all of them, if it was all.",
            )
            yield replace(problem, severity="warning")


def _named_clinics(found: Declarations, settings: Settings, lines: Lines) -> Iterator[Problem]:
    """The receivers that a consent or an embargo names, and that `adapter.toml` does not have."""
    study, serve = found.study, settings.serve
    if study is None:
        return
    known = {profile.id for profile, _ in found.clinics}
    if serve is not None:
        known.update(each.clinic for each in serve.clients if each.clinic)
        known.update(each.clinic for each in serve.people if each.clinic)
    named = [("consents", index, rule.clinics) for index, rule in enumerate(study.consents)]
    named += [("embargoes", index, rule.clinics) for index, rule in enumerate(study.embargoes)]
    for word, index, names in named:
        for name in names:
            if name not in known:
                yield lines.problem(
                    (word, index, "clinics"),
                    f"a clinic of adapter.toml ({', '.join(sorted(known))})",
                    f"`{name}`",
                    "Correct it, or add the clinic: the rule is about nobody else.",
                )


def _ways(profile: ClinicProfile, settings: ClinicSettings) -> Iterator[Problem]:
    """What a clinic's rungs need in `adapter.toml`."""
    rungs = {*profile.ladder, *profile.also}
    v2 = profile.hl7v2 if "hl7v2" in rungs else None
    is_by_mllp = v2 is not None and v2.transport == "mllp"
    needed = (
        ("url", profile.speaks_fhir, settings.url),
        ("mllp", is_by_mllp, settings.mllp),
        ("folder", v2 is not None and not is_by_mllp, settings.folder),
        ("tasks", "task" in rungs, settings.tasks),
    )
    for name, is_needed, said in needed:
        if is_needed and said is None:
            yield Problem(
                Origin("adapter.toml"),
                f"clinics.{name}",
                f"`{name}` of `{profile.id}`, for its ladder ({', '.join(profile.ladder)})",
                "nothing",
                "Set it; the README lists every setting.",
            )


def read_declared(path: Path, found: Declarations) -> str | None:
    """A declaration's text; None, and a finding, where it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = getattr(wrong, "strerror", None) or "bytes that are not UTF-8"
        found.problems.append(
            Problem(Origin(path.name), "", "a readable UTF-8 file", reason, "Check adapter.toml.")
        )
        return None
