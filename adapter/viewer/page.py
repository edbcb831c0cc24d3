"""The pages as HTML: templates that escape all that stands in a record, and what they are given.

No page holds a script, a style of its own, or anything from elsewhere.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from adapter.render.report import NOTICE, lines_of
from adapter.viewer.chart import time_line, trend
from adapter.viewer.drawing import draw
from adapter.viewer.meaning import VERDICTS, Verdict
from adapter.viewer.moments import in_order
from adapter.viewer.point import Answers
from adapter.viewer.record import Outcome, PatientRecord
from adapter.viewer.words import change_in_words, day_in_words, value_in_words

STYLE = files("adapter.viewer").joinpath("static/page.css").read_bytes()
STYLE_NAME = f"page-{hashlib.blake2b(STYLE, digest_size=8).hexdigest()}.css"


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page: where the application is, and who looks ('' for nobody yet).

    `token` goes along with each form, so that no other site can send one. `operates`: the
    operator's pages are for them.
    """

    root: str
    viewer: str = ""
    token: str = ""
    operates: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """Who a record system says that a patient is; '' for what it does not say."""

    name: str
    born: str
    sex: str
    number: str


@dataclass(frozen=True, slots=True)
class Heading:
    """Whom a page is about: as the trial calls them, as the clinic does ('' if not), which study.

    `place` is the address of their page below the root. Inside a record system the trial's name is
    '', the `banner` says who it is unless the record system does, and `lacking` what is not shown.
    `visit` is when the visit that is open there began, '' for none.
    """

    participant: str
    patient: str
    study: str
    place: str
    banner: Banner | None = None
    lacking: tuple[str, ...] = ()
    visit: str = ""

    @property
    def title(self) -> str:
        """What stands above the page."""
        if self.participant:
            return f"Participant {self.participant}"
        return (self.banner.name if self.banner else "") or "Trial outcomes"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That somebody has seen a signal; `version` is that of the Flag that they saw."""

    by: str
    at: str
    version: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A patient in the list: the address of the page, both names, and signals that wait."""

    place: str
    participant: str
    patient: str
    signals: int = 0


def patient_page(  # noqa: PLR0913, PLR0917 - what stands on one page
    frame: Frame,
    heading: Heading,
    record: PatientRecord,
    acknowledged: Mapping[str, Acknowledgement],
    named: Collection[str] = (),
    kept: Sequence[tuple[str, ...]] = (),
) -> str:
    """One patient on one screen; the outcomes of these anchors stand open.

    `kept` are signals of what was not taken in: title, level, why, and where to look.
    """
    return _render(
        "patient.html",
        frame,
        heading=heading,
        record=record,
        counts=_counts(record.outcomes),
        charts={
            (each.form.id, each.scale.id): Markup(draw(trend(each, record)))  # noqa: S704 - our own
            for each in record.outcomes
        },
        time_line=Markup(draw(time_line(record))),  # noqa: S704
        newest=max(
            (each.latest.at for each in record.outcomes if each.latest), key=in_order, default=""
        ),
        acknowledged=acknowledged,
        kept=kept,
        anchor=anchor,
        named=named,
        notice=NOTICE,
    )


def anchor(outcome: Outcome) -> str:
    """Where an outcome stands in the page of its patient."""
    return f"outcome-{outcome.form.id}-{outcome.scale.id}"


def answers_page(frame: Frame, heading: Heading, title: str, answers: Answers) -> str:
    """The answers of one response, a line each."""
    lines = lines_of(answers.resource)
    return _render(
        "answers.html", frame, heading=heading, title=title, answers=answers, lines=lines
    )


def list_page(frame: Frame, study: str, patients: Sequence[Listed], asked: str) -> str:
    """The patients that somebody may look at; `asked` is what they looked for."""
    return _render("patients.html", frame, study=study, patients=patients, asked=asked)


def enter_page(frame: Frame, code: str) -> str:
    """The door: a button that spends the link, which merely fetching the page must not."""
    return _render("enter.html", frame, code=code)


def operator_page(  # noqa: PLR0913 - what stands on one page
    frame: Frame,
    clinics: Sequence[object],
    undecided: Sequence[object],
    consents: Sequence[str],
    kept: object,
    *,
    is_blinded: bool,
) -> str:
    """Where everything stands, and what needs a person: the beginning of the operator's pages."""
    return _render(
        "operator.html",
        frame,
        clinics=clinics,
        undecided=undecided,
        consents=consents,
        kept=kept,
        is_blinded=is_blinded,
    )


def written_page(frame: Frame, written: object) -> str:
    """What somebody wrote at a clinic beside what the trial holds, and the two ways to decide."""
    return _render("written.html", frame, written=written)


def table_page(  # noqa: PLR0913, PLR0917 - what stands on one page
    frame: Frame, title: str, path: str, asked: Mapping[str, str], found: object, text: str
) -> str:
    """A table of the operator's, with the way to its next page."""
    said = {name: word for name, word in asked.items() if word}
    more = urlencode({**said, "after": getattr(found, "after", "")})
    return _render(
        "table.html", frame, title=title, path=path, asked=said, found=found, text=text, more=more
    )


def confirm_page(
    frame: Frame, act: str, words: str, said: Mapping[str, str], optional: Collection[str]
) -> str:
    """What is about to be done, and the button that does it."""
    return _render("confirm.html", frame, act=act, words=words, said=said, optional=optional)


def done_page(frame: Frame, title: str, text: str) -> str:
    """What came of an act, and the way back."""
    return _render("done.html", frame, title=title, text=text)


def message_page(frame: Frame, title: str, text: str) -> str:
    """A sentence or two, such as that a link has ended."""
    return _render("message.html", frame, title=title, text=text)


def _counts(outcomes: Sequence[Outcome]) -> list[tuple[Verdict, str, list[str]]]:
    """Each verdict, in the order of what matters, with the outcomes that it is about."""
    counted = Counter(each.meaning.verdict for each in outcomes)
    return [
        (
            verdict,
            word,
            [each.scale.title for each in outcomes if each.meaning.verdict == verdict],
        )
        for verdict, word in VERDICTS.items()
        if counted[verdict]
    ]


_ENVIRONMENT = Environment(
    loader=PackageLoader("adapter.viewer"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {
    "day": day_in_words,
    "score": value_in_words,
    "change": change_in_words,
}


def _render(template: str, frame: Frame, **given: object) -> str:
    return _ENVIRONMENT.get_template(template).render(
        frame=frame, style=f"{frame.root}/static/{STYLE_NAME}", **given
    )
