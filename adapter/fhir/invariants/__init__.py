"""The rules of R4 that no list of elements can say, each a small function under R4's own key.

`tools/compile_schema.py` writes the keys into the compiled schema wherever R4's definitions put the
constraint; the validator asks the function there and nowhere else, so that a resource without a
Period never pays for `per-1`. A constraint of severity *error* on a type of ours without a function
stops the compiler.

Left out: what R4 calls a warning. Added to R4: `integer` and `nulls`, which JSON Schema cannot say,
`question` (enableWhen asks for an item of the form) and SDC's `sdc-2`. Where R4's expression and
its words differ, the words hold: `que-12` from two conditions on, `ppc-2` to `ppc-5` with the real
code system in the place of "something".

Source: https://hl7.org/fhir/R4/ ("Constraints" on the page of each type)
"""

from adapter.fhir.invariants.rule import Invariant
from adapter.fhir.invariants.table import INVARIANTS

__all__ = ["INVARIANTS", "Invariant"]
