"""Whether a form still is what its version stood for: else its scores would say two things.

The same canonical and version, and the same method of a score, must never stand for two forms. So
whoever changes what a form asks, or how it is scored, says so by raising its version.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapter.errors import Problem
from adapter.ingest import findings
from adapter.ingest.earlier import keep_readings
from adapter.ingest.trial import Trial
from adapter.instruments.form import Form
from adapter.instruments.meaning import meaning_of
from adapter.store.database import Transaction
from adapter.store.meanings import keep_meaning, meanings

Known = Mapping[tuple[str, str], str]
"""The digest of what a form (id, version) stood for when it was met first."""


def changed_forms(forms: Mapping[str, Form], known: Known) -> frozenset[str]:
    """The forms whose version is known as something else; one that nobody met is as it is."""
    return frozenset(
        name
        for name, form in forms.items()
        if (digest := known.get((form.id, form.version))) is not None and digest != meaning_of(form)
    )


def changed_findings(forms: Mapping[str, Form], known: Known) -> list[Problem]:
    """What is to be said of each of them."""
    return [findings.other_meaning(forms[name]) for name in sorted(changed_forms(forms, known))]


def hold_to_versions(tx: Transaction, trial: Trial) -> Trial:
    """The trial with what has changed under its version told; keeps what is met first."""
    for name in dict.fromkeys(placed.form for placed in trial.study.forms):
        form = trial.forms[name]
        keep_meaning(tx, form.id, form.version, meaning_of(form))
    trial = trial.with_changed(changed_forms(trial.forms, meanings(tx)))
    keep_readings(tx, trial)
    return trial
