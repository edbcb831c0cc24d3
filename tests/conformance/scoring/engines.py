"""Programs that compute the calculated items of a Questionnaire, none of them ours.

- fhirpath.js, HL7's engine for JavaScript; it counts in decimals.
- LHC-Forms of the National Library of Medicine, a form filler; its FHIRPath counts in binary
  fractions. Both run on one page of a headless Chromium.
- HAPI's FHIRPath for Java, of another hand; it counts in decimals.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from tests.conformance.scoring.page import LHC_FORMS, Page
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
# What the page calls each, by what a reader does.
ON_THE_PAGE = {
    f"fhirpath.js {FHIRPATH.version}": "fhirpath",
    f"LHC-Forms {LHC_FORMS.version}": "lforms",
}
_HAPI_VERSION = re.search("<hapi.version>(.+)</hapi.version>", (PROJECT / "pom.xml").read_text())
HAPI = f"HAPI FHIRPath {_HAPI_VERSION[1] if _HAPI_VERSION else ''}"
NAMES = (*ON_THE_PAGE, HAPI)

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
            self._page = started.enter_context(Page())
            self._java = JavaProcess.start("live.Calculator", heap="512m")
            started.callback(self._java.stop)
            self._page.run(_load_fhirpath())
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
        return self._page.fill(questionnaire, responses)

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
        found = self._page.compute(engine, questionnaire, responses)
        return [_exact(each) for each in found]

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
