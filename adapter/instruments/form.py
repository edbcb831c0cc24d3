"""What a form is: an instrument, an outcome form or an adverse-event form, as declared.

A `Form` holds no data and does no I/O. The words are defined for their readers in
`mappings/README.md`; the shapes follow FHIR R4 Questionnaire
(https://hl7.org/fhir/R4/questionnaire.html).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from adapter.instruments.adverse_event_codes import NCIT, AdverseEventElement
from adapter.instruments.declared import (
    Declared,
    Id,
    Number,
    SourceCode,
    Text,
    Unique,
    Version,
    is_earlier,
)
from adapter.instruments.migration import Migration
from adapter.instruments.ranges import spread, spread_keys
from adapter.instruments.rules import Condition, Missing, Prefill, Step

ItemType = Literal[
    "choice", "integer", "decimal", "boolean", "date", "dateTime", "time", "string", "text"
]
Category = Literal[
    "survey",
    "vital-signs",
    "laboratory",
    "exam",
    "social-history",
    "activity",
    "procedure",
    "therapy",
    "imaging",
]
AnsweredBy = Literal["participant", "staff", "clinician"]
Method = Literal["sum", "mean", "highest", "lookup", "profile", "between", "percent", "reported"]
SYSTEMS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "ucum": "http://unitsofmeasure.org",
    "ncit": NCIT,
}


class Code(Declared, frozen=True):
    """One coding; `system` is a URL or one of the short names in `SYSTEMS`."""

    system: Text
    code: Text
    display: Text | None = None

    @property
    def url(self) -> str:
        """The code system's canonical URL."""
        return SYSTEMS.get(self.system, self.system)


class Option(Declared, frozen=True):
    """One answer that a choice item offers.

    `value` is the source's own code. `weight` is what scoring counts; where it is left out, a
    numeric `value` is its own weight. Without `code` the answer is coded in the project's own code
    system. `accepts` are further codes by which it is taken in, and which are never written.
    `blinded_as` is the value of the answer that a blinded receiver is told in its place.
    """

    value: SourceCode
    weight: Number | None = None
    display: Text | None = None
    translations: dict[str, Text] = Field(default_factory=dict)
    code: Code | None = None
    accepts: tuple[Code, ...] = ()
    blinded_as: SourceCode | None = None

    @property
    def score(self) -> Decimal | None:
        """The weight that scoring counts, None where the answer has none."""
        if self.weight is not None:
            return self.weight
        return Decimal(self.value) if re.fullmatch(r"-?\d+(\.\d+)?", self.value) else None


class Item(Declared, frozen=True):
    """One question: where its answer stands in the source (`field`) and what may be answered.

    `asked_if` is what another item has to say, or else this one is not asked at all. An `optional`
    item is one whose column a source need not have. By `prefill` it may be answered ahead.
    """

    link_id: Id
    field: Text
    type: ItemType = "choice"
    text: Text | None = None
    translations: dict[str, Text] = Field(default_factory=dict)
    codes: tuple[Code, ...] = ()
    options: str | None = None
    repeats: bool = False
    required: bool = False
    optional: bool = False
    min: Number | None = None
    max: Number | None = None
    unit: Code | None = None
    observe: bool = False
    asked_if: Condition | None = None
    element: AdverseEventElement | None = None
    prefill: Prefill | None = None


class Band(Unique, frozen=True):
    """A named stretch of a scale: `low` to `high` included, or up to but without `below`."""

    id: Id
    label: Text
    low: Number
    high: Number | None = None
    below: Number | None = None
    interpretation: Literal["N", "L", "LL", "LX", "H", "HH", "HX", "A", "POS", "NEG"] | None = None
    codes: tuple[Code, ...] = ()


class Threshold(Declared, frozen=True):
    """A change that its source calls meaningful; `points`, `percent` or both are given.

    `new_band`: the score must have come into another band, too.
    """

    kind: Literal["minimal", "moderate", "substantial", "reliable", "responder"]
    points: Number | None = Field(default=None, gt=0)
    percent: Number | None = Field(default=None, gt=0)
    new_band: bool = False
    source: Text


class Scale(Unique, frozen=True):
    """One score: from `items` or earlier `scales` by a rule, or, where it is held, from `field`.

    What an item counts is changed in this order: `reverse` (min + max - value), `recode` (by value)
    or `steps` (by stretch); `only_if` lets it count 0, `if_missing` fills its gap. `table` and
    `points` turn what they come to together into the score.
    """

    id: Id
    title: Text
    codes: tuple[Code, ...] = ()
    field: Text | None = None
    items: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    method: Method
    multiply: int = Field(default=1, ge=1)
    reverse: tuple[str, ...] = ()
    recode: dict[str, dict[Number, Number]] = Field(default_factory=dict)
    steps: dict[str, tuple[Step, ...]] = Field(default_factory=dict)
    only_if: dict[str, Condition] = Field(default_factory=dict)
    if_missing: dict[str, Number] = Field(default_factory=dict)
    table: dict[int, Number] = Field(default_factory=dict)
    points: tuple[Step, ...] = ()
    missing: Missing | None = None
    range: tuple[Number, Number]
    places: int = Field(default=0, ge=0, le=6)
    unit: Literal["{score}", "{T-score}", "h", "min", "%"] = "{score}"
    better: Literal["lower", "higher"] | None = None
    bands: tuple[Band, ...] = ()
    change: tuple[Threshold, ...] = ()
    observe_change: bool = False
    note: Text | None = None


class NotScored(Declared, frozen=True):
    """A score that the instrument has and that is not computed here, with the reason."""

    id: Id
    title: Text
    codes: tuple[Code, ...] = ()
    reason: Text


class Licence(Declared, frozen=True):
    """Who owns the instrument, and whether its wording may stand in this repository."""

    status: Text
    wording: Literal["shipped", "withheld"]


class Form(Unique, frozen=True):
    """One form of a trial: what it asks, how it is scored, whose it is.

    `corrects` are the earlier versions that read or scored wrongly: what they read is read anew.
    """

    kind: Literal["instrument", "outcome", "adverse-event"]
    id: Id
    version: Version
    title: Text
    source: Text
    licence: Licence
    recall: Text | None = None
    language: str | None = None
    category: Category = "survey"
    answered_by: AnsweredBy = "participant"
    codes: tuple[Code, ...] = ()
    options: dict[str, tuple[Option, ...]] = Field(default_factory=dict)
    items: tuple[Item, ...] = ()
    scales: tuple[Scale, ...] = ()
    migrates: tuple[Migration, ...] = ()
    corrects: tuple[Version, ...] = ()
    _overlay: str = PrivateAttr(default="")
    not_scored: tuple[NotScored, ...] = ()
    unverified: tuple[Text, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _spread_each(cls, data: object) -> object:
        """`each` holds what all items share; an item's own words win."""
        if not isinstance(data, dict) or not isinstance(each := data.get("each"), dict):
            return data
        form = {word: value for word, value in data.items() if word != "each"}
        if isinstance(items := data.get("items"), list):
            form["items"] = [{**each, **item} if isinstance(item, dict) else item for item in items]
        return form

    @model_validator(mode="after")
    def _spread_ranges(self) -> Self:
        """Writes `phq9-1 .. phq9-9` out as the nine link ids."""
        order = [item.link_id for item in self.items]
        scales = tuple(
            scale.model_copy(
                update={
                    "items": spread(scale.items, order),
                    "reverse": spread(scale.reverse, order),
                    "recode": spread_keys(scale.recode, order),
                    "steps": spread_keys(scale.steps, order),
                    "only_if": spread_keys(scale.only_if, order),
                    "if_missing": spread_keys(scale.if_missing, order),
                }
            )
            for scale in self.scales
        )
        object.__setattr__(self, "scales", scales)
        return self

    def worded(self, words: Mapping[str, object], overlay: str) -> Self:
        """The form with other `items`, `options` and `language`; `overlay` tells these words."""
        form = self.model_copy(update=words)
        form._overlay = overlay  # type: ignore[misc]  # noqa: SLF001 - another of our own kind
        return form

    @property
    def overlay(self) -> str:
        """What tells the words that a site laid over the form; empty where it laid none."""
        return self._overlay

    @property
    def main_language(self) -> str:
        """The language of its words, English unless it says otherwise."""
        return self.language or "en"

    @property
    def is_worded(self) -> bool:
        """Whether any of its questions has words."""
        return any(item.text for item in self.items)

    @property
    def is_licensed_to_site(self) -> bool:
        """Whether it holds words that its file may not: a site laid them over it."""
        return bool(self._overlay) and self.licence.wording == "withheld"

    @property
    def published_version(self) -> str:
        """The Questionnaire's version: with other words it is another Questionnaire."""
        return f"{self.version}+{self._overlay}" if self._overlay else self.version

    @property
    def is_totals_only(self) -> bool:
        """Whether the trial holds this form's totals without the answers behind them."""
        return not self.items

    def keeps(self, version: str) -> bool:
        """Whether what another version read stays as it is, as long as its cells do.

        An earlier one does that is not said to be wrong; one that is later was taken back.
        """
        return is_earlier(version, self.version) and version not in self.corrects

    def item(self, link_id: str) -> Item:
        """The item with this link id; KeyError where there is none."""
        return {item.link_id: item for item in self.items}[link_id]

    def offered(self, item: Item) -> tuple[Option, ...]:
        """The options this item offers, in the form's order; empty for an item without options."""
        return self.options.get(item.options, ()) if item.options else ()
