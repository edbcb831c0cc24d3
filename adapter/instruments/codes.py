"""Check digits: a mistyped LOINC or SNOMED CT code is found without a terminology server.

Source: LOINC Users' Guide, "Check digit" (mod 10); SNOMED CT Technical Implementation Guide,
Verhoeff. A code that passes is well formed, not necessarily current.
"""

from __future__ import annotations

import re

from adapter.instruments.form import Code

_VERHOEFF_MULTIPLY = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_VERHOEFF_PERMUTE = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def check_digit_holds(code: Code) -> bool:
    """Whether a LOINC or SNOMED CT code ends in the right check digit; True for other systems."""
    match code.url:
        case "http://loinc.org":
            return _loinc_holds(code.code)
        case "http://snomed.info/sct":
            return _verhoeff_holds(code.code)
        case _:
            return True


def _loinc_holds(code: str) -> bool:
    """Mod 10 from the right; the letters of an answer code count as their distance from 0."""
    if not re.fullmatch(r"(LA|LL|LP)?\d+-\d", code):
        return False
    body, check = code.rsplit("-", 1)
    total = 0
    for place, sign in enumerate(reversed(body)):
        value = ord(sign) - ord("0")
        total += sum(map(int, str(2 * value))) if place % 2 == 0 else value
    return (10 - total % 10) % 10 == int(check)


def _verhoeff_holds(code: str) -> bool:
    if not re.fullmatch(r"\d{6,18}", code):
        return False
    check = 0
    for place, digit in enumerate(reversed(code)):
        permuted = int(_VERHOEFF_PERMUTE[place % 8][int(digit)])
        check = int(_VERHOEFF_MULTIPLY[check][permuted])
    return check == 0
