"""Pages that a person files: what is replaced before anybody filed it lies there no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter.store import settling
from adapter.store.deliveries import Action
from adapter.store.remote import replaced_by
from adapter.sync.push import push
from tests.unit.render.reported import document_of
from tests.unit.sync.desk import NUMBER, REPOSITORY, Desk

BY_TASK = REPOSITORY.model_copy(update={"id": "gp", "ladder": ("task",)})


class Died(BaseException):
    """The process was killed."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A practice that takes pages alone."""
    with Desk(tmp_path, BY_TASK) as desk:
        desk.identify("1", NUMBER)
        desk.clinic = replace(desk.clinic, tasks=tmp_path / "tasks")
        yield desk


def owe(desk: Desk, action: Action = "put", *, is_amended: bool = False) -> None:
    made = "2024-09-02T07:05:00+00:00" if is_amended else "2024-08-30T07:05:00+00:00"
    desk.owe({**document_of("ders-18", is_amended=is_amended), "date": made}, action=action)


def laid(desk: Desk) -> set[str]:
    """The names of the files in the folder, unfinished ones as well."""
    return {path.name for path in (desk.folder / "tasks").iterdir()}


def page_of(desk: Desk, name: str) -> str:
    """The words of a page, however its lines are broken."""
    return " ".join((desk.folder / "tasks" / f"{name}.txt").read_text("utf-8").split())


def name(desk: Desk) -> str:
    """The task that waits."""
    (row,) = (row for row in desk.rows() if row["state"] in {"accepted", "awaiting"})
    return str(row["remote_version"])


def both(*names: str) -> set[str]:
    return {f"{each}.{ending}" for each in names for ending in ("txt", "pdf")}


def file(desk: Desk, named: str) -> bool:
    with desk.database.write() as tx:
        return settling.file(tx, desk.clinic.name, named, desk.clinic.now())


CHANGES = [
    pytest.param({"is_amended": True}, "file this page in its place", id="corrected"),
    pytest.param({"action": "retract"}, "take it out of the record", id="taken back"),
]
Change = dict[str, Any]


@pytest.mark.parametrize(("change", "told"), CHANGES)
@pytest.mark.parametrize("is_read_back", [False, True], ids=["laid", "read back"])
def test_a_page_that_nobody_filed_is_replaced_by_one_that_says_what_to_do_with_it(
    desk: Desk, change: Change, told: str, *, is_read_back: bool
) -> None:
    owe(desk)
    desk.push()
    first = name(desk)
    if is_read_back:
        desk.verify()
    owe(desk, **change)

    desk.push()

    assert laid(desk) == both(name(desk))
    assert first != name(desk)
    page = page_of(desk, name(desk))
    assert "Do not file an earlier page of this report that you have printed; if one was" in page
    assert told in page
    assert replaced_by(desk.database.read(), "gp", first) == name(desk)


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_a_page_that_was_filed_stays(desk: Desk, change: Change, told: str) -> None:
    owe(desk)
    desk.push()
    first = name(desk)
    assert file(desk, first)
    owe(desk, **change)

    desk.push()

    assert laid(desk) == both(first, name(desk))
    assert told in page_of(desk, name(desk))


def test_a_page_that_takes_back_stays_whatever_comes_later(desk: Desk) -> None:
    owe(desk)
    desk.push()
    owe(desk, "retract")
    desk.push()
    taking_back = name(desk)
    owe(desk)

    desk.push()

    assert laid(desk) == both(taking_back, name(desk))


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Kills the process at one of the changes to names in the folder, before it is made."""
    rename, unlink = Path.rename, Path.unlink

    def die_at(number: int) -> None:
        left = iter([*[None] * (number - 1), Died])

        def changed(change: Callable[..., object]) -> Callable[..., object]:
            def change_or_die(*args: object, **how: object) -> object:
                if next(left, None) is Died:
                    raise Died
                return change(*args, **how)

            return change_or_die

        monkeypatch.setattr(Path, "rename", changed(rename))
        monkeypatch.setattr(Path, "unlink", changed(unlink))

    return die_at


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_whoever_dies_over_it_leaves_a_page_and_the_next_push_takes_the_old_one_out(
    desk: Desk, dying: Callable[[int], None], number: int, change: Change, told: str
) -> None:
    owe(desk)
    desk.push()
    first = name(desk)
    owe(desk, **change)
    dying(number)

    if number < 5:  # two names are given, and two taken
        with pytest.raises(Died):
            desk.push()
        pages = {each for each in laid(desk) if each.endswith(".pdf")}
        assert pages
        assert f"{first}.pdf" in pages or number > 2
    desk.push()

    assert laid(desk) == both(name(desk))
    assert told in page_of(desk, name(desk))


@pytest.mark.parametrize("number", [1, 2])
def test_half_a_page_is_no_page_when_it_is_not_owed_any_more(
    desk: Desk, dying: Callable[[int], None], number: int
) -> None:
    owe(desk)
    dying(number)
    with pytest.raises(Died):
        desk.push()
    owe(desk, "retract")

    report = desk.push()

    assert laid(desk) == set()
    assert not report.created
    assert desk.count() == {"superseded": 2}


@pytest.mark.parametrize("is_stuck", [False, True], ids=["for a moment", "and it stays a while"])
def test_a_page_that_cannot_be_laid_leaves_nothing_and_is_laid_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, is_stuck: bool
) -> None:
    full, busy = [OSError(28, "No space left on device")], [OSError(16, "Busy")] * is_stuck
    rename, unlink = Path.rename, Path.unlink

    def rename_or_fail(path: Path, target: Path) -> Path:
        if full and target.suffix == ".pdf":
            assert laid(desk)
            raise full.pop()
        return rename(path, target)

    def unlink_or_fail(path: Path, *, missing_ok: bool) -> None:
        if busy:
            raise busy.pop()
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "rename", rename_or_fail)
    monkeypatch.setattr(Path, "unlink", unlink_or_fail)
    seen: list[tuple[set[str], str]] = []
    owe(desk)

    push(desk.with_sleep(lambda _: seen.append((laid(desk), "".join(desk.states().values())))))

    state = "uncertain" if is_stuck else "queued"  # what may lie there is looked for first
    assert [(bool(names), found) for names, found in seen] == [(is_stuck, state)]
    assert laid(desk) == both(name(desk))


def test_while_the_old_page_cannot_be_taken_out_the_new_one_counts_as_unknown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(desk)
    desk.push()
    owe(desk, "retract")
    busy, unlink = [OSError(16, "Device or resource busy")] * 2, Path.unlink

    def unlink_or_fail(path: Path, *, missing_ok: bool) -> None:
        if busy:
            raise busy.pop()
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink_or_fail)
    states: list[list[str]] = []

    push(desk.with_sleep(lambda _: states.append([*desk.states().values()])))

    assert states == [["uncertain"], ["uncertain"]]
    assert laid(desk) == both(name(desk))
