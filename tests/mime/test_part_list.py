"""A message's parts in a list. The page is held to the same table by web/test/database/part-list.test.ts."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from edgemail.mailbox.attached import DEPTH_MAX
from edgemail.mime import part_list
from edgemail.mime.part_list import list_parts

_CASES = json.loads((Path(__file__).parents[1] / "vectors" / "part-lists.json").read_text("utf-8"))["cases"]
_CONTENT_ID = 7
"""Its place in a part; the table leaves it out."""


def _octets(case: dict[str, Any]) -> bytes:
    repeated, times = case.get("repeat", ([], 0))
    return "\r\n".join(case["lines"] + repeated * times).encode()


@pytest.mark.parametrize("case", _CASES, ids=[case["id"] for case in _CASES])
def test_parts_are_listed_as_the_table_says(case: dict[str, Any]) -> None:
    found = list_parts(_octets(case), DEPTH_MAX)
    expect = case["expect"]
    assert found.is_complete is expect["complete"]
    if "count" in expect:
        assert len(found.parts) == expect["count"]
        return
    rows = [list(astuple(part)) for part in found.parts]
    assert [row[:_CONTENT_ID] + row[_CONTENT_ID + 1 :] for row in rows] == expect["parts"]


def test_attached_messages_are_opened_up_to_a_bound_of_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond is listed as the attachment that it is."""
    monkeypatch.setattr(part_list, "NESTED_OCTETS_MAX", 100)
    small, large = ("Subject: x\r\n\r\n" + "x" * octets for octets in (10, 90))
    parts = "".join(f"--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n" for inner in (large, small, small))
    found = list_parts(f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--".encode(), DEPTH_MAX)
    assert [part.number for part in found.parts] == ["", "1", "2", "2.1", "3", "3.1"]
    assert not found.is_complete


def test_a_name_that_is_too_long_is_cut() -> None:
    (part,) = list_parts(b"Content-Type: text/plain; charset=" + b"x" * 9_000 + b"\r\n\r\n", DEPTH_MAX).parts
    assert len(part.charset) == 60
