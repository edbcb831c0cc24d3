"""The fixed codes by which adverse events are told, and how the code systems meet.

R4's own lists (https://hl7.org/fhir/R4/adverseevent.html, 4.0.1) on the left, on the right the NCI
Thesaurus as HL7's value sets for clinical research choose from it: adverse-event-clinical-research-
outcomes, -seriousness-criteria, -causality-relatedness and -grades, each in version 1.0.0 of
terminology.hl7.org (the code lists of CDISC and ICH E2B). MedDRA is not shipped.
"""

from __future__ import annotations

from typing import Final, Literal

AdverseEventElement = Literal[
    "identifier",
    "event",
    "category",
    "date",
    "detected",
    "recordedDate",
    "resolveDate",
    "seriousness",
    "criterion",
    "severity",
    "grade",
    "outcome",
    "relatedness",
    "expected",
    "discontinued",
    "awareness",
    "reported",
    "note",
    "actuality",
]
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
NCIT: Final = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
ACTUALITY: Final = "http://hl7.org/fhir/adverse-event-actuality"
SERIOUSNESS: Final = f"{_TERMINOLOGY}/adverse-event-seriousness"
SEVERITY: Final = f"{_TERMINOLOGY}/adverse-event-severity"
OUTCOME: Final = f"{_TERMINOLOGY}/adverse-event-outcome"
WHO_UMC: Final = f"{_TERMINOLOGY}/adverse-event-causality-assess"

OUTCOMES: Final = {
    "resolved": "C49498",
    "recovering": "C49496",
    "ongoing": "C49494",
    "resolvedWithSequelae": "C49495",
    "fatal": "C48275",
}
"""`unknown` has no NCIt code there: the value set of clinical research knows no unknown outcome."""
CRITERIA: Final = {
    "SeriousResultsInDeath": "C48275",
    "SeriousIsLifeThreatening": "C84266",
    "SeriousResultsInHospitalization": "C83052",
    "SeriousResultsInDisability": "C11338",
    "SeriousIsBirthDefect": "C83117",
    "SeriousRequiresPreventImpairment": "C201939",
}
"""ICH E2A's criteria."""
OTHER_MEDICALLY_IMPORTANT: Final = "C82521"
"""The criterion that has a code in the NCIt alone."""
RELATEDNESS: Final[dict[str, str | None]] = {
    "C53256": None,
    "C53257": "Unlikely",
    "C53258": "Possible",
    "C53260": "Probably-Likely",
}
"""NCIt (CDISC) to WHO-UMC, which has no word for *not related*."""
GRADES: Final = {1: "C41338", 2: "C41339", 3: "C41340", 4: "C41337", 5: "C48275"}
"""CTCAE's grades: mild, moderate, severe, life-threatening, death."""
SEVERITY_OF_GRADE: Final[dict[int, str]] = {
    1: "mild",
    2: "moderate",
    3: "severe",
    4: "severe",
    5: "severe",
}
"""R4 requires one of three severities: the two highest grades are told apart by the grade alone."""
