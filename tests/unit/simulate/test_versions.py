"""The text of a version."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from adapter.simulate.versions import write_json


def test_what_json_does_not_have_is_not_written() -> None:
    with pytest.raises(TypeError):
        write_json({"value": object()})


def test_numbers_and_texts_of_resources_are_written_as_they_are() -> None:
    content = {"b": Decimal("1.50"), "a": [Decimal("1E-7"), orjson.Fragment(b'{"c": 1}')]}

    assert write_json(content) == b'{"b":1.50,"a":[1E-7,{"c": 1}]}'
    assert write_json(content, sort=True) == b'{"a":[1E-7,{"c": 1}],"b":1.50}'
