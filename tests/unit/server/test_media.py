"""Which formats are agreed on, whatever the case, the quotes and the order of what is said."""

from __future__ import annotations

import pytest

from adapter.server.media import is_spoken, kind_said

FHIR = "application/fhir+json"


@pytest.mark.parametrize(
    "accepted",
    [
        FHIR,
        "application/json",
        "text/json",
        "application/*",
        "*/*",
        "json",
        "application/fhir json",
        "Application/FHIR+JSON",
        "text/html, */*;q=0.1",
        f"{FHIR}; fhirVersion=4.0",
        f"{FHIR};fhirVersion=4.0.1",
        f'{FHIR}; fhirVersion="4.0"',
        f"{FHIR};fhirVersion=3.0, {FHIR};fhirVersion=4.0",
        f"{FHIR};fhirVersion=4.0, {FHIR};fhirVersion=3.0",
        f"{FHIR};q=0;fhirVersion=3.0, {FHIR}",
        "text/html;q=0, application/json",
        'text/html;title="a, b; c", application/json',
        f"{FHIR};q=0.001",
    ],
)
def test_what_is_spoken_is_answered(accepted: str) -> None:
    assert is_spoken(accepted)


@pytest.mark.parametrize(
    "accepted",
    [
        "",
        "application/xml",
        f"{FHIR}; fhirVersion=5.0",
        f"{FHIR};fhirversion=3.0",
        f'{FHIR};FHIRVERSION="3.0"',
        f"{FHIR};fhirVersion=4.01",
        f"{FHIR};fhirVersion=4.3",
        f"{FHIR};q=0",
        f"{FHIR}; Q=0.000",
        f"{FHIR};q=0, */*",
        "*/*;q=0",
        'text/html;title="a, application/json"',
        'text/html;title="a, application/json',
    ],
)
def test_what_is_not_spoken_is_refused(accepted: str) -> None:
    assert not is_spoken(accepted)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (FHIR, FHIR),
        ("Text/JSON", "text/json"),
        (f"{FHIR}; charset=UTF-8; fhirVersion=4.0", FHIR),
        (f'{FHIR}; charset="utf-8"', FHIR),
        (f"{FHIR}; fhirVersion=3.0", ""),
        (f"{FHIR}; fhirversion=5.0", ""),
        (f"{FHIR}; charset=utf-16", ""),
        ("", ""),
    ],
)
def test_what_is_sent_is_of_our_version_and_in_utf_8(said: str, kind: str) -> None:
    assert kind_said(said) == kind
