"""How generated cases are drawn: the same ones in every run, others only where they are asked for.

`make test` draws the same examples anywhere, so that it fails for a reason in the change;
`make soak` draws new ones, and many more.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("test", derandomize=True, database=None, deadline=None)
settings.register_profile("soak", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))
