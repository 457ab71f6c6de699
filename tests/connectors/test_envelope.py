"""Answers are taken apart down to their records, which stay the JSON that they came as."""

from __future__ import annotations

import msgspec
import pytest

from pipelines.connectors.envelope import Envelope


def read(content, *path):
    """What a first and a second look at the same answer find, which is the same."""
    envelope = Envelope(path)
    first, second = envelope.decode(content), envelope.decode(content)
    assert first == second
    return first


def test_records_stay_text_and_what_is_beside_them_is_decoded():
    body = read(b'{"data":{"items":[{"a":1.50},7],"next":"x"},"cost":{"left":2}}', "data", "items")
    assert list(map(bytes, body["data"]["items"])) == [b'{"a":1.50}', b"7"]
    assert (body["data"]["next"], body["cost"]) == ("x", {"left": 2})


def test_a_record_that_is_written_for_people_loses_its_line_breaks_and_nothing_else():
    body = read(b'{\n "data": [\n  {"a": 1.50,\n   "b": "x \\n y"}\n ]\n}', "data")
    assert list(map(bytes, body["data"])) == [rb'{"a":1.50,"b":"x \n y"}']


@pytest.mark.parametrize(
    "content", [b"null", b"[]", b'{"data":null}', b'{"data":{"a":1}}', b'{"error":{"code":1}}']
)
def test_an_answer_without_a_list_of_records_is_decoded_whole(content):
    assert read(content, "data") == msgspec.json.decode(content)


@pytest.mark.parametrize("content", [b"{", b'{"data":[{"a":"\xff"}]}', b"<html>"])
def test_what_is_no_json_is_an_error(content):
    with pytest.raises(msgspec.DecodeError):
        Envelope(("data",)).decode(content)
