"""All files of a first draft, and the account of how each form was dealt with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from adapter.draft.instrument import draft_form, is_draftable
from adapter.draft.project import Project, ProjectForm, slug
from adapter.draft.recognise import Near, Recognised, recognise
from adapter.draft.study import Placed, draft_settings, draft_study, is_agreement
from adapter.instruments.form import Form


@dataclass(frozen=True, slots=True)
class DraftedFile:
    """A file, by its path in the folder."""

    path: str
    text: str


@dataclass(slots=True)
class Draft:
    """The files, and per form of the source what it is, or why it is not known."""

    files: list[DraftedFile] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    near: dict[str, list[Near]] = field(default_factory=dict)


def draft_files(
    project: Project, study_id: str, known: Mapping[str, Form], texts: Mapping[str, str]
) -> Draft:
    """The first draft of a project; `known` are the declared forms, `texts` their files by id."""
    draft = Draft()
    placed: list[Placed] = []
    left_out: dict[str, str] = {}
    for form in project.forms:
        best, near = recognise(form, known, project.missing_codes)
        if best is not None:
            placed.append(_place(draft, form, best, texts))
            continue
        if near:
            draft.near[form.name] = near
        why = _no_draft(form, project)
        if not why:
            placed.append(_draft(draft, form, project, known))
        else:
            draft.told[form.name] = f"left out: {why}"
            if not is_draftable(form):
                left_out[form.name] = why
    if not placed:  # the form with the facts about a person is then all there is
        placed += [_draft(draft, form, project, known) for form in project.forms[:1]]
    draft.files += [
        DraftedFile("study.yaml", draft_study(project, study_id, placed, left_out)),
        DraftedFile("adapter.toml", draft_settings(project)),
    ]
    return draft


def _place(draft: Draft, form: ProjectForm, best: Recognised, texts: Mapping[str, str]) -> Placed:
    left = f"; not read: {', '.join(best.left)}" if best.left else ""
    also = f"; it may also be {', '.join(best.also)}" if best.also else ""
    remark = f"recognised by {best.by}{also}{left}"
    draft.told[form.name] = f"{best.form}, {remark}"
    path = f"instruments/{best.form}.yaml"
    if path not in {file.path for file in draft.files}:
        draft.files.append(DraftedFile(path, texts[best.form]))
    return Placed(best.form, form.name, best.fields, remark)


def _draft(draft: Draft, form: ProjectForm, project: Project, known: Mapping[str, Form]) -> Placed:
    taken = {PurePosixPath(file.path).stem for file in draft.files}
    form_id = slug(form.title or form.name, {*taken, *known})
    without, missing = frozenset({project.record_id}), project.missing_codes
    text = draft_form(form, form_id, project.file, without, missing)
    draft.files.append(DraftedFile(f"instruments/{form_id}.yaml", text))
    draft.told[form.name] = f"{form_id}, drafted"
    remark = "drafted from its fields; see its file"
    return Placed(form_id, form.name, {}, remark, is_draft=True)


def _no_draft(form: ProjectForm, project: Project) -> str:
    if any(each.name == project.record_id for each in form.fields):
        return "it holds the trial's facts about a person, see `participant`"
    if not is_draftable(form):
        return "it holds nothing but identifiers, free text and files"
    choices = [each for each in form.fields if each.type in {"choice", "choices"}]
    if choices and all(map(is_agreement, choices)):
        return "it seems to hold what people agreed to; fill it in under `consents`"
    return ""
