"""Keys of the tests, which are no secret."""

CROSSWALK_KEY = "a key of the tests that is no secret: who is who"
CROSSWALK_KEYS = (CROSSWALK_KEY,)
