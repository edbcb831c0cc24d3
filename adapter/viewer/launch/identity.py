"""Who looks, as the record system's id token says, once its signature and its claims are checked.

Source: https://openid.net/specs/openid-connect-core-1_0.html section 3.1.3.7, and
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from datetime import datetime

import jwt

from adapter.errors import EhrError
from adapter.fhir.ids import ID
from adapter.viewer.launch.authorizing import Begun
from adapter.viewer.launch.web import Web

_SIGNED_BY = ("RS256", "RS384", "ES256", "ES384")
_LEEWAY_SECONDS = 60
_USER = re.compile(
    r"(?:https?://\S*/)?(?P<who>(?:Practitioner|PractitionerRole|Patient|RelatedPerson)"
    rf"/{ID})"
)


def who_looks(web: Web, begun: Begun, id_token: str, client_id: str, now: datetime) -> str:
    """The person as `Type/id` of the record system, '' where the token does not name one.

    Raises:
        EhrError: the token is missing, forged, old, for somebody else or of another launch.
    """
    keys = web.get(begun.server.jwks).body if begun.server.jwks else None
    if keys is None or not begun.server.issuer:
        raise EhrError("The record system does not say by which keys its word is known.")
    try:
        kid = jwt.get_unverified_header(id_token).get("kid")
        known = jwt.PyJWKSet.from_dict(keys).keys
        matching = [each for each in known if kid in {None, each.key_id}]
        if len(matching) != 1:
            raise _doubtful()
        claims = jwt.decode(
            id_token,
            matching[0].key,
            algorithms=_SIGNED_BY,
            audience=client_id,
            issuer=begun.server.issuer,
            # The moment is given, so that a test can choose it: checked below.
            options={
                "require": ["exp", "iat", "aud", "iss", "sub"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as wrong:
        raise _doubtful() from wrong
    ends = claims["exp"]
    is_over = not isinstance(ends, int) or ends + _LEEWAY_SECONDS < now.timestamp()
    is_shared = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    is_for_another = is_shared and claims.get("azp") != client_id
    if is_over or is_for_another or claims.get("nonce") != begun.nonce:
        raise _doubtful()
    found = _USER.fullmatch(str(claims.get("fhirUser", "")))
    return found["who"] if found else ""


def _doubtful() -> EhrError:
    return EhrError("Who looks could not be told for certain. Open the page again from the record.")
