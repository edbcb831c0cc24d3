"""Histories of a trial as Hypothesis draws them."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.properties.world import (
    CONSENTS,
    FAULTS,
    RECORDS,
    Agreed,
    Answered,
    Change,
    Happened,
    Hit,
    Ingested,
    Joined,
    Meanwhile,
    Present,
    Pushed,
    Step,
    Upgraded,
    Verified,
    Which,
    Withdrew,
)

PEOPLE = st.sampled_from(RECORDS)
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        Answered,
        PEOPLE,
        st.sampled_from(["mood", "mood later", "pain", "tally"]),
        st.none() | st.integers(0, 3),
    ),
    st.builds(Happened, PEOPLE, st.integers(1, 2), st.sampled_from([None, "fell", "fell hard"])),
    st.builds(
        Agreed,
        PEOPLE,
        st.sampled_from(CONSENTS),
        st.sampled_from(["given", "refused", "withdrawn", "unknown"]),
    ),
    st.builds(Present, PEOPLE, st.booleans()),
)
SOME_CHANGES = st.lists(CHANGES, min_size=1, max_size=4).map(tuple)
HITS: st.SearchStrategy[Hit | Meanwhile] = st.one_of(
    st.sampled_from(tuple(FAULTS)), st.builds(Meanwhile, SOME_CHANGES, st.booleans())
)
CLINICS: st.SearchStrategy[Which] = st.sampled_from(("repository", "clinic"))

INGESTED = st.builds(Ingested, SOME_CHANGES, st.sampled_from([False, False, False, True]))
RARE: st.SearchStrategy[Step] = st.sampled_from((Joined(), Upgraded()))
WITHDREW = st.builds(Withdrew, PEOPLE, st.sampled_from(CONSENTS))


def histories(hits: st.SearchStrategy[Hit | Meanwhile] = HITS) -> st.SearchStrategy[list[Step]]:
    """Up to a dozen steps, whose requests are hit by these."""
    pushed = st.builds(Pushed, CLINICS, st.lists(hits, max_size=8).map(tuple))
    verified = st.builds(Verified, CLINICS, st.lists(hits, max_size=3).map(tuple))
    steps = st.one_of(INGESTED, INGESTED, WITHDREW, pushed, pushed, verified, RARE, RARE)
    return st.lists(steps, max_size=12)
