"""The rules of R4 that no list of elements can say, each a small function under the key R4 gives it.

`tools/compile_schema.py` writes these keys into the compiled schema wherever the R4 definitions put the
constraint; the validator calls the function there and nowhere else, so a resource without a Period never
pays for `per-1`. A test holds that every constraint of severity *error* on our types has its function.

Left out: what R4 calls a warning. Added to R4: `integer` and `nulls`, which JSON Schema cannot say, and
`sdc-2`. Where R4's expression and its words differ, the words hold: `que-12` (from two conditions on),
`ppc-2` to `ppc-5` (the real code system in place of "something").

Source: https://hl7.org/fhir/R4/ ("Constraints" on the page of each type)
"""

from adapter.fhir.invariants.rule import Invariant
from adapter.fhir.invariants.table import INVARIANTS

__all__ = ["INVARIANTS", "Invariant"]
