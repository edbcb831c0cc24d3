"""Session attendance: how many of the eight sessions a person attended.

Source: Norman-Nott et al., JAMA Netw Open 2025;8(5):e256908 (eight sessions). A session of which
nothing is known is not an absence: all eight must be known.
"""

from __future__ import annotations

import pytest

from tests.spec.worked import refused, worked


@pytest.mark.parametrize(
    ("sessions", "attended"),
    [
        ("0 0 0 0 0 0 0 0", "0"),
        ("1 1 1 0 1 1 0 1", "6"),
        ("1 1 1 1 1 1 1 1", "8"),
        ("1 1 1 1 1 1 1 _", "none: unknown, 7 of 8"),
        ("1 1 1 1 1 1 1 -98", "none: not-applicable, 7 of 8"),
    ],
    ids=["none", "six", "all", "the last one unknown", "the last one not held"],
)
def test_attended_sessions_are_counted(sessions: str, attended: str) -> None:
    scores = worked("session-attendance", sessions)

    assert scores == {"attended": attended}


@pytest.mark.parametrize("answer", ["2", "yes"])
def test_a_session_was_attended_or_not(answer: str) -> None:
    fields = refused("session-attendance", f"1 1 {answer} 1 1 1 1 1")

    assert fields == ["session_3"]
