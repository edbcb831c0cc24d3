"""Signing in at a record system: what stands in `Authorization`, and who may see it.

What signs with a key stands in `smart_backend` and `keys`, so that who needs no key loads no
cryptography.
"""

from adapter.sync.auth.sign_in import NO_SIGN_IN, Basic, SignIn, StaticToken

__all__ = ["NO_SIGN_IN", "Basic", "SignIn", "StaticToken"]
