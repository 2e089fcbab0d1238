"""Writes a message as POP3 sends it: with stuffed dots and an end mark, cut behind some lines for TOP."""

from __future__ import annotations

import re
from typing import Final

END_MARK: Final = b".\r\n"
_CRLF: Final = b"\r\n"
_DOT: Final = re.compile(rb"(?<=\n)\r?\.")


class MessageWriter:
    """Takes a message piece by piece, wherever it is cut.

    A dot is stuffed at the beginning of a line, also of one behind a bare LF: clients take LF for the end of
    a line, and a kept LF.LF would end the message for them (RFC 1939 section 3 knows CRLF alone). Some drop
    a CR at the beginning of a line as well, so a dot behind that is stuffed too.
    """

    __slots__ = ("_before", "_lines", "_tail", "is_over")

    def __init__(self, max_lines: int | None = None) -> None:
        """Write the header and `max_lines` of the body; all of the message for None."""
        self._before = (
            b"\n"  # what stands before the next piece where a dot may have to be stuffed: LF, or LF and CR
        )
        self._lines = None if max_lines is None else _LineCounter(max_lines)
        self._tail = b""
        self.is_over = False
        """True if the rest of the message is not wanted."""

    def write(self, piece: bytes) -> bytes:
        """Return what is sent of a piece."""
        if self._lines is not None:
            piece = self._lines.cut(piece)
            self.is_over = self._lines.is_over
        if not piece:
            return b""
        self._tail = (self._tail + piece[-2:])[-2:]
        text, known = self._before + piece, len(self._before)
        self._before = b"\n\r" if text.endswith(b"\n\r") else b"\n" if text.endswith(b"\n") else b""
        return _DOT.sub(_stuff, text)[known:]

    def finish(self) -> bytes:
        """Return the end mark, on a line of its own."""
        return END_MARK if self._tail in (b"", _CRLF) else _CRLF + END_MARK


def _stuff(found: re.Match[bytes]) -> bytes:
    return found[0] + b"."


class _LineCounter:
    """Finds the end of a header and of some lines of the body."""

    __slots__ = ("_is_in_header", "_left", "_line_start", "is_over")

    def __init__(self, max_lines: int) -> None:
        self._left = max_lines
        self._is_in_header = True
        self._line_start = b""  # the first two octets of the line that a piece has begun
        self.is_over = False

    def cut(self, piece: bytes) -> bytes:
        """Return a piece, or the part of it that is wanted."""
        at = 0
        while (end := piece.find(b"\n", at)) >= 0:
            start = (self._line_start + piece[at : min(end, at + 2)])[:2]
            self._line_start = b""
            at = end + 1
            if not self._is_in_header:
                self._left -= 1
            elif start in (b"", b"\r"):
                self._is_in_header = False
            if not self._is_in_header and self._left <= 0:
                self.is_over = True
                return piece[:at]
        self._line_start = (self._line_start + piece[at : at + 2])[:2]
        return piece
