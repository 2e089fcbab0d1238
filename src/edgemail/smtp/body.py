"""The octets of a message between 354 and its end mark (RFC 5321 section 4.5.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.smtp.content import Content

_END = b"\r\n.\r\n"
# Every octet of a message is searched, and this takes half as long as `bytes.find`.
_DOT = re.compile(rb"\r\n\.")
# Octets at the end of a packet that may begin an end mark or a stuffed dot.
_UNDECIDED = tuple(_END[:length] for length in range(4, 0, -1))


class DataReader:
    """Reads octets up to CRLF.CRLF and removes stuffed dots, wherever the stream is cut.

    Only these five octets end a message: LF.LF, CR.CR and their mixtures are content. Otherwise a
    message could hide a second one from a filter in front of us (CVE-2023-51764, -51765, -51766).

    The octets go to `content`. Past `limit_octets` they are only counted, and so are those of a
    message with a bare CR or LF where these are refused.
    """

    __slots__ = ("_content", "_held", "_limit_octets", "_refuses_bare", "_skip", "has_bare_newline", "size_octets")

    def __init__(self, content: Content, limit_octets: int, *, refuses_bare: bool = False) -> None:
        self._content = content
        self._limit_octets = limit_octets
        self._refuses_bare = refuses_bare
        self._held = b"\r\n"  # a line begins behind 354, so a first line "." is the end mark
        self._skip = 2  # and that line end is not content
        self.has_bare_newline = False
        self.size_octets = 0

    def feed(self, data: bytes) -> int | None:
        """Take octets; once the end mark has come, return how many belong to this message."""
        window = self._held + data
        # In most messages the end mark is the only line that begins with a dot.
        found = _DOT.search(window)
        dot = -1 if found is None else found.start()
        is_stuffed = dot >= 0 and not window.startswith(_END, dot)
        end = window.find(_END, dot) if is_stuffed else dot
        if end < 0:
            undecided = next((tail for tail in _UNDECIDED if window.endswith(tail)), b"")
            self._keep(window[: len(window) - len(undecided)], is_stuffed)
            self._held = undecided
            return None
        self._keep(window[: end + 2], is_stuffed)
        return end + len(_END) - len(self._held)

    @property
    def is_too_large(self) -> bool:
        """True if the message is larger than the limit."""
        return self.size_octets > self._limit_octets

    def _keep(self, raw: bytes, is_stuffed: bool) -> None:
        # A CR at the end of a window is held back, so no CRLF is split between two windows.
        if self._refuses_bare and not raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n"):
            self.has_bare_newline = True
        # The sender stuffed each dot that begins a line; every such line follows a CRLF in `raw`.
        content = raw.replace(b"\r\n.", b"\r\n") if is_stuffed else raw
        if self._skip and content:
            content, self._skip = content[self._skip :], 0
        self.size_octets += len(content)
        if self.is_too_large or self.has_bare_newline:
            self._content.discard()
        elif content:
            self._content.write(content)
