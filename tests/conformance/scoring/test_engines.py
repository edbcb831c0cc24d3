"""What the tests bring along says so when it cannot run: nothing of it is ever silently missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from adapter.fhir.questionnaire import SDC
from tests.chromium import Chromium, ChromiumError
from tests.conformance.scoring.engines import FHIRPATH
from tests.installed import InstallError, check_archive
from tests.live.java import JavaError, JavaProcess

QUESTIONNAIRE = {
    "resourceType": "Questionnaire",
    "status": "active",
    "item": [
        {
            "linkId": "asked",
            "type": "decimal",
            "extension": [
                {
                    "url": f"{SDC}/sdc-questionnaire-calculatedExpression",
                    "valueExpression": {"language": "text/fhirpath", "expression": "1 +"},
                }
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with Chromium() as running:
        yield running


def test_a_program_that_does_not_start_is_an_error() -> None:
    with pytest.raises(ChromiumError, match="ended before it had answered"):
        Chromium(program="false")


def test_another_archive_than_the_chosen_one_is_an_error(tmp_path: Path) -> None:
    archive = tmp_path / "fhirpath.tgz"
    archive.write_bytes(b"something else")

    with pytest.raises(InstallError, match=r"fhirpath\.tgz is not"):
        check_archive(archive, FHIRPATH)


def test_a_page_gives_what_a_script_comes_to(chromium: Chromium, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><script>const half = 0.5</script>", "utf-8")

    chromium.open(page)

    assert chromium.run("Promise.resolve({half, none: null})") == {
        "half": Decimal("0.5"),
        "none": None,
    }


def test_a_script_that_throws_is_an_error(chromium: Chromium) -> None:
    with pytest.raises(ChromiumError, match="no-such-engine"):
        chromium.run("(async () => { throw new Error('no-such-engine') })()")


def test_a_script_that_never_ends_is_an_error() -> None:
    with Chromium() as chromium, pytest.raises(ChromiumError, match="No answer in time"):
        chromium.run("new Promise(() => {})", seconds=0.2)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_page_reaches_nothing_over_the_network_not_even_this_machine(chromium: Chromium) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        fetch = f"fetch('http://127.0.0.1:{server.server_port}/', {{mode: 'no-cors'}})"
        Thread(target=server.serve_forever).start()
        try:
            with pytest.raises(ChromiumError, match="Failed to fetch"):
                chromium.run(fetch)
        finally:
            server.shutdown()


def test_an_expression_that_java_cannot_read_is_an_error() -> None:
    calculator = JavaProcess.start("live.Calculator", heap="512m")
    try:
        calculator.write(json.dumps(QUESTIONNAIRE).encode())
        with pytest.raises(JavaError, match="ended before it had answered"):
            calculator.read_line()
    finally:
        calculator.stop()
