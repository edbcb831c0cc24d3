"""`adapter.toml` and the environment, read once and frozen.

Paths are relative to the file. Secrets never stand in it: a setting that ends in `_env` names the
environment variable that holds the secret, one that ends in `_file` the file.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from adapter.errors import DeclarationError, Origin, Problem
from adapter.settings.clinics import ClinicSettings
from adapter.settings.logs import LogSettings
from adapter.settings.section import Section
from adapter.settings.serving import ServeSettings
from adapter.settings.triggers import TriggerSettings

Said = TypeVar("Said", bound=Section)
_LEFT_OUT = {"missing", "union_tag_not_found"}
_AT_LINE = re.compile(r"at line (?P<line>\d+)")
_TABLE = re.compile(r"\s*\[\[?\s*(?P<name>[\w-]+)(?:\s*\.\s*(?P<inside>[\w-]+))?")
_WORD = re.compile(r"\s*(?P<name>[\w-]+)\s*=")


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("expected a time with its offset, such as 2024-02-15T09:00:00+11:00")
    return moment


class _OfSource(Section):
    """What every kind of source may say.

    `missing_limit` says that it holds the whole project, and how many records may be gone since
    last time and are then retracted; left out, none is.
    """

    missing_limit: int | None = Field(default=None, ge=0)


class _OfFile(_OfSource):
    """A source in a file.

    `as_of` is when it was exported (now, when left out): open windows are judged by it.
    """

    as_of: Annotated[datetime, AfterValidator(_aware)] | None = None


class RedcapSettings(_OfFile):
    """One export of a REDCap project, its dictionary and its records each in CSV or JSON.

    `decimal_comma`: it was made with a comma in every number, whatever the fields' validation says.
    """

    kind: Literal["redcap"]
    dictionary: Path
    records: Path
    encoding: str = "utf-8"
    decimal_comma: bool = False


class TableSettings(_OfFile):
    """CSV files of any origin; `contract` says which, and what stands in them."""

    kind: Literal["csv"]
    contract: Path


class OdmSettings(_OfFile):
    """One file in CDISC ODM 1.3 or 2.0, REDCap's project XML too.

    `definitions` is the ODM file with the metadata, where `file` has none; `multiple` are the items
    that may hold several choices. Without `as_of` the file's own moment counts.
    """

    kind: Literal["odm"]
    file: Path
    definitions: Path | None = None
    multiple: tuple[str, ...] = ()


class RedcapApiSettings(_OfSource):
    """One REDCap project behind its API; `token_env` or `token_file` lets in.

    `batch_records` are asked for at once. A reading goes on where the last whole one ended, by the
    server's own time, and `overlap_minutes` before that: longer than the hour that comes twice when
    the clocks go back. Once in `full_every_hours`, everything is read. `trigger` is how REDCap
    tells `adapter serve` of what is saved.
    """

    kind: Literal["redcap-api"]
    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    token_env: str | None = None
    token_file: Path | None = None
    batch_records: int = Field(default=100, ge=1)
    overlap_minutes: int = Field(default=75, ge=0)
    full_every_hours: float = Field(default=24, ge=0)
    timeout_seconds: float = Field(default=60, gt=0)
    trigger: TriggerSettings | None = None

    @model_validator(mode="after")
    def _is_let_in(self) -> Self:
        if (self.token_env is None) == (self.token_file is None):
            raise ValueError("expected either `token_env` or `token_file`")
        return self


SourceSettings = Annotated[
    RedcapSettings | TableSettings | OdmSettings | RedcapApiSettings, Field(discriminator="kind")
]


class WordingSettings(Section):
    """Wording that the site holds a licence for: a text `file`, or labels of a REDCap `dictionary`.

    With a dictionary, `forms` says for which forms it is licensed, and `language` which it speaks.
    """

    file: Path | None = None
    dictionary: Path | None = None
    encoding: str = "utf-8"
    language: str = "en"
    forms: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.file is None) == (self.dictionary is None):
            raise ValueError("expected either `file` or `dictionary`")
        if (self.dictionary is None) != (not self.forms):
            raise ValueError("expected `forms` exactly with `dictionary`")
        return self


class Settings(Section):
    """Everything the adapter is told. `key_env` or `key_file` holds the study's id key.

    `ledger` is a file, or a database of PostgreSQL, whose password may stand apart from its URL.
    Who is at work with a clinic and says nothing for `lease_seconds` is taken for dead.
    """

    study: Path
    instruments: Path
    ledger: Annotated[str, Field(pattern=r"^postgres(ql)?://")] | Path
    ledger_password_env: str | None = None
    ledger_password_file: Path | None = None
    lease_seconds: float = Field(default=60, ge=1)
    audit: Path = Path("audit.ndjson")
    crosswalk: Path
    crosswalk_key_env: str | None = None
    crosswalk_key_file: Path | None = None
    key_env: str | None = None
    key_file: Path | None = None
    sources: tuple[SourceSettings, ...] = ()
    clinics: tuple[ClinicSettings, ...] = ()
    wording: tuple[WordingSettings, ...] = ()
    serve: ServeSettings | None = None
    logs: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        if self.ledger == self.crosswalk:
            raise ValueError("expected `crosswalk` in a file of its own, apart from `ledger`")
        has_password = self.ledger_password_env or self.ledger_password_file
        if has_password and isinstance(self.ledger, Path):
            raise ValueError("expected a password only for a `ledger` on PostgreSQL")
        return self

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        # What one source does not hold may stand in another: it is not gone.
        limits = [source.missing_limit for source in self.sources]
        if len(limits) > 1 and limits != [None] * len(limits):
            raise ValueError("expected `missing_limit` only where one source holds the project")
        return self


def read_settings(path: Path) -> Settings:
    """Reads `adapter.toml`; every relative path is taken from where the file lies.

    Raises:
        DeclarationError: it is missing, no TOML, or says what no setting means; with every finding.
    """
    try:
        text = path.read_text("utf-8")
        said = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as wrong:
        found = getattr(wrong, "strerror", None) or "bytes that are not UTF-8"
        problem = Problem(Origin(path.name), "", "a readable file", found, "Check --config.")
        raise DeclarationError("The configuration cannot be read.", (problem,)) from wrong
    except tomllib.TOMLDecodeError as wrong:
        at = _AT_LINE.search(str(wrong))
        origin = Origin(path.name, int(at["line"]) if at else None)
        problem = Problem(origin, "", "TOML", str(wrong), "Correct the text there.")
        raise DeclarationError("The configuration is no TOML.", (problem,)) from wrong
    try:
        settings = Settings.model_validate(said)
    except ValidationError as wrong:
        raise DeclarationError(
            "The configuration cannot be used.",
            tuple(
                Problem(
                    Origin(path.name, _line_of(text, place)),
                    ".".join(map(str, place)),
                    _expected(error),
                    "nothing" if error["type"] in _LEFT_OUT else "something else",
                    "Correct it; the README lists every setting.",
                )
                for error in wrong.errors(include_url=False)
                for place in (_place_of(error),)
            ),
        ) from wrong
    return _beside(settings, path.parent)


def _place_of(error: ErrorDetails) -> tuple[int | str, ...]:
    """Where a mistake stands in the file: the name of a kind is no part of that."""
    place = error["loc"]
    if error["type"].startswith("union_tag"):
        return (*place, "kind")
    # A source's kind comes after its index, a sign-in's after its name.
    at = 2 if place[:1] == ("sources",) else 3
    has_kind = place[:1] == ("sources",) or place[2:3] == ("sign_in",)
    return (*place[:at], *place[at + 1 :]) if has_kind else place


def _expected(error: ErrorDetails) -> str:
    """What would be right; never what stands there, which may be a secret in the wrong place."""
    if error["type"] == "union_tag_invalid":
        return f"one of the kinds {error.get('ctx', {}).get('expected_tags')}"
    return error["msg"]


def _line_of(text: str, place: tuple[int | str, ...]) -> int | None:
    """The line of the innermost part of a place that stands there; TOML's reader tells none."""
    lines: dict[tuple[int | str, ...], int] = {}
    table: tuple[int | str, ...] = ()
    tables = Counter[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _TABLE.match(line):
            tables[found["name"]] += not found["inside"]
            table = (found["name"], tables[found["name"]] - 1)
            lines.setdefault(table[:1], number)
            if found["inside"]:
                table = (*table, found["inside"])
            lines[table] = number
        elif found := _WORD.match(line):
            lines.setdefault((*table, found["name"]), number)
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place)


def _beside(settings: Settings, folder: Path) -> Settings:
    """The same settings with every path made absolute from `folder`."""
    return _absolute(settings, folder).model_copy(
        update={
            "sources": tuple(_absolute(source, folder) for source in settings.sources),
            "clinics": tuple(_absolute(clinic, folder) for clinic in settings.clinics),
            "wording": tuple(_absolute(wording, folder) for wording in settings.wording),
            "serve": _served(settings.serve, folder),
        }
    )


def _served(serve: ServeSettings | None, folder: Path) -> ServeSettings | None:
    if serve is None:
        return None
    listed = {
        "clients": serve.clients,
        "issuers": serve.issuers,
        "hooks": serve.hooks,
        "record_systems": serve.record_systems,
    }
    beside = {name: tuple(_absolute(each, folder) for each in of) for name, of in listed.items()}
    return _absolute(serve, folder).model_copy(update=beside)


def _absolute(section: Said, folder: Path) -> Said:
    beside: dict[str, Path | Section] = {}
    for name, value in section:
        if isinstance(value, Path):
            beside[name] = (folder / value).absolute()
        elif isinstance(value, Section):
            beside[name] = _absolute(value, folder)
    return section.model_copy(update=beside)
