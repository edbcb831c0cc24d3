"""A clinic that asks for our certificate, over real TLS: shown, exchanged, and missing."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from adapter.service.clients import LateClient
from adapter.settings import ClinicSettings
from adapter.sync.answer import Answer
from adapter.sync.receipt import Unknown, Unreachable
from tests.certificates import write
from tests.unit.sync.desk import CLINIC


@contextmanager
def clinic(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A FHIR base that lets in certificates of the authority, and the names it let in."""
    let_in: list[str] = []

    class Base(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown: Any = self.connection
            subject = shown.getpeercert()["subject"]
            let_in.append(dict(pair for names in subject for pair in names)["commonName"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - as http.server says
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A handshake that failed is what some tests ask for."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "clinic.pem", folder / "clinic.key")
    context.load_verify_locations(folder / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = Server(("127.0.0.1", 0), Base)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/fhir", let_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The certificates of an authority, the clinic, the trial, and a stranger."""
    write(tmp_path, "authority")
    write(tmp_path, "clinic")
    write(tmp_path, "trial")
    write(tmp_path, "stranger", "stranger")
    return tmp_path


def client(folder: Path, url: str, **said: Path) -> LateClient:
    named = {"ca_file": folder / "authority.pem", **said}
    settings = ClinicSettings.model_validate(
        {"profile": folder / "north.yaml", "url": url, **named}
    )
    return LateClient(CLINIC, settings, {})


def test_a_certificate_lets_in_and_a_new_one_counts_from_the_next_request_on(
    folder: Path,
) -> None:
    shown = {"client_certificate": folder / "trial.pem", "client_key": folder / "trial.key"}
    with clinic(folder) as (url, let_in), closing(client(folder, url, **shown)) as here:
        first = here.exchange("GET", "metadata")
        write(folder, "trial of tomorrow", stem="trial")
        second = here.exchange("GET", "metadata")

    assert first == second == Answer(200, {})
    assert let_in == ["trial", "trial of tomorrow"]


@pytest.mark.parametrize("name", [None, "stranger"])
def test_without_a_certificate_of_the_authority_nobody_comes_in(
    folder: Path, name: str | None
) -> None:
    shown = (
        {"client_certificate": folder / f"{name}.pem", "client_key": folder / f"{name}.key"}
        if name
        else {}
    )
    with clinic(folder) as (url, let_in), closing(client(folder, url, **shown)) as here:
        answer = here.exchange("GET", "metadata")

    assert isinstance(answer, Unreachable | Unknown)
    assert let_in == []


def test_a_clinic_of_another_authority_is_told_nothing(folder: Path) -> None:
    shown = {
        "ca_file": folder / "stranger.pem",
        "client_certificate": folder / "trial.pem",
        "client_key": folder / "trial.key",
    }
    with clinic(folder) as (url, let_in), closing(client(folder, url, **shown)) as here:
        answer = here.exchange("GET", "metadata")

    assert answer == Unreachable("ConnectError")
    assert let_in == []
