"""Writes a message as POP3 sends it: with stuffed dots and an end mark, cut behind some lines for TOP."""

from __future__ import annotations

from typing import Final

END_MARK: Final = b".\r\n"
_CRLF: Final = b"\r\n"


class MessageWriter:
    """Takes a message piece by piece, wherever it is cut.

    A dot is stuffed at the beginning of a line, also of one behind a bare LF: clients take LF for the end of
    a line, and a kept LF.LF would end the message for them (RFC 1939 section 3 knows CRLF alone).
    """

    __slots__ = ("_is_at_line_start", "_lines", "_tail", "is_over")

    def __init__(self, max_lines: int | None = None) -> None:
        """Write the header and `max_lines` of the body; all of the message for None."""
        self._is_at_line_start = True
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
        stuffed = piece.replace(b"\n.", b"\n..")
        if self._is_at_line_start and piece.startswith(b"."):
            stuffed = b"." + stuffed
        self._is_at_line_start = piece.endswith(b"\n")
        return stuffed

    def finish(self) -> bytes:
        """Return the end mark, on a line of its own."""
        return END_MARK if self._tail in (b"", _CRLF) else _CRLF + END_MARK


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
