"""Whether what the form's renderer computed is what the form's rules give.

A total that differs counts as a person's: it is told, and neither taken nor written over. Source:
SDC, "Calculations": https://build.fhir.org/ig/HL7/sdc/behavior.html#calculatedExpression
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapter.fhir.reading.findings import Findings
from adapter.fhir.reading.items import Total
from adapter.scoring import Score


def compare_totals(scores: Iterable[Score], totals: Mapping[str, Total], found: Findings) -> None:
    """Tells every total in the response that is not the score of its scale."""
    for score in scores:
        total = totals.get(score.scale.id)
        ours = score.value if score.profile is None else score.profile
        if total is None or total.value == ours:
            continue
        if ours is None:
            expected = "no total, because the form's rule forbids one"
        else:
            expected = "the score that the form's rule gives, which is the one extracted"
        found.warning("business-rule", total.expression, expected, "another total")
