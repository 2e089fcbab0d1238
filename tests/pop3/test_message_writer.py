"""What is sent of a message: read back it is the message, wherever it is cut."""

from __future__ import annotations

import io
import poplib
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgemail.pop3.message_writer import MessageWriter

MESSAGES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\0", b"\xff", b": "])).map(
    b"".join
)


def write(message: bytes, places: list[int], max_lines: int | None = None) -> bytes:
    """Write a message that is cut at these places."""
    writer, out = MessageWriter(max_lines), b""
    cuts = sorted({0, len(message), *(place % (len(message) + 1) for place in places)})
    for start, end in pairwise(cuts):
        out += writer.write(message[start:end])
        if writer.is_over:
            break
    return out + writer.finish()


def read_by_the_letter(wire: bytes) -> bytes:
    """Read by RFC 1939 section 3: lines end with CRLF alone."""
    lines = wire.split(b"\r\n")
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""], "something follows the end mark"
    return b"\r\n".join(line.removeprefix(b".") for line in lines[:end])


class Client(poplib.POP3):
    """The standard library's POP3 client, over octets that are there already. It takes LF for the end of a line."""

    def __init__(self, wire: bytes) -> None:
        self.file = io.BytesIO(b"+OK\r\n" + wire)
        self._debugging = 0

    def _putcmd(self, line: str) -> None:
        """Say nothing: the answer is there."""

    def read(self) -> tuple[list[bytes], bytes]:
        _, lines, _ = self.retr(1)
        return lines, self.file.read()


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=5))
@example(b"a\n\r.\n..b", [2, 3, 6])
def test_a_message_is_the_same_however_it_is_cut(message: bytes, places: list[int]) -> None:
    """Pieces come from the store as it likes, and a dot may be the first octet of one."""
    assert write(message, places) == write(message, [])


@given(MESSAGES)
@example(b"\r.\n")
def test_the_end_mark_stands_once_and_last(message: bytes) -> None:
    """For a client that knows CRLF alone, and for one that takes LF as well."""
    wire = write(message, [])
    read_by_the_letter(wire)
    _, rest = Client(wire).read()
    assert rest == b""


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"", b"\xff", b".a", b"a."])))
def test_a_message_of_whole_lines_comes_back(lines: list[bytes]) -> None:
    """Octet for octet, and of the size that the listing told."""
    message = b"".join(line + b"\r\n" for line in lines)
    assert Client(write(message, [])).read()[0] == lines
    assert read_by_the_letter(write(message, [])) == message.removesuffix(b"\r\n")


@given(MESSAGES, st.integers(0, 5), st.lists(st.integers(0, 10_000), max_size=5))
def test_the_top_is_the_header_and_some_lines(message: bytes, count: int, places: list[int]) -> None:
    """Counted line by line, in another way."""
    kept, is_header, left = b"", True, count
    for line in split_lf(message):
        kept += line
        if is_header:
            is_header = line not in (b"\n", b"\r\n")
        else:
            left -= 1
        if not is_header and left <= 0:
            break
    assert write(message, places, count) == write(kept, [])


def split_lf(message: bytes) -> list[bytes]:
    """Return the lines, which end with LF."""
    parts = message.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


@pytest.mark.parametrize("message", [b"a: b\r\n\r\n" + b".\r\n" * 100_000, b"." * 300_000, b"\n" * 300_000])
def test_long_messages_take_linear_time(message: bytes) -> None:
    """A message of dots alone is twice as long at most."""
    for count in (None, 10**9):
        assert len(write(message, list(range(0, len(message), 16_384)), count)) <= 2 * len(message) + 5
