"""The newcomer's command, run as they would, then a third round that sends nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from adapter.cli.simulate import record_system
from adapter.simulate import record_system_app, serving
from tests.installed import REPOSITORY
from tests.live.served import await_answer, free_port

ADAPTER = Path(sys.executable).with_name("adapter")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where the demonstration left its state, and what it printed."""
    state = tmp_path_factory.mktemp("demo") / "state"
    told = subprocess.run(
        [ADAPTER, "demo", "--state", state],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return state, told.stdout


def test_the_demonstration_shows_what_was_created_corrected_retracted_held_and_confirmed(
    demo: tuple[Path, str],
) -> None:
    _, printed = demo

    tables = printed.split("delivered and read back")

    first, second = _numbers(tables[1], "Observation"), _numbers(tables[3], "Observation")
    assert first == [first[0], 0, 0, 0, 0, first[0]]
    created, unchanged, corrected, retracted, refused, confirmed = second
    # One PCL-C is completed: its panel, total, three clusters, four criteria and a change.
    assert (created, corrected, refused) == (10, 10, 0)
    assert unchanged + corrected + retracted == first[0] > 9000
    assert confirmed == first[0] + created
    assert retracted > 100
    assert "blinding" not in "".join(tables)  # how much it keeps back would tell
    assert "consent-refused" in tables[4]
    assert "Where to look next" in printed


def test_status_goes_on_from_where_the_demonstration_ended(demo: tuple[Path, str]) -> None:
    state, _ = demo

    told = _adapter("status", state)

    clinics = {clinic["name"]: clinic for clinic in told["clinics"]}
    assert clinics.keys() == {"research-repository", "northside-clinic"}
    for clinic in clinics.values():
        assert clinic["queued"] == clinic["claimed"] == clinic["uncertain"] == 0
        assert clinic["refused"] == 0
        assert clinic["confirmed"] > 8000
        assert clinic["oldest_undelivered_seconds"] is None


def test_a_third_round_sends_nothing(demo: tuple[Path, str]) -> None:
    state, _ = demo
    config = tomllib.loads((state / "adapter.toml").read_text("utf-8"))

    with ExitStack() as stack:
        for clinic in config["clinics"]:
            port = int(re.findall(r":(\d+)/", clinic["url"])[0])
            system = record_system(state / f"{Path(clinic['profile']).stem}.journal")
            stack.enter_context(serving(record_system_app(system), port))
        told = _adapter("sync", state)

    for clinic in told["clinics"]:
        assert not any(clinic[word] for word in ("created", "updated", "retracted", "refused"))


def test_serving_the_demonstration_prints_links_that_open_the_pages(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    state, _ = demo
    port = free_port()
    _as_copied(tmp_path, state)
    said: list[str | Path] = ["make", "-o", ".venv/.runtime", "serve", f"PORT={port}"]

    # As at a terminal, where Ctrl-C is for make and for what it runs.
    running = subprocess.Popen(
        said, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert running.stdout is not None
        links = list[str]()
        for line in running.stdout:  # in between, another make that runs this one is named
            links += [line.strip()] if "enter?code=" in line else []
            if len(links) == 2:
                break
        await_answer(f"http://127.0.0.1:{port}/health/live", running)
        shown = [_opened(link) for link in links]
    finally:
        os.killpg(running.pid, signal.SIGINT)
        running.communicate(timeout=60)

    assert [page.count('<th scope="row"><a href=') for page in shown] == [58, 88]  # who may be seen
    assert ["Deliveries" in page for page in shown] == [False, True]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health/live")


def _as_copied(folder: Path, state: Path) -> None:
    """A copy of the repository in which the demonstration ran."""
    for each in REPOSITORY.iterdir():
        if each.name != ".demo":
            (folder / each.name).symlink_to(each)
    (folder / ".demo").mkdir()
    for each in state.iterdir():
        if each.name != "adapter.toml":
            (folder / ".demo" / each.name).symlink_to(each)
    shutil.copy(state / "adapter.toml", folder / ".demo")


def _opened(link: str) -> str:
    """The page to which a link lets in, by the button that is on it."""
    url, _, code = link.partition("?code=")
    with httpx.Client(follow_redirects=True) as browser:
        assert browser.get(link).is_success
        answer = browser.post(url, data={"code": code})
        assert answer.status_code == 200
        return answer.text


def _numbers(table: str, resource: str) -> list[int]:
    """The numbers of a resource's row: created, unchanged, corrected, retracted, refused, ..."""
    (row,) = (line for line in table.splitlines() if line.startswith(f"│ {resource} "))
    return [int(cell.strip() or 0) for cell in row.strip("│").split("│")[1:-1]]


def _adapter(command: str, state: Path) -> dict[str, list[dict[str, int]]]:
    told = subprocess.run(
        [ADAPTER, command, "--config", state / "adapter.toml", "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    document: dict[str, list[dict[str, int]]] = json.loads(told.stdout)
    return document
