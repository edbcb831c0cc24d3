"""The site's licensed wording, laid over the forms as the settings say."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.errors import Origin, Problem, SourceError
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.wording import Wording, with_wording, wording_findings
from adapter.service.declarations import Declarations, read_declared, read_mappings
from adapter.settings import Settings, WordingSettings
from adapter.sync.profile import ClinicProfile


def read_declarations(settings: Settings) -> Declarations:
    """Every mapping file and every wording that the settings name, and all that is wrong there."""
    found = read_mappings(settings)
    _lay_wording(found, settings.wording)
    return found


def _lay_wording(found: Declarations, settings: tuple[WordingSettings, ...]) -> None:
    """Lays every configured wording over its form, in order, and notes what is wrong with it."""
    for each in settings:
        for wording in _wordings(found, each):
            form = found.forms.get(wording.form)
            if form is not None:
                found.forms[form.id] = with_wording(form, [wording])
    found.problems.extend(_licence_findings(found))


def unlicensed(profile: ClinicProfile, forms: dict[str, Form]) -> dict[str, Form]:
    """The forms whose wording this clinic must not get."""
    return {
        name: form
        for name, form in forms.items()
        if form.is_licensed_to_site and name not in profile.licensed_wording
    }


def _wordings(found: Declarations, settings: WordingSettings) -> Iterator[Wording]:
    if settings.file is not None:
        text = read_declared(settings.file, found)
        if text is not None:
            wording, lines, problems = read_mapping(text, settings.file.name, Wording)
            found.problems.extend(problems)
            if wording is not None:
                form = found.forms.get(wording.form)
                found.problems.extend(wording_findings(wording, form, lines))
                yield wording
    if settings.dictionary is not None and found.study is not None:
        # Imported here: most sites have no wording of their own, and no command waits for it.
        from adapter.sources.redcap import read_dictionary  # noqa: PLC0415
        from adapter.sources.redcap.wording import wording_of  # noqa: PLC0415

        try:
            dictionary = read_dictionary(settings.dictionary, settings.encoding)
        except SourceError as wrong:
            found.problems.extend(wrong.problems)
            return
        for placement in found.study.forms:
            if placement.form in settings.forms and placement.form in found.forms:
                form = found.forms[placement.form]
                yield wording_of(dictionary, form, placement, settings.language)


def _licence_findings(found: Declarations) -> Iterator[Problem]:
    for profile, settings in found.clinics:
        for name in profile.licensed_wording:
            if name not in found.forms:
                yield Problem(
                    Origin(settings.profile.name),
                    "licensed_wording",
                    "ids of forms in mappings/instruments",
                    f"`{name}`",
                    "Correct the id.",
                )
