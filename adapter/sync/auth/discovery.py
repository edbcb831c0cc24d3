"""What a clinic says of its sign-in, in `.well-known/smart-configuration`.

Source: https://hl7.org/fhir/smart-app-launch/conformance.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from adapter.errors import EhrError

_KNOWN = frozenset({"RS384", "ES384"})
_ASYMMETRIC = "client-confidential-asymmetric"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where tokens are had, which algorithms are taken there, and what the server can do."""

    url: str
    algorithms: frozenset[str]
    capabilities: frozenset[str]


def read_endpoint(said: dict[str, Any], base: str) -> Endpoint:
    """The token endpoint that a server names; a relative address is taken from the FHIR base.

    A server that does not list its algorithms takes both, as the standard asks.

    Raises:
        EhrError: it names none, one that is less safe than the base, or does not take signed
            assertions.
    """
    named = said.get("token_endpoint")
    if not isinstance(named, str) or not named:
        raise EhrError(
            "expected `token_endpoint` in the clinic's smart-configuration; found none. "
            "Ask the clinic whether it offers SMART Backend Services."
        )
    url = urljoin(base, named)
    if urlsplit(url).scheme not in {"https", urlsplit(base).scheme}:
        raise EhrError(
            "expected a `token_endpoint` by https, as the FHIR base is; found another scheme. "
            "Nothing was sent there."
        )
    methods, capabilities = (
        _words(said, "token_endpoint_auth_methods_supported"),
        _words(said, "capabilities"),
    )
    if "private_key_jwt" not in methods and (methods or _ASYMMETRIC not in capabilities):
        raise EhrError(
            "expected a sign-in by `private_key_jwt`; the clinic does not offer it. "
            "Ask the clinic which `sign_in` it takes."
        )
    algorithms = _words(said, "token_endpoint_auth_signing_alg_values_supported") or _KNOWN
    return Endpoint(url, algorithms & _KNOWN, capabilities)


def _words(said: dict[str, Any], name: str) -> frozenset[str]:
    listed = said.get(name)
    words = listed if isinstance(listed, list) else []
    return frozenset(word for word in words if isinstance(word, str))
