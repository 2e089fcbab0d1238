"""mbox files: what is written is read back octet for octet, and what others wrote is read as they meant it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgemail.archive.mbox import MboxEnd, MboxQuoter, Separator, is_mbox, read_mbox, write_separator

if TYPE_CHECKING:
    from edgemail.archive.mbox import Quoting

LINE = b"From a@b.org Thu Jan  1 00:00:00 2026\n"


def read(octets: bytes, quoting: Quoting = "mboxrd") -> list[tuple[str, bytes, bytes]]:
    """Return each message of a file: its sender, its octets, and the blank line behind it."""
    found: list[tuple[str, bytes, bytes]] = []
    sender, content = "", b""
    for item in read_mbox(io.BytesIO(octets), quoting):
        if isinstance(item, Separator):
            sender, content = item.sender, b""
        elif isinstance(item, MboxEnd):
            found.append((sender, content, item.blank_line))
        else:
            content += item
    return found


def quote(octets: bytes, size: int) -> bytes:
    """Quote a message that comes in pieces."""
    written = io.BytesIO()
    quoter = MboxQuoter(written.write)
    for start in range(0, len(octets), size):
        quoter.add(octets[start : start + size])
    quoter.end()
    return written.getvalue()


PIECES = st.lists(st.sampled_from([b"From ", b">", b"Fro", b"m ", b"\n", b"\r\n", b"x", b"\0", LINE]), max_size=20)


@settings(deadline=None)
@given(PIECES.map(b"".join), st.integers(1, 9))
@example(b">" * 70_000 + b"From x", 1_000)
@example(b">" * 65_533 + b"From x", 65_536)
@example(b">" * 65_536 + b"\n", 65_536)
def test_a_message_is_read_as_it_was_written_however_it_is_cut(message: bytes, size: int) -> None:
    """No line of a message is taken for a separator, and every `>` is as it was."""
    quoted = quote(message, size)
    assert quoted == quote(message, max(len(message), 1))
    read_back = read(LINE + quoted + b"\n\n" + LINE + b"next\n\n")
    assert [content for _, content, _ in read_back] == [message + b"\n", b"next\n"]


def test_a_separator_says_who_sent_and_when() -> None:
    """The date is that of asctime, in UTC; the null reverse-path is MAILER-DAEMON."""
    date = datetime(2026, 5, 7, 12, 34, 56, tzinfo=UTC)
    assert write_separator("a@b.org", date) == b"From a@b.org Thu May  7 12:34:56 2026\n"
    assert write_separator("", date) == b"From MAILER-DAEMON Thu May  7 12:34:56 2026\n"
    assert write_separator('"a\n b"@c.org', date) == b'From "a--b"@c.org Thu May  7 12:34:56 2026\n'
    first, _ = read_mbox(io.BytesIO(write_separator("a@b.org", date)), "mboxrd")
    assert first == Separator("a@b.org", date)


@pytest.mark.parametrize(
    "line",
    [
        b"From kim@example.org Thu Jan  1 00:00:00 2026",
        b"From - Thu Jan 01 00:00:00 2026",
        b"From 1234567890@xxx Thu Jan 01 00:00:00 +0000 2026",
        b"From kim@example.org  Thu, Jan 1 00:00 UTC 2026",
        b"From kim@example.org Thu Jan  1 00:00:00 2026 remote from host",
        b"From kim@example.org Thu Jan 99 99:99:99 2026\r",
    ],
)
def test_separators_of_many_programs_are_known(line: bytes) -> None:
    """Thunderbird's, Gmail's, those of old Unix; a date that is none is not known."""
    assert is_mbox(line + b"\n")
    assert len(read(line + b"\nSubject: x\n\nx\n\n" + line + b"\nSubject: y\n\ny\n")) == 2


def test_lines_of_a_body_that_begin_with_from_are_no_separators() -> None:
    """Many programs do not quote them. A separator has a date, and a blank line before it."""
    body = b"Subject: x\n\nFrom here on\n\nFrom Kim, with love\nFrom a@b.org Thu Jan  1 00:00:00 2026\nend\n"
    assert read(LINE + body) == [("a@b.org", body, b"")]
    assert not is_mbox(b"From: a@b.org\n")
    assert not is_mbox(b"From here on\n")


def test_both_kinds_of_quoting_are_read() -> None:
    """They differ in lines that had a `>` before they were quoted."""
    octets = LINE + b"S: x\n\n>From a\n>>From b\n>Fromage\n> From\n\n"
    assert read(octets)[0][1] == b"S: x\n\nFrom a\n>From b\n>Fromage\n> From\n"
    assert read(octets, "mboxo")[0][1] == b"S: x\n\nFrom a\n>>From b\n>Fromage\n> From\n"


def test_one_blank_line_ends_a_message_and_others_are_its_own() -> None:
    """In files with CRLF too; the last message may have none."""
    crlf = LINE.replace(b"\n", b"\r\n")
    assert read(LINE + b"a\n\n\n\n" + LINE + b"b\n") == [("a@b.org", b"a\n\n\n", b"\n"), ("a@b.org", b"b\n", b"")]
    assert read(crlf + b"a\r\n\r\n" + crlf + b"b") == [("a@b.org", b"a\r\n", b"\r\n"), ("a@b.org", b"b", b"")]
    assert read(b"\n" + LINE + b"\n" + LINE + b"\n") == [("a@b.org", b"", b"\n"), ("a@b.org", b"", b"\n")]


@pytest.mark.parametrize("octets", [b"", b"junk\n", b"\0" * 100, b"\n" * 100, b"From ", LINE[:-1]])
def test_what_is_no_mbox_file_has_at_most_one_message(octets: bytes) -> None:
    """Nothing raises."""
    assert len(read(octets)) <= 1


def test_endless_lines_are_read_in_pieces() -> None:
    """Memory does not grow with a line."""
    for octets in (b">" * 10**6, b"\0" * 10**6, b"From " + b"x" * 10**6, b">" * 10**6 + b"From "):
        pieces = list(read_mbox(io.BytesIO(LINE + octets), "mboxrd"))
        assert all(len(piece) <= 70_000 for piece in pieces if isinstance(piece, bytes))
    assert read(LINE[:-1] + b" " + b"x" * 10**6 + b"\nS: x\n") == [("a@b.org", b"S: x\n", b"")]
