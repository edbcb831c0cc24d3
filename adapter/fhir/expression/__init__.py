"""A scale's rule as FHIRPath, so that any SDC form filler computes the same score.

What a choice counts is read from the answer's own ordinalValue extension, the form that every
engine we know evaluates alike. The missing-item rule stands inside: a sum over gaps would be a
silent partial sum, and a score that may not be given is empty, never 0.

Engines differ, and `tests/conformance/scoring` found where. Some count in decimals, some in binary
fractions, where half a point comes to a little less now and then; one gives a quotient no more
digits than its operands have; one takes a function's argument relative to what the function stands
on. So whole numbers are divided by `div`, a power of ten comes last, and every path begins at
`%resource`.

https://hl7.org/fhirpath/N1/ and https://build.fhir.org/ig/HL7/sdc/expressions.html
"""

from adapter.fhir.expression.score import score_expression

__all__ = ["score_expression"]
