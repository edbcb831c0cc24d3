"""`adapter init`: a first study file, form files and adapter.toml, from what a database says."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path

from adapter.cli import show
from adapter.draft import (
    Draft,
    DraftedFile,
    Lists,
    Project,
    draft_files,
    project_of_dictionary,
    project_of_odm,
)
from adapter.draft.project import slug
from adapter.errors import NotFoundError
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.service.keys import add_crosswalk_key
from adapter.sources.redcap import read_dictionary

CROSSWALK_KEY = "crosswalk.key"
INSTRUMENTS = Path(__file__).parents[2] / "mappings" / "instruments"


def run_init(said: argparse.Namespace) -> int:
    """Writes the draft; a file that is there already is left as it is, and told."""
    known, texts = _known(said.instruments or INSTRUMENTS)
    draft = draft_files(_project(said), slug(said.out.resolve().name), known, texts)
    outcomes = {file.path: _write(said.out, file) for file in draft.files}
    if not (said.out / CROSSWALK_KEY).exists():
        add_crosswalk_key(said.out / CROSSWALK_KEY)
        outcomes[CROSSWALK_KEY] = "written"
    _show(draft, outcomes, as_json=said.json)
    return 0


def _project(said: argparse.Namespace) -> Project:
    if said.odm is not None:
        return project_of_odm(said.odm, {"kind": "odm", "file": _beside(said.odm, said.out)})
    source = {
        "kind": "redcap",
        "dictionary": _beside(said.dictionary, said.out),
        "records": _beside(said.records, said.out) if said.records else "records.csv",
        **({"encoding": said.encoding} if said.encoding != "utf-8" else {}),
    }
    dictionary = read_dictionary(said.dictionary, said.encoding)
    lists = Lists(said.events, said.event_forms, said.records, said.encoding)
    return project_of_dictionary(dictionary, lists, source)


def _beside(path: Path, out: Path) -> str:
    """A path as adapter.toml has it: from the folder in which it lies."""
    return Path(os.path.relpath(path.resolve(), out.resolve())).as_posix()


def _known(folder: Path) -> tuple[dict[str, Form], dict[str, str]]:
    """The declared forms by id, and the texts of their files."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise NotFoundError(
            f"Expected form files (*.yaml) in {folder.name}; found none. Name the folder that has "
            "them by --instruments, such as mappings/instruments of a clone of the repository."
        )
    known: dict[str, Form] = {}
    texts: dict[str, str] = {}
    for path in paths:
        text = path.read_text("utf-8")
        form, _, _ = read_mapping(text, path.name, Form)
        if form is not None:  # what is wrong with a file is for `adapter check` to tell
            known[form.id], texts[form.id] = form, text
    return known, texts


def _write(out: Path, file: DraftedFile) -> str:
    path = out / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as new:
            new.write(file.text)
    except FileExistsError:
        return "kept as it was"
    return "written"


def _show(draft: Draft, outcomes: dict[str, str], *, as_json: bool) -> None:
    near = {form: [asdict(each) for each in listed] for form, listed in draft.near.items()}
    if as_json:
        show.done({"files": outcomes, "forms": draft.told, "near": near}, as_json=True)
        return
    for path, outcome in outcomes.items():
        print(f"{outcome}: {path}")
    print()
    for form, told in draft.told.items():
        print(f"{form}: {told}")
    for form, listed in draft.near.items():
        for each in listed:
            print(f"{form} is not taken for {each.form}: {each.why}")
    print("\n`adapter check --config adapter.toml` in that folder tells what is left to fill in.")
