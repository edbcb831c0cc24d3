"""A plan tells what the push then does, whatever happened before."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapter.sync.plan import plan
from adapter.sync.push import push
from tests.properties.histories import SOME_CHANGES, histories
from tests.properties.world import (
    Happened,
    Hit,
    Ingested,
    Meanwhile,
    Present,
    Pushed,
    Step,
    opened,
)

# Nothing that leaves a doubt: what may have arrived can be told by nobody but the clinic.
HITS: st.SearchStrategy[Hit | Meanwhile] = st.one_of(
    st.sampled_from(("passes", "nobody", "busy")), st.builds(Meanwhile, SOME_CHANGES, st.booleans())
)


@given(history=histories(HITS, doubted=False))
# What was deleted and comes back is created; what was marked and comes back is updated.
@example(
    [
        Ingested((Happened("1", 1, "fell"),)),
        Pushed("repository", ()),
        Ingested((Present("1", is_present=False),)),
        Pushed("repository", ()),
        Ingested((Present("1", is_present=True),)),
    ]
)
@settings(max_examples=100, deadline=None)
def test_a_plan_counts_what_the_push_then_does(history: list[Step]) -> None:
    with opened(history) as world:
        world.ingest()
        for step in history:
            world.run(step)
        for which, far in world.far.items():
            far.faults.clear()
            clinic = world.clinic(which)
            live = far.system.resources.live
            there = {name: len(live(name)) for name in map(str, clinic.profile.accepts)}
            asked = len(far.requests)

            told = plan(clinic)

            assert len(far.requests) == asked
            done = push(clinic)
            assert told.create == done.created
            assert told.update == done.updated
            assert told.retract == done.retracted
            assert told.held == done.held
            assert done.refused == {}
            assert all(there[name] >= count for name, count in told.unchanged_by_type.items())
