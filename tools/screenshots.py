"""Takes the pictures of the clinician's page that the README shows, from the demonstration.

Everybody in it is invented. The page comes from the ledger that `adapter demo` left in `.demo`,
through the same doors as for a clinician: a link, a session, the release gate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from adapter.service import Service, open_service
from adapter.service.serving import service_app
from adapter.service.viewing import invitation
from adapter.simulate import serving
from tests.browser.window import as_seen, picture
from tests.chromium import Chromium

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / ".demo" / "adapter.toml"
PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
WHO, PARTICIPANT = "a-clinician", "1056"
WINDOWS: dict[str, tuple[int, int, Literal["light", "dark"]]] = {
    "page-light": (1280, 1000, "light"),
    "page-dark": (1280, 1000, "dark"),
    "page-phone": (390, 844, "light"),
}


def main() -> None:
    """Writes one picture for each window."""
    PICTURES.mkdir(exist_ok=True)
    with (
        open_service(CONFIG) as service,
        serving(service_app(service)) as port,
        Chromium(asks_this_machine=True) as chromium,
    ):
        page = _enter(service, f"http://127.0.0.1:{port}", chromium)
        for name, (width, height, scheme) in WINDOWS.items():
            as_seen(chromium, width, height, scheme)
            chromium.open(page)
            taken = picture(chromium, "webp")
            if len(taken) > MOST_BYTES:
                raise SystemExit(f"{name}: {len(taken)} bytes are more than a README should load")
            (PICTURES / f"{name}.webp").write_bytes(taken)
            print(f"{name}.webp: {len(taken)} bytes")


def _enter(service: Service, origin: str, chromium: Chromium) -> str:
    """Signs the demonstration's clinician in; gives the address of a patient's page."""
    link = invitation(service, WHO)
    path = link[link.index("/app/") :]
    chromium.open(f"{origin}{path}")
    chromium.follow(lambda: chromium.run("document.querySelector('button').click()"))
    return f"{origin}/app/patients/{service.trial.identity.patient(PARTICIPANT)}"


if __name__ == "__main__":
    main()
