"""Header fields as they were meant, and where the body begins."""

from __future__ import annotations

import pytest

from edgemail.mime.header_fields import FIELDS_MAX, read_header

_TRACE = b"Return-Path: <a@b.example>\r\nReceived: from a\r\n\tby b; Fri, 27 Nov 2026\r\n"

_CASES: dict[str, tuple[bytes, list[tuple[str, bytes]], bytes]] = {
    "CRLF": (b"A: 1\r\nB: 2\r\n\r\nbody", [("A", b" 1"), ("B", b" 2")], b"body"),
    "LF": (b"A: 1\nB: 2\n\nbody", [("A", b" 1"), ("B", b" 2")], b"body"),
    "LF, and CRLF for the empty line": (b"A: 1\nB: 2\n\r\nbody", [("A", b" 1"), ("B", b" 2")], b"body"),
    "folds are kept": (b"A: 1\r\n\t2\r\n 3\r\n\r\nbody", [("A", b" 1\r\n\t2\r\n 3")], b"body"),
    "a line of blanks is a fold": (b"A: 1\n \n 2\n\nbody", [("A", b" 1\n \n 2")], b"body"),
    "blanks before the colon": (b"A \t: 1\r\n\r\nbody", [("A", b" 1")], b"body"),
    "a fold before the colon": (b"A\r\n : 1\r\n\r\nbody", [("A", b" 1")], b"body"),
    "no body": (b"A: 1\r\n", [("A", b" 1")], b""),
    "no line end": (b"A: 1", [("A", b" 1")], b""),
    "nothing": (b"", [], b""),
    "no header": (b"\r\nbody", [], b"body"),
    "a junk line among fields": (b"A: 1\njunk\nX-B: 2\n\nbody", [("A", b" 1"), ("X-B", b" 2")], b"body"),
    "junk that looks like a field": (b"A: 1\nHello\nNote: x\n\nbody", [("A", b" 1")], b"Hello\nNote: x\n\nbody"),
    "no empty line before the text": (b"A: 1\nHello Bob\nBye", [("A", b" 1")], b"Hello Bob\nBye"),
    "a text without a header": (b"Hello Bob\nHow are you?\n\nBye", [], b"Hello Bob\nHow are you?\n\nBye"),
    "a text behind trace fields": (
        _TRACE + b"Hello Bob\r\n\r\nBye",
        [("Return-Path", b" <a@b.example>"), ("Received", b" from a\r\n\tby b; Fri, 27 Nov 2026")],
        b"Hello Bob\r\n\r\nBye",
    ),
    "two words before a colon, behind trace fields": (
        b"Received: x\r\nYour code: 4812\r\n\r\nBye",
        [("Received", b" x")],
        b"Your code: 4812\r\n\r\nBye",
    ),
    "two words before a colon in a header": (b"Subject: x\nX Odd: y\n\nbody", [("Subject", b" x")], b"body"),
    "a mailbox file's separator": (b"From a@b Fri Nov 27 09:00:00 2026\nA: 1\n\nbody", [("A", b" 1")], b"body"),
    "the same, quoted": (b">From a@b Fri Nov 27 09:00:00 2026\nA: 1\n\nbody", [("A", b" 1")], b"body"),
    "the same, within": (b"A: 1\nFrom a@b Fri Nov 27 09:00 2026\nTo: x\n\nb", [("A", b" 1"), ("To", b" x")], b"b"),
    "empty lines first": (b"\r\n\r\nSubject: x\r\n\r\nbody", [("Subject", b" x")], b"body"),
    "a fold first": (b" folded\nSubject: x\n\nbody", [("Subject", b" x")], b"body"),
    "a blank before the first field": (
        b" From: a\nSubject: x\n\nbody",
        [("From", b" a"), ("Subject", b" x")],
        b"body",
    ),
    "a byte order mark": (b"\xef\xbb\xbfFrom: a\nTo: b\n\nbody", [("From", b" a"), ("To", b" b")], b"body"),
    "an empty name": (b": x\n:\nSubject: x\n\nbody", [("Subject", b" x")], b"body"),
    "a colon in the value": (b"A: b: c\n\nbody", [("A", b" b: c")], b"body"),
    "octets above ASCII": (b"A: \xfc\xff\n\nbody", [("A", b" \xfc\xff")], b"body"),
}


@pytest.mark.parametrize("name", _CASES)
def test_fields_and_body_are_found(name: str) -> None:
    octets, fields, body = _CASES[name]
    header = read_header(octets, 0, len(octets), max_octets=1_000, is_message=True)
    assert [(field.name, field.raw) for field in header.fields] == fields
    assert octets[header.body_start :] == body


def test_the_first_of_two_fields_counts() -> None:
    header = read_header(b"A: 1\r\n 2\r\na: 3\r\n\r\n", 0, 20, max_octets=1_000)
    assert header.first == {"a": b"1 2"}


def test_a_header_that_is_too_long_has_no_body() -> None:
    """Its beginning is read all the same."""
    octets = b"A: 1\r\n" + b"B: 2\r\n" * 1_000 + b"\r\nbody"
    header = read_header(octets, 0, len(octets), max_octets=600)
    assert header.first == {"a": b"1", "b": b"2"}
    assert header.body_start == len(octets)


def test_the_number_of_fields_is_bounded() -> None:
    octets = b"A: 1\n" * 10_000 + b"\nbody"
    header = read_header(octets, 0, len(octets), max_octets=len(octets))
    assert len(header.fields) == FIELDS_MAX
    assert octets[header.body_start :] == b"body"
