"""What would tell a blinded reader the arm: never released to them.

The arm itself is nowhere in the ledger, because the allocation list is not read; what remains is
what betrays it, such as attendance at sessions that one arm alone has.
"""

from __future__ import annotations

from adapter.instruments.study import Study


def reveals_allocation(study: Study, form: str) -> bool:
    """Whether the study file says of this form that it reveals the arm."""
    return any(placed.reveals_allocation for placed in study.forms if placed.form == form)
