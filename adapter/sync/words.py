"""What is repeated of another machine's words: what cannot be an answer, a name or a number.

A record system that refuses may quote what it was sent, or whom it knows. Withheld is what stands
in quotation marks or behind a colon or an equals sign, and every word but those that machines'
sentences are made of, and the names of FHIR and HL7.
What is told is for an operator; all of it stands in the record system's own log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from adapter.errors import without_quotations
from adapter.fhir.types import OUR_TYPES
from adapter.sync.plain_words import PLAIN_WORDS

WITHHELD = "[withheld]"
_LONGEST = 300
_SENTENCE = re.compile(r"(?<=[.;])\s+")
_VALUE = re.compile(r"(?<!HAPI-\d{4})[:=].*", re.DOTALL)
_HAPI = re.compile(r"HAPI-\d{4}:?")
_AGAIN = re.compile(r"\[withheld\](?:\W*\[withheld\])+")
_PATH = re.compile(r"[A-Z][A-Za-z]+(?:\.[a-z][A-Za-z]*(?:\[x\]|\[\d{0,3}\])?)+")
_FREE_TEXT = frozenset({"valueString", "text", "description", "title", "comment"})
_SHORTEST = 3
_TYPES = frozenset(OUR_TYPES)
_KNOWN = frozenset(
    """
    A All An Another At Base64 Both Bundle Cannot Conditional Content Could Duplicate Each Element
    Entry Error Every Expected FHIR Failed For HL7 HTTP ID If In Invalid It Its JSON Locked MIME MSH
    Missing More No None Not Nothing OBR OBX ORU^R01 One Only Over PID Precondition Property
    Reference Request Required Resource Server Some Something The There This Unable Unexpected
    Unknown Unsupported URL Validation Value Version What X XML
    """.split()  # noqa: SIM905 - a list of words is read as words
)


def told_words(said: str) -> str:
    """Another machine's words, as far as they may be told, shortened.

    >>> told_words("Value Smith-1966 of PID is not taken: Smith")
    'Value [withheld] of PID is not taken[withheld]'
    """
    bare = without_quotations(said)
    sentences = (_told_sentence(each) for each in _SENTENCE.split(bare))
    return _AGAIN.sub(WITHHELD, " ".join(sentences))[:_LONGEST]


def without_answers(said: str, sent: object) -> str:
    """The same without any word that a free text in what was sent (its JSON) has, too."""
    known = {word for text in _free_texts(sent) for word in _words(text)}
    parts = re.split(r"(\W+)", said)
    return "".join(WITHHELD if part.casefold() in known else part for part in parts)


def _told_sentence(sentence: str) -> str:
    bare = _VALUE.sub(WITHHELD, sentence)
    return " ".join(_told_word(word) for word in bare.split())


def _told_word(word: str) -> str:
    bare = word.strip(".,;:()")
    if _HAPI.fullmatch(word) or bare.replace(WITHHELD, "") == "":
        return word
    bare = bare.replace(WITHHELD, "")
    path = _PATH.fullmatch(bare)
    if path and bare.partition(".")[0] in _TYPES:
        return word
    is_known = bare in PLAIN_WORDS or bare in _KNOWN or bare in _TYPES
    is_mark = not any(map(str.isalnum, bare)) or (len(bare) == 1 and bare.isalpha())
    return word if is_known or is_mark else WITHHELD


def _free_texts(sent: object) -> Iterator[str]:
    if isinstance(sent, dict):
        for name, value in sent.items():
            if name in _FREE_TEXT and isinstance(value, str):
                yield value
            else:
                yield from _free_texts(value)
    elif isinstance(sent, list):
        for each in sent:
            yield from _free_texts(each)


def _words(text: str) -> Iterable[str]:
    return (word for word in re.split(r"\W+", text.casefold()) if len(word) >= _SHORTEST)
