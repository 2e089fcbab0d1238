"""Flowed text becomes the lines that were typed."""

from __future__ import annotations

import pytest

from edgemail.mime.flowed_text import join_flowed

_CASES = {
    "a line that flows": ("Hello Kim, \nhow are you?", "Hello Kim, how are you?"),
    "lines that do not": ("Hello\nKim", "Hello\r\nKim"),
    "CRLF": ("a \r\nb\r\n", "a b\r\n"),
    "three lines": ("a \nb \nc\nd", "a b c\r\nd"),
    "quotes": ("> a \n> b\n>> c\nd", "> a b\r\n>> c\r\nd"),
    "another depth ends a paragraph": ("> a \nb", "> a \r\nb"),
    "a blank that protects": (" From here\n > no quote", "From here\r\n> no quote"),
    "a signature": ("a\n-- \nAnn", "a\r\n-- \r\nAnn"),
    "an open end": ("a \n", "a "),
    "empty": ("", ""),
}


@pytest.mark.parametrize("name", _CASES)
def test_lines_are_joined(name: str) -> None:
    text, joined = _CASES[name]
    assert join_flowed(text, delete_blanks=False) == joined


def test_the_blank_may_be_no_text() -> None:
    assert join_flowed("https://a.example/0123 \n4567", delete_blanks=True) == "https://a.example/01234567"
