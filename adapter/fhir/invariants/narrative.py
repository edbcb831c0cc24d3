"""txt-1 and txt-2: the XHTML a narrative may hold.

Checks that the text is well-formed (`&#160;`, not `&nbsp;`, which XML does not know), stays within
the elements R4 allows and says something. Attributes are checked only for what could run: event
handlers and `javascript:` links.

Source: https://hl7.org/fhir/R4/narrative.html#xhtml
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

XHTML = "{http://www.w3.org/1999/xhtml}"
ALLOWED = frozenset({
    "a", "abbr", "acronym", "address", "area", "b", "bdo", "big", "blockquote", "br", "caption",
    "cite", "code", "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "map", "ol", "p", "pre", "q",
    "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "tt", "ul", "var",
})  # fmt: skip


def is_safe(div: str) -> bool:
    """txt-1: Tells whether the text is one well-formed `div` of allowed elements that run nothing.

    >>> is_safe('<div xmlns="http://www.w3.org/1999/xhtml"><p>14 of 27</p></div>')
    True
    >>> is_safe('<div xmlns="http://www.w3.org/1999/xhtml"><script>go()</script></div>')
    False
    """
    root = parse(div)
    return root.tag == f"{XHTML}div" and all(
        element.tag.removeprefix(XHTML) in ALLOWED
        and not any(
            name.startswith("on") or value.lower().lstrip().startswith("javascript:")
            for name, value in element.attrib.items()
        )
        for element in root.iter()
    )


def says_something(div: str) -> bool:
    """txt-2: Tells whether the text holds more than blanks, or an image."""
    root = parse(div)
    return bool("".join(root.itertext()).strip()) or root.find(f".//{XHTML}img") is not None


def parse(div: str) -> ET.Element:
    """Gives the root element.

    Raises:
        ValueError: the text declares something, so that it could expand without end.
        ET.ParseError: the text is not well-formed.
    """
    if "<!DOCTYPE" in div or "<!ENTITY" in div:
        raise ValueError("a narrative declares nothing")
    # Declarations, the one danger of XML from elsewhere, are refused above.
    return ET.fromstring(div)  # noqa: S314
