"""The tags that a message brings along."""

from __future__ import annotations

import pytest

from edgemail import mime
from edgemail.mailbox.sender_tags import find_sender_tags


@pytest.mark.parametrize(
    ("head", "tags"),
    [
        ("X-Tags: one, two words,,one\r\n", ["one", "two words"]),
        ("x-tags : a\r\n", ["a"]),
        ("X-Tags: =?utf-8?q?=C3=A9t=C3=A9?=\r\n", ["été"]),
        ("X-Tags: a,\r\n b\r\nX-Tags: c\r\n", ["a", "b"]),
        (
            "To: kim+one+two@example.org, +three@example.org\r\nCc: x+four@y+z.example\r\n",
            ["one", "two", "three", "four"],
        ),
        ("From: kim+no@example.org\r\nReply-To: kim+no@example.org\r\n", []),
        ("Subject: x\r\n\r\nX-Tags: body\r\n", []),
        ("", []),
    ],
)
def test_tags_are_found_in_the_header(head: str, tags: list[str]) -> None:
    data = f"Subject: s\r\n{head}\r\nText.\r\n".encode()
    assert find_sender_tags(data, mime.summarize(data)) == tags


def test_a_long_field_is_cut() -> None:
    data = b"X-Tags: " + b",".join(b"t%d" % number for number in range(100_000)) + b"\r\n\r\n"
    assert len(find_sender_tags(data, mime.summarize(data))) < 2_000
