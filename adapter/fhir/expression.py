"""A scale's rule as FHIRPath, so that any SDC form filler computes the same total.

Weights are read from the answers' own ordinalValue extension, the form that every engine we know
evaluates alike; the missing-item rule stands inside, because a plain sum over gaps is a silent
partial sum. What needs a table or a recode has no expression (None): our own scoring is the
authority.
"""

from __future__ import annotations

from adapter.fhir.coding import ORDINAL_VALUE
from adapter.instruments.form import Form, Scale
from adapter.instruments.items import bounds_of


def score_expression(form: Form, scale: Scale) -> str | None:
    """The FHIRPath of a sum or mean over weighted choices; None where FHIRPath is not given."""
    coded = all(form.offered(form.item(link_id)) for link_id in scale.items)
    if scale.method not in {"sum", "mean"} or scale.recode or not coded:
        return None
    plain = [link_id for link_id in scale.items if link_id not in scale.reverse]
    parts = [f"{_weights(plain)}.aggregate($this + $total, 0)"] if plain else []
    parts.extend(_reversed_parts(form, scale))
    total = " + ".join(parts)
    of = len(scale.items)
    count = f"{_weights(list(scale.items))}.count()"
    needed = scale.missing.at_least if scale.missing else of
    if scale.method == "mean":
        total = f"({total}) / {count}"
    elif needed < of:
        total = f"({total}) * {of} / {count}"
    if scale.multiply > 1:
        total = f"({total}) * {scale.multiply}"
    return f"({total}).where({count} >= {needed}).round({scale.places})"


def _reversed_parts(form: Form, scale: Scale) -> list[str]:
    by_sum: dict[int, list[str]] = {}
    for link_id in scale.reverse:
        bounds = bounds_of(form, form.item(link_id)) or (0, 0)  # coherence: there are bounds
        by_sum.setdefault(int(bounds[0] + bounds[1]), []).append(link_id)
    return [
        f"{_weights(link_ids)}.select({both} - $this).aggregate($this + $total, 0)"
        for both, link_ids in by_sum.items()
    ]


def _weights(link_ids: list[str]) -> str:
    names = " | ".join(f"'{link_id}'" for link_id in link_ids)
    return (
        f"%resource.repeat(item).where(linkId in ({names})).answer.value"
        f".extension.where(url = '{ORDINAL_VALUE}').value"
    )
