"""What a record system holds of the patient in context: read page by page, checked, and bounded.

Only what is valid R4, about this patient and of a type that was asked for is taken; the rest is
counted. A next page is asked for only at the record system's own origin, because the token goes
along.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from adapter.errors import EhrError
from adapter.fhir.check import find_faults
from adapter.fhir.ids import IS_ID
from adapter.viewer.launch.registered import TYPES, may_read
from adapter.viewer.launch.web import Said, Web

Resource = dict[str, Any]
MOST_PAGES = 20
MOST_RESOURCES = 5000
_A_PAGE = 200
_NOT_LET_IN, _FORBIDDEN = 401, 403
_QUERIES = {
    "Observation": "patient={patient}&category=survey",
    "QuestionnaireResponse": "patient={patient}",
    "AdverseEvent": "subject=Patient/{patient}",
    "Flag": "patient={patient}",
    "Task": "patient={patient}",
}
_CALLED = {
    "Patient": "who the patient is",
    "Observation": "scores",
    "QuestionnaireResponse": "answers",
    "AdverseEvent": "adverse events",
    "Flag": "safety signals",
    "Task": "tasks",
}


class LetInNoMoreError(EhrError):
    """The record system takes the token no more."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read; `lacking` says in sentences what was not, and why.

    `visit` is the Encounter that is open, None where none is, or it may not be read.
    """

    patient: Resource | None
    resources: tuple[Resource, ...]
    lacking: tuple[str, ...]
    visit: Resource | None = None


@dataclass(frozen=True)
class Reader:
    """Reads for one page, with its token."""

    web: Web
    iss: str
    token: str = field(repr=False)

    def fetch(self, patient: str, scope: str, encounter: str = "") -> Fetched:
        """All that the page shows of a patient, as far as the scopes go.

        `encounter` is the id of the visit that is open, '' for none.

        Raises:
            LetInNoMoreError: the token has ended.
            EhrError: the record system is away, or speaks no FHIR.
        """
        lacking: list[str] = []
        found: list[Resource] = []
        for type_ in TYPES:
            if may_read(type_, scope):
                read, why = self._read(type_, patient)
                found += read
                lacking += why
            elif type_ in {"Observation", "AdverseEvent"}:
                lacking.append(f"The record system did not grant this page the {_CALLED[type_]}.")
        person = self._patient(patient) if may_read("Patient", scope, "r") else None
        visit = self._visit(encounter, patient) if may_read("Encounter", scope, "r") else None
        return Fetched(person, tuple(found), tuple(lacking), visit)

    def _visit(self, encounter: str, patient: str) -> Resource | None:
        said = self._ask(f"{self._base}Encounter/{quote(encounter)}") if encounter else None
        body = said.body if said is not None and said.is_success else None
        is_open = body is not None and body.get("id") == encounter
        return body if is_open and body and _is_wanted(body, "Encounter", patient) else None

    def _patient(self, patient: str) -> Resource | None:
        said = self._ask(f"{self._base}Patient/{quote(patient)}")
        body = said.body if said.is_success else None
        is_whole = body is not None and body.get("id") == patient and not find_faults(body)
        return body if is_whole and body and body.get("resourceType") == "Patient" else None

    def _read(self, type_: str, patient: str) -> tuple[list[Resource], list[str]]:
        """What a search finds, and what is missing of it."""
        query = _QUERIES[type_].format(patient=quote(patient))
        url = f"{self._base}{type_}?{query}&_count={_A_PAGE}"
        found: list[Resource] = []
        left_out, seen, called = 0, set[str](), _CALLED[type_]
        while url:
            if len(seen) == MOST_PAGES or len(found) > MOST_RESOURCES or url in seen:
                return found, [f"Not all {called} could be read: the record system has too many."]
            seen.add(url)
            said = self._ask(url)
            if said.status == _FORBIDDEN:
                return found, [f"The record system does not let this page read the {called}."]
            if not said.is_success or said.body is None or said.body.get("type") != "searchset":
                if type_ == "Observation":
                    raise EhrError(f"The record system did not answer a search for {called}.")
                return found, [f"The record system did not answer a search for {called}."]
            for each in _resources(said.body):
                if each.get("resourceType") == "OperationOutcome":
                    continue
                if _is_wanted(each, type_, patient):
                    found.append({name: each[name] for name in each if name != "meta"})
                else:
                    left_out += 1
            url = self._next(said.body, url)
        if left_out:
            why = "no valid FHIR R4, or not of this patient"
            return found, [f"{left_out} of the {called} that came were left out: {why}."]
        return found, []

    def _next(self, bundle: Resource, here: str) -> str:
        """Where the next page is, '' behind the last one.

        Raises:
            EhrError: elsewhere.
        """
        links = bundle.get("link")
        for link in links if isinstance(links, list) else ():
            if isinstance(link, dict) and link.get("relation") == "next":
                url = _joined(here, str(link.get("url", "")))
                if _origin(url) != _origin(self._base):
                    raise EhrError(
                        "The record system refers to another place for its next page; nothing was "
                        "asked for there."
                    )
                return url
        return ""

    def _ask(self, url: str) -> Said:
        said = self.web.get(
            url, {"Authorization": f"Bearer {self.token}", "Accept": "application/fhir+json"}
        )
        if said.status == _NOT_LET_IN:
            raise LetInNoMoreError("The record system lets this page in no more.")
        return said

    @property
    def _base(self) -> str:
        return f"{self.iss.rstrip('/')}/"


def _resources(bundle: Resource) -> Iterator[Resource]:
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        yield resource if isinstance(resource, dict) else {}


def _is_wanted(resource: Resource, type_: str, patient: str) -> bool:
    if resource.get("resourceType") != type_ or not IS_ID(str(resource.get("id", ""))):
        return False
    if find_faults(resource):
        return False
    about = resource.get("for" if type_ == "Task" else "subject", {}).get("reference", "")
    return str(about).rpartition("Patient/")[2] == patient and "Patient/" in str(about)


def _joined(here: str, url: str) -> str:
    """An address as a browser at another one understands it, '' for none."""
    try:
        return urljoin(here, url)
    except ValueError:
        return ""


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", None, None
    return parts.scheme, parts.hostname, port or {"https": 443, "http": 80}.get(parts.scheme)
