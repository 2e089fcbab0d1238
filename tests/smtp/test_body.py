"""Where a message ends, and what its octets are."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgemail.smtp.body import DataReader, LfDataReader
from edgemail.smtp.content import MemoryContent
from tests.smtp.streams import cut

PLENTY = 10**6
END = b"\r\n.\r\n"

_dotty = st.lists(st.sampled_from((b"\r", b"\n", b".", b"x", b"\0", b"\r\n", b"\r\n.", END)), max_size=40).map(
    b"".join
)
_cuts = st.lists(st.integers(0, 100), max_size=10)


def read_plainly(octets: bytes) -> tuple[bytes, int] | None:
    """Return a message and its length in the stream, read plainly: find the end, then each line."""
    window = b"\r\n" + octets
    end = window.find(END)
    if end < 0:
        return None
    lines = window[: end + 2].split(b"\r\n")[1:]
    content = b"\r\n".join(line.removeprefix(b".") for line in lines)
    return content, end + 3


@dataclass(frozen=True)
class Read:
    """The result of packets: `used` octets belong to the message; None where it has not ended."""

    reader: DataReader
    content: bytes
    used: int | None


def read(
    packets: list[bytes],
    limit_octets: int = PLENTY,
    *,
    refuses_bare: bool = False,
    kind: type[DataReader] = DataReader,
) -> Read:
    """Read packets up to the end mark."""
    content = MemoryContent()
    reader, before = kind(content, limit_octets, refuses_bare=refuses_bare), 0
    for packet in packets:
        used = reader.feed(packet)
        if used is not None:
            return Read(reader, content.finish(), before + used)
        before += len(packet)
    return Read(reader, content.finish(), None)


@given(_dotty, _cuts)
def test_a_message_is_what_a_plain_reading_finds(octets: bytes, places: list[int]) -> None:
    """However the stream is cut: the same end, the same octets, and none of those behind it."""
    found = read(cut(octets, places))
    expected = read_plainly(octets)
    if expected is None:
        assert found.used is None
    else:
        assert (found.content, found.used) == expected
        assert found.reader.size_octets == len(expected[0])


@pytest.mark.parametrize("first", [b"\r\n", b"\r", b"\n", b"\n\r", b"\r\r\n", b"\0\n"])
@pytest.mark.parametrize("last", [b"\r\n", b"\r", b"\n", b"\n\r", b"\r\r\n", b"\r\0\n"])
def test_only_crlf_dot_crlf_ends_a_message_at_every_cut(first: bytes, last: bytes) -> None:
    """CVE-2023-51764, -51765, -51766 and relatives: every mixture, in two and in three packets."""
    octets = b"one" + first + b"." + last + b"two" + END
    is_end = first[-2:] == b"\r\n" and last[:2] == b"\r\n"
    expected = read_plainly(octets)
    assert expected is not None
    assert (expected[1] < len(octets)) == is_end
    for start in range(len(octets)):
        for end in range(start, len(octets)):
            found = read(cut(octets, [start, end]))
            assert (found.content, found.used) == expected


def read_lf_plainly(octets: bytes) -> tuple[bytes, int] | None:
    """Do as `read_plainly` does where the DATA line ended in LF: line by line."""
    content, position = b"", 0
    is_behind_lf = True
    while (end := octets.find(b"\n", position)) >= 0:
        line = octets[position : end + 1]
        position = end + 1
        if line == b".\n" and is_behind_lf:
            return content, position
        content += line.removeprefix(b".")
        is_behind_lf = not line.endswith(b"\r\n")
    return None


@given(_dotty, _cuts)
@example(b"\r\n.\n\n.\n", [2, 3])
@example(b"x\r", [])
def test_a_message_of_lf_lines_is_what_a_plain_reading_finds(octets: bytes, places: list[int]) -> None:
    """However the stream is cut."""
    octets = octets.replace(END, b"\n.\n")
    found = read(cut(octets, places), kind=LfDataReader)
    expected = read_lf_plainly(octets)
    if expected is None:
        assert found.used is None
    else:
        assert (found.content, found.used) == expected
        assert found.reader.size_octets == len(expected[0])


@pytest.mark.parametrize("first", [b"\r\n", b"\r", b"\n", b"\n\r", b"\r\r\n", b"\0\n"])
@pytest.mark.parametrize("last", [b"\r\n", b"\r", b"\n", b"\n\r", b"\r\r\n", b"\r\0\n"])
def test_only_lf_dot_lf_ends_a_message_of_lf_lines_at_every_cut(first: bytes, last: bytes) -> None:
    """CVE-2023-51764 and relatives: CRLF.CRLF and every mixture are content there."""
    octets = b"one" + first + b"." + last + b"two\n.\n"
    is_end = first in (b"\n", b"\0\n") and last[:1] == b"\n"
    expected = read_lf_plainly(octets)
    assert expected is not None
    assert (expected[1] < len(octets)) == is_end
    for start in range(len(octets)):
        for end in range(start, len(octets)):
            found = read(cut(octets, [start, end]), kind=LfDataReader)
            assert (found.content, found.used) == expected


@given(st.binary(max_size=200), st.integers(0, 200), _cuts)
@example(b"exact", 7, [])
@example(b"exact", 6, [])
def test_a_message_over_the_limit_is_counted_and_not_kept(line: bytes, limit: int, places: list[int]) -> None:
    """Its size is told to the last octet, its end is found, and nothing of it is held."""
    octets = line.replace(b"\r\n.", b"") + END
    expected = read_plainly(octets)
    assert expected is not None
    found = read(cut(octets, places), limit)
    assert (found.reader.size_octets, found.used) == (len(expected[0]), expected[1])
    assert found.reader.is_too_large == (len(expected[0]) > limit)
    assert found.content == (b"" if found.reader.is_too_large else expected[0])


def test_what_may_be_an_end_mark_is_not_lost_when_it_is_none() -> None:
    """Each beginning of the mark, left hanging and then contradicted."""
    for length in range(1, len(END)):
        found = read([b"a" + END[:length], b"z" + END])
        assert found.used == 1 + length + 1 + len(END)
        assert found.content == b"a" + END[:length].replace(b".", b"") + b"z\r\n"


@given(_dotty, _cuts)
@example(b"a\r\n.\n" + END, [])
@example(b"\r" + END, [1])
@example(b"\n" + END, [])
def test_a_cr_or_lf_that_stands_alone_is_seen_at_every_cut(octets: bytes, places: list[int]) -> None:
    """And no other: the end mark's own CRLF and stuffed dots neither make nor hide one."""
    found = read(cut(octets, places), refuses_bare=True)
    expected = read_plainly(octets)
    assert found.used == (None if expected is None else expected[1])
    if expected is not None:
        bare = re.search(rb"\r(?!\n)|(?<!\r)\n", expected[0])
        assert found.reader.has_bare_newline == (bare is not None)
        assert found.content == (b"" if bare else expected[0])


def test_where_they_are_not_refused_they_are_kept() -> None:
    """As they are, octet for octet."""
    found = read([b"a\rb\nc" + END])
    assert not found.reader.has_bare_newline
    assert found.content == b"a\rb\nc\r\n"
