"""LHC-Forms of the National Library of Medicine on a page of a headless Chromium, and what asks it.

https://lhcforms.nlm.nih.gov; it draws a Questionnaire for a person, and gives the response.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.chromium import Chromium
from tests.installed import Package, unpack_package

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

LHC_FORMS = Package(
    "lforms",
    "40.1.3",
    "WLruTm+BcVnafC0rSAQ3/cNqhxvclBUxyBG68aub/uha2NaK9H8ZZcEXTTuORuGzzCt0wa7fvhuieZtcDIdPzQ==",
)
LHC_SCRIPTS = (
    "webcomponent/assets/lib/zone.min.js",
    "webcomponent/runtime.js",
    "webcomponent/polyfills.js",
    "webcomponent/main.js",
    "fhir/R4/lformsFHIR.min.js",
)
ANSWER_SECONDS = 300


class Page:
    """A page with LHC-Forms on it; for use by one thread."""

    def __init__(self) -> None:
        """Opens it, installing what is missing.

        Raises:
            InstallError: A package or a program could not be had.
            ChromiumError: The page could not be opened.
        """
        with ExitStack() as started:
            self._chromium = started.enter_context(Chromium())
            folder = started.enter_context(tempfile.TemporaryDirectory())
            self._chromium.open(_write_page(Path(folder)))
            self._started = started.pop_all()

    def run(self, script: str, seconds: float = ANSWER_SECONDS) -> Any:  # noqa: ANN401 - whatever it gives
        """What an expression of the page's language comes to, awaited; numbers are Decimals.

        Raises:
            ChromiumError: It threw, or took longer.
        """
        return self._chromium.run(script, seconds)

    def compute(self, engine: str, questionnaire: bytes, responses: Sequence[bytes]) -> Any:  # noqa: ANN401 - JSON
        """What an engine of `page.js` makes of each response in turn."""
        said = f"{questionnaire.decode()}, [{b','.join(responses).decode()}]"
        return self.run(f"compute({json.dumps(engine)}, {said})")

    def fill(self, questionnaire: bytes, responses: Sequence[bytes]) -> list[dict[str, Any]]:
        """What LHC-Forms, having been given each response's answers, would send as a response."""
        found: list[dict[str, Any]] = self.compute("filled", questionnaire, responses)
        return found

    def __enter__(self) -> Self:
        """Gives the open page."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends its browser."""
        self._started.close()


def _write_page(folder: Path) -> Path:
    """The page that loads LHC-Forms, and then what asks it."""
    package = unpack_package(LHC_FORMS)
    scripts = [package / "dist" / "lforms" / script for script in LHC_SCRIPTS]
    scripts.append(Path(__file__).parent / "page.js")
    tags = "".join(f'<script src="{script.as_uri()}"></script>' for script in scripts)
    page = folder / "page.html"
    head = '<!doctype html><meta charset="utf-8">'
    page.write_text(f'{head}<body><div id="form"></div>{tags}</body>', "utf-8")
    return page
