"""The key that a study's ids are derived from, and whether a ledger was made with it.

Under another key, or another id of the study, every record would be a new one: all that clinics
hold would stand there a second time. So the ledger's own study is looked at before anything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapter.errors import ConflictError, DeclarationError, LedgerError, Origin, Problem
from adapter.fhir.identity import Identity
from adapter.instruments.study import Study
from adapter.service.keeping import ledger_of
from adapter.settings import LONGEST_KEY_BYTES, SHORTEST_KEY_BYTES, Settings, read_secret
from adapter.store.database import Database, open_present
from adapter.store.versions import study_of

_EXPECTED = "the study id and the key (`key_env` or `key_file`) that this ledger was made with"
_FOUND = "a ledger of another study, or made with another key"
_ACTION = (
    "Put them back as they were; under others every record would be taken for a new one. Another "
    "study needs a ledger of its own."
)
_NOT_THERE = "Without it `adapter ingest` stops. "


def study_key(settings: Settings, environment: Mapping[str, str]) -> bytes:
    """The key that the settings name.

    Raises:
        DeclarationError: there is none, or it is too short or too long.
    """
    key = _key_given(settings, environment)
    if not _is_usable(key):
        raise DeclarationError("The study's id key cannot be used.", (_other_length(key),))
    return key


def stop_if_other_study(database: Database, identity: Identity) -> None:
    """Lets pass a ledger that holds nothing yet, or what was made with this key.

    Raises:
        ConflictError: it is of another study, or was made with another key.
    """
    if study_of(database.read()) not in {None, identity.study_id}:
        raise ConflictError(f"Expected {_EXPECTED}; found {_FOUND}. Nothing was done. {_ACTION}")


def check_key(
    settings: Settings, study: Study | None, environment: Mapping[str, str]
) -> Iterator[Problem]:
    """What is wrong with the study's key, and whether the ledger was made with it.

    That there is no key on this machine is a warning: mappings may be checked where nothing runs.
    """
    try:
        key = _key_given(settings, environment)
    except DeclarationError as wrong:
        yield from map(_as_warning, wrong.problems)
        return
    if not _is_usable(key):
        problem = _other_length(key)
        yield problem if key else _as_warning(problem)
        return
    if study is None:
        return
    try:
        with open_present(ledger_of(settings, environment)) as tx:
            found = None if tx is None else study_of(tx)
    except (DeclarationError, LedgerError):
        return  # whoever uses the ledger is told of it
    if found not in {None, Identity(study, key).study_id}:
        yield Problem(Origin("adapter.toml"), "key_env or key_file", _EXPECTED, _FOUND, _ACTION)


def _key_given(settings: Settings, environment: Mapping[str, str]) -> bytes:
    text = read_secret(environment, settings.key_env, settings.key_file, "the study's id key")
    return (text or "").encode()


def _is_usable(key: bytes) -> bool:
    return SHORTEST_KEY_BYTES <= len(key) <= LONGEST_KEY_BYTES


def _other_length(key: bytes) -> Problem:
    return Problem(
        Origin("adapter.toml"),
        "key_env or key_file",
        f"a key of {SHORTEST_KEY_BYTES} to {LONGEST_KEY_BYTES} bytes",
        f"{len(key)} bytes",
        "Make one that nobody can guess (`openssl rand -hex 32`), and keep it: ids are derived "
        "from it.",
    )


def _as_warning(problem: Problem) -> Problem:
    action = f"{_NOT_THERE}{problem.action}"
    return Problem(
        problem.origin, problem.field, problem.expected, problem.found, action, severity="warning"
    )
