"""The safety signals that stand, as the trial's own staff has to know them.

Those of what the ledger holds stand as Flag and Task; those of what is kept back stand beside it.
What nobody could look at is counted: that no signal stands says nothing of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from adapter.errors import Origin
from adapter.fhir.text import read_text
from adapter.instruments.safety import Level
from adapter.instruments.study import Study
from adapter.release import SAFETY
from adapter.store import kept_back, versions
from adapter.store.kept_back import KeptBack
from adapter.store.transaction import Transaction

KEPT = {
    "row": "kept back, look in the source",
    "blank": "complete and blank, look in the source",
    "written": "waits in the inbox",
}
"""What a signal is about that was not taken in."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A signal that stands: whose, which, how urgent, why, and when the response was sent.

    `kept` says what it is about that was not taken in, and `at` where that is to be looked at, by
    event and place; both are '' for a signal of a response that the ledger holds.
    """

    record: str
    signal: str
    title: str
    level: str
    reason: str
    authored: str | None
    form: str = ""
    kept: str = ""
    at: str = ""

    @property
    def about(self) -> str:
        """What it is about that was not taken in, and where a person looks."""
        return f"{KEPT[self.kept]}: {self.at}" if self.kept else ""


def standing_signals(tx: Transaction, study: Study) -> Iterator[Standing]:
    """Every signal that stands: as its Task says it, and behind them those of what is kept back."""
    for version in versions.of_type(tx, "Task"):
        if not version.is_retracted:
            task = read_text(version.text)
            signal, level = (coding["code"] for coding in task["code"]["coding"])
            reason = task["reasonCode"]["coding"][0]["code"]
            title, authored = task["code"]["text"], task.get("authoredOn")
            form = version.form.removeprefix(SAFETY)
            yield Standing(version.participant, signal, title, level, reason, authored, form)
    yield from kept_back_signals(tx, study)


def kept_back_signals(tx: Transaction, study: Study) -> Iterator[Standing]:
    """The signals of what was not taken in, and where a person finds it."""
    titles = {each.id: each.title for each in (study.safety.signals if study.safety else ())}
    for each in watched_in(tx, study):
        for signal, level, reason in each.fired:
            title = titles.get(signal, signal)
            yield Standing(
                each.record, signal, title, level, reason, None, each.form, each.kind, _where(each)
            )


def urgency(signal: Standing) -> tuple[int, str, str]:
    """The order in which a person should look: the most urgent, then the oldest."""
    return get_args(Level).index(signal.level), signal.authored or "", signal.record


def watched_in(tx: Transaction, study: Study) -> Iterator[KeptBack]:
    """What is kept back and may be about the study's signals."""
    safety = study.safety
    return (
        each
        for each in kept_back.listed(tx)
        if safety is not None and (safety.watches(each.form) or not each.form)
    )


@dataclass(frozen=True, slots=True)
class KeptBackCount:
    """How many signals are of what is kept back, and how much of it could not be looked at.

    `not_looked_at` counts rows and responses by form, as they were not looked at for every signal
    at least; '' stands for what belongs to no form that is known.
    """

    signals: int
    not_looked_at: dict[str, int]


def count_kept_back(tx: Transaction, study: Study) -> KeptBackCount:
    """What is kept back of the forms that are watched."""
    signals, unseen = 0, Counter[str]()
    for each in watched_in(tx, study):
        signals += len(each.fired)
        unseen[each.form] += not each.is_seen
    return KeptBackCount(signals, {form: count for form, count in sorted(unseen.items()) if count})


def _where(said: KeptBack) -> str:
    """Where a person looks at what is kept back."""
    if said.kind == "written":
        return f"{said.file}, `adapter inbox show {said.line}`"
    return str(Origin(said.file, said.line or None, said.record, said.event))
