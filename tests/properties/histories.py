"""Histories of a trial as Hypothesis draws them."""

from __future__ import annotations

from itertools import chain

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
# Nobody knows whether it arrived, and then more happens to the same person before it is looked up.
IN_DOUBT: st.SearchStrategy[Step] = st.builds(
    Pushed,
    CLINICS,
    st.tuples(
        *[st.sampled_from(("passes", "passes", "killed late"))] * 2,
        st.sampled_from(("killed late", "killed", "lost late")),
    ),
)
OF_ONE: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        Answered,
        st.just("1"),
        st.sampled_from(["mood", "mood later"]),
        st.none() | st.integers(1, 3),
    ),
    st.builds(
        Agreed, st.just("1"), st.just("share"), st.sampled_from(["given", "refused", "withdrawn"])
    ),
    st.builds(Present, st.just("1"), st.booleans()),
)
THEN: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda change: Ingested((change,)), OF_ONE), st.just(Withdrew("1", "share"))
)
DOUBTED = st.builds(
    lambda first, then: [first, *then], IN_DOUBT, st.lists(THEN, min_size=1, max_size=3)
)


def histories(
    hits: st.SearchStrategy[Hit | Meanwhile] = HITS, *, doubted: bool = True
) -> st.SearchStrategy[list[Step]]:
    """Up to a dozen steps or so, whose requests are hit by these.

    `doubted`: also pushes that die, and what happens then to somebody of whom they told.
    """
    pushed = st.builds(Pushed, CLINICS, st.lists(hits, max_size=8).map(tuple))
    verified = st.builds(Verified, CLINICS, st.lists(hits, max_size=3).map(tuple))
    steps = st.one_of(INGESTED, INGESTED, WITHDREW, pushed, pushed, verified, RARE, RARE)
    if not doubted:
        return st.lists(steps, max_size=12)
    one = steps.map(lambda step: [step])
    some = st.lists(st.one_of(one, one, one, one, DOUBTED), max_size=12)
    return some.map(lambda parts: list(chain.from_iterable(parts)))
