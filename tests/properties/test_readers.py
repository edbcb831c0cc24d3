"""Whatever happens to a file on its way: it is read, or told, or refused; nothing is lost unseen.

`make test` draws a hundred spoilt inputs for each file of each format, `make soak` 25,000 in its
ten rounds, which are 500,000 in all.
"""

from __future__ import annotations

import os
import resource
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.properties.readers import READERS, Mutation, Reader, apart, check, spoil, write_whole

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
EXAMPLES = 2_500 if IS_SOAK else 100
MOST_KIB = 200_000
"""How much the memory may grow over all inputs of a reader, each of some thousand bytes."""
TOKENS = [
    *(b'"', b"'", b"\n", b"\r", b",", b";", b"\t", b"|", b"\\", b"[", b"]", b"{", b"}", b":", b"-"),
    *(b'""', b',"', b'"\n', b'",\n"', b"\n\n", b"},{", b"[[", b"]]", b"\r\n", b"#", b"&a", b"*a"),
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\x81", b"\xc3", b"\xe2\x80\xa8", b"\x0b", b"\x85"),
    *(b"null", b"true", b"NaN", b"1e999999", b"-0", b"9" * 5000, b"\\ud800", b"\\u0000", b"--- "),
    *(b"", b"", b"", b" ", b"0", b"1", b"2", b"9", b"-97", b"a", b"101", b"102", b"mood", b"yes"),
    *(b"," * 200, b"[" * 3000, b"{" * 300, b'"' * 99, b"\n" * 600, b"___", b"mood_1", b"x" * 9000),
]
# Nothing that ends a comment or a CDATA section: between the two, people are lost, and rightly so.
MARKUP = [
    *(
        b"<",
        b">",
        b"/>",
        b"</",
        b"&",
        b"&amp;",
        b"&#0;",
        b"&#x1F600;",
        b"&lol;",
        b"<!--",
        b"<![CDATA[",
    ),
    *(
        b"<!DOCTYPE x [<!ENTITY lol 'x'>]>",
        b"<?xml version='1.0' encoding='utf-16'?>",
        b"<?p",
        b"?>",
    ),
    *(
        b"</SubjectData>",
        b"</FormData>",
        b"<SubjectData SubjectKey='9'>",
        b"<x:y/>",
        b"<y/>",
        b"<a>" * 300,
    ),
    *(
        b' TransactionType="Remove"',
        b' TransactionType="Update"',
        b' IsNull="Yes"',
        b" xmlns='urn:x'",
    ),
    *(
        b"ItemDataInteger",
        b"FormRepeatKey",
        b"<Value>1</Value>",
        b"<AuditRecord/>",
        b"<!",
        b"xmlns",
    ),
]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A file of some thousand bytes is not worth minutes of shrinking."""
EVERY_READER = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)


def mutations(size: int, tokens: Sequence[bytes] = TOKENS) -> st.SearchStrategy[list[Mutation]]:
    """One to five places, each with something put in or taken out: often little, rarely much."""
    taken_out = st.one_of(st.integers(0, 3), st.integers(0, 80), st.integers(0, size))
    one = st.tuples(st.integers(0, size), st.sampled_from(tokens), taken_out)
    return st.lists(one, min_size=1, max_size=5).map(apart)


@EVERY_READER
def test_a_spoilt_file_is_read_or_told_or_refused_and_nothing_is_lost_unseen(
    reader: Reader, tmp_path: Path
) -> None:
    whole = write_whole(reader, tmp_path)
    tokens = [*TOKENS, *MARKUP, *MARKUP] if reader.file.endswith(".xml") else TOKENS
    outcomes = Counter[str]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    @given(drawn=mutations(len(whole.content), tokens))
    @settings(max_examples=EXAMPLES, phases=PHASES)
    def read(drawn: list[Mutation]) -> None:
        content = spoil(whole.content, drawn)
        outcomes[check(reader, whole, content, whole.untouched(drawn))] += 1

    read()

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_KIB
    assert outcomes.total() >= EXAMPLES / 2


@EVERY_READER
def test_any_bytes_at_all_are_read_or_refused(reader: Reader, tmp_path: Path) -> None:
    whole = write_whole(reader, tmp_path)

    @given(content=st.binary(max_size=400))
    @settings(max_examples=EXAMPLES // 10, phases=PHASES)
    def read(content: bytes) -> None:
        check(reader, whole, content, set())

    read()
