"""What a client was not allowed is refused, and which scope it lacks is told."""

from __future__ import annotations

import pytest

from adapter.fhir.operation_outcome import RefusalError
from adapter.server.caller import Caller, read_scopes


def test_what_no_scope_allows_is_refused_with_the_one_that_it_takes() -> None:
    caller = Caller("ehr", "care", scopes=read_scopes(["system/Observation.rs"]))
    caller.check("s", "Observation")

    with pytest.raises(RefusalError) as refused:
        caller.check("c", "Observation")

    (issue,) = refused.value.issues
    assert (refused.value.status, issue.code) == (403, "forbidden")
    assert issue.text == ("The scopes of this client do not allow it: system/Observation.c")
