"""mbox files: many messages, each after a line `From SENDER DATE` and before a blank line (RFC 4155).

Lines of a message that would look like such a line have `>` before them: `mboxrd` puts one more
before every line of `>`s and `From `, so that reading is exact; `mboxo` puts one before `From ` alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

Quoting = Literal["mboxrd", "mboxo"]

_PIECE_BYTES: Final = 64 * 1024
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SEPARATOR: Final = re.compile(
    rb"From (\S{0,998}) {1,9}(?:%s),? (%s) {1,9}(\d\d?) (\d\d):(\d\d)(?::(\d\d))?"
    rb"(?: [A-Z+-][A-Z0-9]{0,5})? (\d{4})\b" % ("|".join(_DAYS).encode(), "|".join(_MONTHS).encode())
)
"""A body's line that begins with `From ` has no date behind it."""
_FROM: Final = re.compile(rb"^(>*+)From ", re.MULTILINE)
_OPEN: Final = re.compile(rb">*+((?:F(?:r(?:o(?:m)?)?)?)?)")
"""The beginning of a line that may become `>`s and `From `."""
_CUT_OFF: Final = re.compile(rb"(>*)>(?:F(?:r(?:o(?:m)?)?)?)?")
"""The same, where it is the end of a piece: the last `>` waits for what follows."""
_BLANK: Final = (b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class Separator:
    """The sender and the date of a separator line, `From SENDER DATE`."""

    sender: str
    date: datetime | None


@dataclass(frozen=True, slots=True)
class MboxEnd:
    """Where a message ends."""

    blank_line: bytes
    """The line between this message and the next one; ``b""`` at the end of a file that has none there."""


def is_mbox(head: bytes) -> bool:
    """Return True if a file that begins so is an mbox file."""
    return _SEPARATOR.match(head.lstrip(b"\r\n")) is not None


def read_mbox(file: BinaryIO, quoting: Quoting) -> Iterator[Separator | bytes | MboxEnd]:
    """Yield for each message its separator, its octets in pieces, and its end. A line may have any length.

    A line that looks like a separator is one at the beginning of the file and after a blank line. What
    comes before the first is passed over.
    """
    is_begun = False
    blank: bytes | None = b""  # the last line, if it was blank and may belong to no message
    for piece, starts_line in _read_lines(file):
        if starts_line and blank is not None and (found := _SEPARATOR.match(piece)):
            if is_begun:
                yield MboxEnd(blank)
            yield _read_separator(found)
            is_begun, blank = True, None
            if not piece.endswith(b"\n"):
                _skip_line(file)
            continue
        if is_begun and blank:
            yield blank
        blank = piece if starts_line and piece in _BLANK else None
        if is_begun and blank is None:
            yield _unquote(piece, quoting) if starts_line else piece
    if is_begun:
        yield MboxEnd(blank or b"")


def _read_lines(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield a file's lines in pieces; True with the first piece of each.

    No piece ends within `>`s and `From ` that begin a line.
    """
    held, starts_line = b"", True
    while octets := file.readline(_PIECE_BYTES):
        piece = held + octets
        held = b""
        if starts_line and (cut := _CUT_OFF.fullmatch(piece)):
            held, piece = piece[cut.end(1) :], piece[: cut.end(1)]
        if piece:
            yield piece, starts_line and not held
        starts_line = piece.endswith(b"\n") or bool(held)
    if held:
        yield held, False


def _read_separator(found: re.Match[bytes]) -> Separator:
    sender, month, day, hour, minute, second, year = found.groups()
    try:
        date = datetime(
            int(year),
            _MONTHS.index(month.decode()) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            tzinfo=UTC,
        )
    except ValueError:
        return Separator(sender.decode("utf-8", "replace"), None)
    return Separator(sender.decode("utf-8", "replace"), date)


def _skip_line(file: BinaryIO) -> None:
    while (piece := file.readline(_PIECE_BYTES)) and not piece.endswith(b"\n"):
        pass


def _unquote(line: bytes, quoting: Quoting) -> bytes:
    if not line.startswith(b">"):
        return line
    bare = line[1:] if quoting == "mboxo" else line.lstrip(b">")
    return line[1:] if bare.startswith(b"From ") else line


def write_separator(sender: str, date: datetime) -> bytes:
    """Write the line before a message. `date` is in UTC."""
    name = re.sub(r"\s", "-", sender) or "MAILER-DAEMON"
    day = f"{_DAYS[date.weekday()]} {_MONTHS[date.month - 1]} {date.day:2}"
    return f"From {name} {day} {date:%H:%M:%S} {date.year:04}\n".encode("utf-8", "surrogateescape")


class MboxQuoter:
    """Writes the octets of one message, with one more `>` before each line of `>`s and `From ` (mboxrd)."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._held = b""
        """The end of what was added, if it may be the beginning of `From `."""
        self._may_begin = True
        """True if only `>`s have come since the last line end."""
        self.last = b""
        """The last octet that was added."""

    def add(self, octets: bytes) -> None:
        """Write octets."""
        self.last = octets[-1:] or self.last
        text = self._held + octets
        self._held = b""
        line = text[text.rfind(b"\n") + 1 :]
        begins = self._may_begin or len(line) < len(text)
        if begins and (cut := _OPEN.fullmatch(line)):
            self._held = cut[1]
            text = text[: len(text) - len(cut[1])]
        # A `>` that is put in behind the others makes the same octets as one before them.
        quoted = _FROM.sub(rb"\1>From ", text if self._may_begin else b"x" + text)
        self._write(quoted if self._may_begin else quoted[1:])
        self._may_begin = begins and cut is not None

    def end(self) -> None:
        """Write what was held back."""
        self._write(self._held)
        self._held = b""
