"""Over which types a search reaches: what is told by a chain or by `_has` is told of another type.

Who may not search that type learns nothing of it by a search of this one.
"""

from __future__ import annotations

from collections.abc import Iterable

from adapter.fhir.search.criteria import Chained, Criterion, NamedBy
from adapter.server.caller import Caller


def check_reach(criteria: Iterable[Criterion], caller: Caller) -> None:
    """That the scopes of a client let it search every other type that criteria rest on.

    Raises:
        RefusalError: 403.
    """
    for each in criteria:
        if not isinstance(each, Chained | NamedBy):
            continue
        caller.check("s", each.type)
        check_reach((each.criterion,), caller)
