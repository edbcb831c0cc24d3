"""Programs that compute the calculated items of a Questionnaire, none of them ours.

- fhirpath.js, HL7's engine for JavaScript; it counts in decimals.
- LHC-Forms of the National Library of Medicine, a form filler; its FHIRPath counts in binary
  fractions. Both run on one page of a headless Chromium.
- HAPI's FHIRPath for Java, of another hand; it counts in decimals.
"""

from __future__ import annotations

import json
import re
import tempfile
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.chromium import Chromium
from tests.installed import Package, unpack_package
from tests.live.java import PROJECT, JavaProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

FHIRPATH = Package(
    "fhirpath",
    "5.2.2",
    "ij+/Bv09T2V1h0Rcvl4emVfiDXtFQ8Yvt73M51FSCdZpSuqg4MsIm+iifIZ7pp3VrQypqu34kYcChuIfoSPHwQ==",
)
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
# What the page calls each, by what a reader does.
ON_THE_PAGE = {
    f"fhirpath.js {FHIRPATH.version}": "fhirpath",
    f"LHC-Forms {LHC_FORMS.version}": "lforms",
}
_HAPI_VERSION = re.search("<hapi.version>(.+)</hapi.version>", (PROJECT / "pom.xml").read_text())
HAPI = f"HAPI FHIRPath {_HAPI_VERSION[1] if _HAPI_VERSION else ''}"
NAMES = (*ON_THE_PAGE, HAPI)
ANSWER_SECONDS = 300

Computed = dict[str, Decimal | str]


class Engines:
    """All of them, running; for use by one thread."""

    def __init__(self) -> None:
        """Starts them, installing what is missing.

        Raises:
            InstallError: A package or a program could not be had.
            ChromiumError: The page could not be opened.
            JavaError: The Java side could not be built or started.
        """
        with ExitStack() as started:
            self._chromium = started.enter_context(Chromium())
            self._java = JavaProcess.start("live.Calculator", heap="512m")
            started.callback(self._java.stop)
            folder = started.enter_context(tempfile.TemporaryDirectory())
            self._chromium.open(_write_page(Path(folder)))
            self._chromium.run(_load_fhirpath())
            self._started = started.pop_all()

    def compute(
        self, name: str, questionnaire: bytes, responses: Sequence[bytes]
    ) -> list[Computed]:
        """What each calculated item comes to, by link id, for every response in turn.

        An item that comes to nothing is left out.

        Raises:
            ChromiumError: The engine failed, or took too long.
            JavaError: The same.
        """
        if name == HAPI:
            return self._compute_in_java(questionnaire, responses)
        return self._on_the_page(ON_THE_PAGE[name], questionnaire, responses)

    def draw(self, questionnaire: bytes, responses: Sequence[bytes]) -> list[Computed]:
        """The same by LHC-Forms, with each form drawn on the page as a person would see it."""
        return self._on_the_page("drawn", questionnaire, responses)

    def fill(self, questionnaire: bytes, responses: Sequence[bytes]) -> list[dict[str, Any]]:
        """What LHC-Forms, having been given each response's answers, would send as a response."""
        found: list[dict[str, Any]] = self._run("filled", questionnaire, responses)
        return found

    def __enter__(self) -> Self:
        """Gives the running engines."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends them."""
        self._started.close()

    def _on_the_page(
        self, engine: str, questionnaire: bytes, responses: Sequence[bytes]
    ) -> list[Computed]:
        found = self._run(engine, questionnaire, responses)
        return [_exact(each) for each in found]

    def _run(self, engine: str, questionnaire: bytes, responses: Sequence[bytes]) -> Any:  # noqa: ANN401 - JSON
        said = f"{questionnaire.decode()}, [{b','.join(responses).decode()}]"
        return self._chromium.run(f"compute({json.dumps(engine)}, {said})", ANSWER_SECONDS)

    def _compute_in_java(self, questionnaire: bytes, responses: Sequence[bytes]) -> list[Computed]:
        computed = []
        for resource in (questionnaire, *responses):
            self._java.write(resource)
            computed.append(json.loads(self._java.read_line(), parse_float=Decimal))
        return [_exact(each) for each in computed[1:]]


def _exact(computed: Mapping[str, Decimal | int | str]) -> Computed:
    return {
        item: value if isinstance(value, str) else Decimal(value)
        for item, value in computed.items()
    }


def _write_page(folder: Path) -> Path:
    """The page that loads LHC-Forms, and then what asks both engines."""
    package = unpack_package(LHC_FORMS)
    scripts = [package / "dist" / "lforms" / script for script in LHC_SCRIPTS]
    scripts.append(Path(__file__).parent / "page.js")
    tags = "".join(f'<script src="{script.as_uri()}"></script>' for script in scripts)
    page = folder / "page.html"
    head = '<!doctype html><meta charset="utf-8">'
    page.write_text(f'{head}<body><div id="form"></div>{tags}</body>', "utf-8")
    return page


def _load_fhirpath() -> str:
    folder = unpack_package(FHIRPATH)
    model = [
        *(folder / "fhir-context" / "r4").iterdir(),
        folder / "fhir-context" / "general-additions.js",
    ]
    files = {
        file.relative_to(folder).as_posix(): file.read_text("utf-8")
        for file in model
        if file.suffix in {".js", ".json"}
    }
    bundle = (folder / "esm" / "fhirpath.mjs").as_uri()
    return f"loadFhirpath({json.dumps(bundle)}, {json.dumps(files)})"
