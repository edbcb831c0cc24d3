"""How a logical id looks.

Source: https://hl7.org/fhir/R4/datatypes.html#id.
"""

from __future__ import annotations

import re

ID = r"[A-Za-z0-9\-.]{1,64}"
"""The pattern of an id, to stand in others."""
IS_ID = re.compile(ID).fullmatch
"""Whether a text is an id: its match, or None."""
