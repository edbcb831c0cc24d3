"""What is printed as JSON is one document, however long its lists are."""

from __future__ import annotations

import orjson
import pytest

from adapter.cli.terminal import document

ITEMS = [{"a": 1, "b": [1, 2], "c": {}}, "x\ny", []]


@pytest.mark.parametrize("items", [[], ITEMS[:1], ITEMS], ids=["none", "one", "some"])
def test_an_iterator_is_written_as_the_list_of_what_it_gives(
    items: list[object], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    document({"before": {"deep": [1]}, "listed": iter(items), "behind": items})

    whole = {"before": {"deep": [1]}, "listed": items, "behind": items}
    assert capfdbinary.readouterr().out == orjson.dumps(whole, option=orjson.OPT_INDENT_2) + b"\n"


def test_a_document_of_nothing_is_one(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    document({})

    assert capfdbinary.readouterr().out == b"{}\n"
