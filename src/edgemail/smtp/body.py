"""The octets of a message between 354 and its end mark (RFC 5321 section 4.5.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ClassVar

    from edgemail.smtp.content import Content

_END = b"\r\n.\r\n"
# This takes half as long as `bytes.find`. Every octet of a message is searched, so the search begins
# at the first dot of any kind: encoded attachments have none, and finding that takes a tenth.
_DOT = re.compile(rb"\r\n\.")
# Octets at the end of a packet that may begin an end mark or a stuffed dot.
_UNDECIDED = tuple(_END[:length] for length in range(4, 0, -1))

# The line before a dot ends in LF alone as well.
_LF_END = re.compile(rb"(?<!\r)\n\.\n")
# A CR is held back with the LF behind it: it decides whether that LF may begin an end mark.
_LF_UNDECIDED = (b"\r\n.", b"\r\n", b"\n.", b"\r", b"\n")


class DataReader:
    """Reads octets up to CRLF.CRLF and removes stuffed dots, wherever the stream is cut.

    Only these five octets end a message: LF.LF, CR.CR and their mixtures are content. Otherwise a
    message could hide a second one from a filter in front of us (CVE-2023-51764, -51765, -51766).

    The octets go to `content`. Past `limit_octets` they are only counted, and so are those of a
    message with a bare CR or LF where these are refused.
    """

    line_end: ClassVar = b"\r\n"
    """A line begins behind it. A message's own end mark is such a line, of one dot."""

    __slots__ = ("_content", "_held", "_limit_octets", "_refuses_bare", "_skip", "has_bare_newline", "size_octets")

    def __init__(self, content: Content, limit_octets: int, *, refuses_bare: bool = False) -> None:
        self._content = content
        self._limit_octets = limit_octets
        self._refuses_bare = refuses_bare
        self._held = self.line_end  # a line begins behind 354, so a first line "." is the end mark
        self._skip = len(self.line_end)  # and that line end is not content
        self.has_bare_newline = False
        self.size_octets = 0

    def feed(self, data: bytes) -> int | None:
        """Take octets; once the end mark has come, return how many belong to this message."""
        window = self._held + data
        # In most messages the end mark is the only line that begins with a dot.
        any_dot = window.find(b".")
        found = None if any_dot < 0 else _DOT.search(window, max(0, any_dot - 2))
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
        # The sender stuffed each dot that begins a line; every such line follows a line end in `raw`.
        content = raw.replace(self.line_end + b".", self.line_end) if is_stuffed else raw
        if self._skip and content:
            content, self._skip = content[self._skip :], 0
        self.size_octets += len(content)
        if self.is_too_large or self.has_bare_newline:
            self._content.discard()
        elif content:
            self._content.write(content)


class LfDataReader(DataReader):
    """Reads a message whose DATA line ended in LF alone, as those of scripts do: LF.LF ends it.

    Nothing else does: not CRLF.CRLF, and no mixture, so that a line end has one meaning in a
    message. A line begins behind every LF, as for the sender that stuffed the dots.
    """

    __slots__ = ()

    line_end = b"\n"

    def feed(self, data: bytes) -> int | None:
        """See `DataReader.feed`."""
        window = self._held + data
        found = _LF_END.search(window)
        if found is None:
            undecided = next((tail for tail in _LF_UNDECIDED if window.endswith(tail)), b"")
            self._keep(window[: len(window) - len(undecided)], is_stuffed=True)
            self._held = undecided
            return None
        self._keep(window[: found.start() + 1], is_stuffed=True)
        return found.end() - len(self._held)
