"""A site's licensed wording: in its own ledger, and with those alone who hold a licence for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapter.service import open_service
from adapter.store import versions
from adapter.store.deliveries import Delivery
from tests.unit.cli.site import Site
from tests.unit.ingest.project import FORMS, mood, person

CANARY = "Licensed-words"
WORDS = f"""\
kind: wording
form: mood
language: en
source: our licensed copy
items: {{mood-1: "{CANARY} one", mood-2: "{CANARY} two"}}
options: {{often: {{0: "{CANARY} never"}}}}
"""
WORDING = '\n[[wording]]\nfile = "mood.en.yaml"\n'
LABELS = '\n[[wording]]\ndictionary = "dictionary.csv"\nforms = ["mood"]\n'


@pytest.fixture
def licensed(site: Site) -> Site:
    """A site whose mood form is withheld, with words of its own for it."""
    site.write("forms/mood.yaml", FORMS["mood"].replace("wording: shipped", "wording: withheld"))
    site.write("mood.en.yaml", WORDS)
    site.write("adapter.toml", site.config.read_text("utf-8") + WORDING)
    site.export({**person("1"), **mood("0", "1", "2")})
    return site


def delivered(site: Site, clinic: str) -> dict[str, str]:
    """What a clinic would get of every worded resource, by type."""
    with open_service(site.config) as service:
        (receiver,) = (each for each in service.clinics if each.name == clinic)
        tx, texts = service.database.read(), dict[str, str]()
        for kind in ("Questionnaire", "QuestionnaireResponse", "Observation"):
            for version in versions.of_type(tx, kind):
                if version.form == "mood":
                    owed = Delivery(
                        *(0, clinic, kind, version.id, version.version, "put"),
                        *(version.unit, version.participant, "mood", "queued", 0, ""),
                    )
                    text = receiver.text_of(tx, owed, version.version, "put")
                    texts[kind] = texts.get(kind, "") + (text or b"").decode()
    return texts


def test_check_finds_nothing_wrong_with_good_words(licensed: Site) -> None:
    assert licensed.run("check", "--json").document == {"findings": []}


def test_the_ledger_has_the_words_and_a_clinic_without_a_licence_gets_none(
    licensed: Site,
) -> None:
    assert licensed.run("ingest").code == 0

    with open_service(licensed.config) as service:
        held = [
            version.text for version in versions.of_type(service.database.read(), "Questionnaire")
        ]
    assert any(CANARY.encode() in text for text in held)
    for clinic in ("repository", "north-clinic"):
        texts = delivered(licensed, clinic)
        assert set(texts) == {"Questionnaire", "QuestionnaireResponse", "Observation"}
        assert CANARY not in json.dumps(texts)


def test_a_clinic_that_holds_a_licence_gets_the_words(licensed: Site) -> None:
    licensed.change("repository.yaml", "ladder:", "licensed_wording: [mood]\nladder:")
    licensed.run("ingest")

    assert CANARY in delivered(licensed, "repository")["Questionnaire"]
    assert CANARY in delivered(licensed, "repository")["QuestionnaireResponse"]
    assert CANARY not in json.dumps(delivered(licensed, "north-clinic"))


def test_an_export_has_no_licensed_words(licensed: Site, tmp_path: Path) -> None:
    licensed.run("ingest")

    assert licensed.run("export", "--out", str(tmp_path / "out")).code == 0

    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "out").iterdir()}
    assert {"Questionnaire.ndjson", "QuestionnaireResponse.ndjson"} <= set(written)
    assert CANARY not in json.dumps(written)


def test_the_labels_of_a_dictionary_serve_as_words(licensed: Site) -> None:
    licensed.change("adapter.toml", WORDING, LABELS)
    licensed.run("ingest")

    with open_service(licensed.config) as service:
        form = service.trial.forms["mood"]
    assert form.items[0].text == "Label of mood_1"
    assert form.options["often"][0].display == "Never, ever"


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("mood.en.yaml", "mood-1:", "mood-9:", "items.mood-9"),
        ("mood.en.yaml", "form: mood", "form: moods", "form"),
        ("adapter.toml", "mood.en.yaml", "nowhere.yaml", ""),
        ("adapter.toml", WORDING, LABELS.replace("dictionary.csv", "nowhere.csv"), ""),
        ("repository.yaml", "ladder:", "licensed_wording: [moods]\nladder:", "licensed_wording"),
    ],
)
def test_what_is_wrong_with_words_is_told_by_check(
    licensed: Site, file: str, old: str, new: str, place: str
) -> None:
    licensed.change(file, old, new)

    said = licensed.run("check", "--json")

    assert said.code == 10
    assert [finding["field"] for finding in said.document["findings"]] == [place]


@pytest.mark.parametrize(
    "wrong",
    [
        "\n[[wording]]\n",
        '\n[[wording]]\nfile = "a.yaml"\ndictionary = "b.csv"\nforms = ["mood"]\n',
        '\n[[wording]]\ndictionary = "b.csv"\n',
        '\n[[wording]]\nfile = "a.yaml"\nforms = ["mood"]\n',
    ],
)
def test_settings_that_say_no_words_or_too_many_are_refused(site: Site, wrong: str) -> None:
    site.write("adapter.toml", site.config.read_text("utf-8") + wrong)

    assert site.run("check").code == 10
