"""The service behind nginx and Caddy, each with the very lines of the page for operators.

TLS ends at the proxy; whatever the service says of itself is the address that clients know, and who
asks is whom a trusted proxy saw, nobody else's word for it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from tests.certificates import SERVED_AS, certificate, write
from tests.installed import REPOSITORY, debian_program
from tests.live.served import JWT_BEARER, Served, free_port, running, settings_of
from tests.live.small import SmallTrial

PAGE = REPOSITORY / "docs" / "operator.md"
URL = f"https://{SERVED_AS}"
SIGN_INS = 8
PERSON = "1042"
FHIR_JSON = {"Content-Type": "application/fhir+json"}


@dataclass(frozen=True)
class Behind:
    """A service behind a proxy; `as_known` has the address that its clients know."""

    proxy: int
    port: int
    as_known: Served
    authority: ssl.SSLContext

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
        content: str | Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """What the proxy answers somebody at this address, who knows the service by its name.

        `content` is posted, a form or a text.
        """
        form = content if isinstance(content, Mapping) else None
        transport = httpx.HTTPTransport(verify=self.authority, local_address=address)
        with httpx.Client(transport=transport, timeout=60) as client:
            return client.request(
                "GET" if content is None else "POST",
                f"https://127.0.0.1:{self.proxy}{path}",
                headers={"Host": SERVED_AS, **(headers or {})},
                extensions={"sni_hostname": SERVED_AS},
                content=None if form is not None else content,  # type: ignore[arg-type]
                data=form,
            )

    def token(self) -> str:
        """A token of the client, by way of the proxy."""
        answer = self.ask("/auth/token", content=signed(self.as_known))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


def signed(served: Served) -> dict[str, str]:
    """What a client posts to get a token."""
    return {
        "grant_type": "client_credentials",
        "scope": "system/*.cruds",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": served.assertion(),
    }


def block(language: str) -> str:
    """The lines of the page in a language."""
    (lines,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(lines)


def changed(lines: str, *changes: tuple[str, str]) -> str:
    """The lines with what only a test has otherwise."""
    for said, ours in changes:
        assert said in lines
        lines = lines.replace(said, ours)
    return lines


def nginx(folder: Path, proxy: int, port: int) -> list[str | Path]:
    """The command that runs nginx."""
    lines = changed(
        block("nginx"),
        ("listen 443 ssl", f"listen 127.0.0.1:{proxy} ssl"),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{port}"),
        ("/etc/ssl/trial", str(folder / "us")),
    )
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{each}_temp_path {folder / each};\n" for each in places)
    configuration = folder / "nginx.conf"
    user = "user root;\n" if os.geteuid() == 0 else ""  # else its workers are nobody
    configuration.write_text(
        f"{user}daemon off; pid {folder / 'nginx.pid'}; error_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{lines}}}\n",
        "utf-8",
    )
    program = shutil.which("nginx") or debian_program("nginx", "usr/sbin/nginx")
    return [program, "-e", "stderr", "-p", folder, "-c", configuration]


def caddy(folder: Path, proxy: int, port: int) -> list[str | Path]:
    """The command that runs Caddy."""
    key = f"tls {folder / 'us.pem'} {folder / 'us.key'}"
    lines = changed(
        block("caddy"),
        (f"{SERVED_AS} {{", f"https://{SERVED_AS}:{proxy} {{\n  bind 127.0.0.1\n  {key}"),
        ("127.0.0.1:8000", f"127.0.0.1:{port}"),
    )
    configuration = folder / "Caddyfile"
    off = "{\n  admin off\n  auto_https disable_redirects\n  skip_install_trust\n}\n"
    configuration.write_text(off + lines, "utf-8")
    program = shutil.which("caddy") or debian_program("caddy", "usr/bin/caddy")
    return [program, "run", "--adapter", "caddyfile", "--config", configuration]


PROXIES: dict[str, Callable[[Path, int, int], list[str | Path]]] = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service, which believes a proxy at 127.0.0.1."""
    folder, port = tmp_path_factory.mktemp("behind"), free_port()
    settings = settings_of(folder, URL, "system/*.cruds", "requests_per_second = 100000")
    limited = settings.replace("[serve]", f"[serve]\nsign_ins_per_minute = {SIGN_INS}")
    people = frozenset({PERSON})
    trial = SmallTrial(folder, "http://127.0.0.1:9/fhir", people, settings=limited)
    trial.read()
    for name in ("authority", "us"):
        write(folder, name)
    with running(trial, f"http://127.0.0.1:{port}", "--proxy-headers", "127.0.0.1") as served:
        yield served


@pytest.fixture(scope="module", params=PROXIES)
def behind(
    request: pytest.FixtureRequest,
    service: Served,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Behind]:
    """The service behind one of the proxies."""
    port, folder = int(service.origin.rpartition(":")[2]), service.folder
    proxy, own = free_port(), tmp_path_factory.mktemp("proxy")
    for each in ("us.pem", "us.key"):
        shutil.copy(folder / each, own)
    authority = ssl.create_default_context(cadata=certificate("authority", "authority").decode())
    there = Behind(proxy, port, replace(service, origin=URL), authority)
    environment = {"HOME": str(own), "XDG_DATA_HOME": str(own), "XDG_CONFIG_HOME": str(own)}
    with (own / "log").open("wb") as log:
        process = subprocess.Popen(
            PROXIES[request.param](own, proxy, port), stdout=log, stderr=log, env=environment
        )
        try:
            await_answer(there, process, own / "log")
            yield there
        finally:
            process.terminate()
            process.wait(30)


def await_answer(behind: Behind, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text("utf-8")
        try:
            assert behind.ask("/health/live").status_code == 200
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(log.read_text("utf-8"))


def test_what_the_service_says_of_itself_is_the_address_that_clients_know(behind: Behind) -> None:
    told = behind.ask("/fhir/.well-known/smart-configuration").json()
    token = {"Authorization": f"Bearer {behind.token()}"}
    page = behind.ask("/fhir/Observation?_count=2", headers=token).json()
    links = {link["relation"]: link["url"] for link in page["link"]}
    following = behind.ask(links["next"].removeprefix(URL), headers=token).json()
    order = {**token, "Prefer": "respond-async"}
    export = behind.ask("/fhir/Patient/$export", headers=order)

    assert told["token_endpoint"] == f"{URL}/auth/token"
    assert links["self"].startswith(f"{URL}/fhir/Observation?")
    assert links["next"].startswith(f"{URL}/fhir/Observation?")
    shown = [entry["fullUrl"] for each in (page, following) for entry in each["entry"]]
    assert len(set(shown)) == 4
    assert all(each.startswith(f"{URL}/fhir/Observation/") for each in shown)
    assert export.status_code == 202
    assert export.headers["content-location"].startswith(f"{URL}/fhir/bulk/")
    assert behind.ask("/metrics").status_code == 404


def test_a_body_may_be_as_long_as_the_service_takes_and_no_longer(behind: Behind) -> None:
    token = {"Authorization": f"Bearer {behind.token()}", **FHIR_JSON}
    long, too_long = (
        json.dumps({"resourceType": "QuestionnaireResponse", "language": "x" * 1_000_000 * size})
        for size in (4, 6)
    )

    read = behind.ask("/fhir/QuestionnaireResponse", token, content=long)
    refused = behind.ask("/fhir/QuestionnaireResponse", token, content=too_long)

    assert (read.status_code, refused.status_code) == (400, 413)
    assert read.json()["resourceType"] == "OperationOutcome"


def test_everybody_behind_a_proxy_signs_in_as_often_as_they_may_and_nobody_as_another(
    behind: Behind,
) -> None:
    wrong = {"grant_type": "client_credentials"}

    def sign_in(address: str, claimed: str) -> int:
        headers = {"X-Forwarded-For": claimed}
        return behind.ask("/auth/token", headers, address, wrong).status_code

    here, there = (f"127.0.{behind.proxy % 250}.{number}" for number in (1, 2))
    often = [sign_in(here, f"192.0.2.{number}") for number in range(SIGN_INS + 2)]
    another = sign_in(there, here)

    assert often[:SIGN_INS] == [400] * SIGN_INS
    assert often[-1] == 429  # what they claim to be forwarded for is not believed
    assert another == 400


def test_who_asks_without_the_proxy_is_not_believed_either(service: Served) -> None:
    transport = httpx.HTTPTransport(local_address="127.0.0.77")
    with httpx.Client(transport=transport, base_url=service.origin) as client:
        told = [
            client.post(
                "/auth/token", data={"x": "y"}, headers={"X-Forwarded-For": f"192.0.2.{number}"}
            ).status_code
            for number in range(SIGN_INS + 2)
        ]

    assert told[:SIGN_INS] == [400] * SIGN_INS
    assert told[-1] == 429
