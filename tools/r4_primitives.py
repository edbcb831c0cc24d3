"""What the schema compiler knows by heart: primitive types, references, codes held elsewhere.

The patterns are those of R4, sharpened where R4's words say more than its expression: a dateTime
with a time has a zone, 29 February needs a leap year, a string holds something besides blanks (a
no-break space inside is fine: R4's own expression refuses it under Unicode rules).

Source: https://hl7.org/fhir/R4/datatypes.html#primitive, https://hl7.org/fhir/R4/references.html
"""

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]

LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
MONTH = f"{YEAR}-(?:0[1-9]|1[0-2])"
DAY = (
    f"(?:{YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    f"|{LEAP_YEAR}-02-29)"
)
TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\\.[0-9]+)?"
ZONE = "(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
ID = "[A-Za-z0-9.-]{1,64}"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
SCHEME = "^[A-Za-z][A-Za-z0-9+.-]*:."
OID = "[0-2](?:\\.(?:0|[1-9][0-9]*))+"


def text(name: str, expected: str, pattern: str, **more: int) -> Schema:
    """Gives the definition of a primitive type whose JSON is a string."""
    return {"fault": [name, expected], "type": "string", "pattern": pattern, **more}


def whole(name: str, minimum: int) -> Schema:
    """Gives the definition of a primitive type whose JSON is a whole number of 32 bits."""
    return {
        "fault": [
            name,
            f"a whole number of {minimum} or more, of 32 bits, without a decimal point",
        ],
        "type": "integer",
        "minimum": minimum,
        "maximum": 2**31 - 1,
        "$ref": "#/$defs/ask.integer",
    }


PRIMITIVES: dict[str, Schema] = {
    "boolean": {"fault": ["boolean", "true or false"], "type": "boolean"},
    "decimal": {"fault": ["decimal", "a number"], "type": "number"},
    "integer": whole("integer", -(2**31)),
    "unsignedInt": whole("unsignedInt", 0),
    "positiveInt": whole("positiveInt", 1),
    "string": text("string", "a string that is not blank", "\\S"),
    "markdown": text("markdown", "a string that is not blank", "\\S"),
    "xhtml": text("xhtml", "a div of XHTML", "\\S"),
    "code": text("code", "a code: words with single spaces between", "^[^\\s]+(?:\\s[^\\s]+)*$"),
    "id": text("id", "1 to 64 letters, digits, dots or hyphens", f"^{ID}$"),
    "uri": text("uri", "a URI without spaces", "^\\S*$", minLength=1),
    "url": text("url", "a URL without spaces", "^\\S*$", minLength=1),
    # A plain prefix is tested quicker than a URI's scheme in general, and nearly always fits.
    "absolute": {
        **text("absolute", "an absolute URI without spaces", "^\\S*$"),
        "anyOf": [{"pattern": "^http"}, {"pattern": SCHEME}],
    },
    "canonical": {
        **text("canonical", "an absolute URL without spaces, or # of a contained one", "^\\S*$"),
        "anyOf": [{"pattern": "^http"}, {"pattern": SCHEME}, {"$ref": "#/$defs/local"}],
    },
    "oid": text("oid", "urn:oid: and an OID", f"^urn:oid:{OID}$"),
    "uuid": text("uuid", "urn:uuid: and a UUID in lower case", f"^urn:uuid:{UUID}$"),
    "base64Binary": text(
        "base64Binary", "base64 in groups of four", "^(?:\\s*(?:[0-9a-zA-Z+/=]){4}\\s*)+$"
    ),
    "date": text("date", "a real date: YYYY, YYYY-MM or YYYY-MM-DD", f"^(?:{YEAR}|{MONTH}|{DAY})$"),
    "dateTime": text(
        "dateTime",
        "a real date, and with a time its seconds and zone: YYYY-MM-DDThh:mm:ss+zz:zz",
        f"^(?:{YEAR}|{MONTH}|{DAY}(?:T{TIME}{ZONE})?)$",
    ),
    "instant": text(
        "instant",
        "a real date with time and zone: YYYY-MM-DDThh:mm:ss+zz:zz",
        f"^{DAY}T{TIME}{ZONE}$",
    ),
    "time": text("time", "a time without zone: hh:mm:ss", f"^{TIME}$"),
    # A reference inside the resource: false where nothing is contained, see adapter.fhir.check.
    "local": {"pattern": f"^#(?:{ID})?$"},
    # Value sets whose codes R4 does not hold.
    "code.of.mimetypes": text(
        "binding", "a MIME type", "^(?:xml|json|ttl|[^\\s/]+/[^\\s/]+(?:\\s*;.*)?)$"
    ),
    "code.of.currencies": text("binding", "a currency of ISO 4217", "^[A-Z]{3}$"),
}


def reference_pattern(targets: Iterable[str]) -> str:
    """Gives the expression for a reference to one of these types that leaves the resource."""
    types = "|".join(sorted(targets))
    return (
        f"^(?:(?:{types})(?:/{ID}(?:/_history/{ID})?|\\?[^\\s#]+)"
        f"|https?://\\S+|urn:uuid:{UUID}|urn:oid:{OID})$"
    )
