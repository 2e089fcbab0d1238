"""The octets of a message between 354 and its end mark (RFC 5321 section 4.5.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.smtp.content import Content

_END = b"\r\n.\r\n"
_DOT = re.compile(rb"\r\n\.")  # takes half as long as `bytes.find`, which each octet of a message goes through
# What may be the beginning of an end mark, or of a stuffed dot, when the octets so far end with it.
_UNDECIDED = tuple(_END[:length] for length in range(4, 0, -1))


class DataReader:
    """Takes octets up to CRLF.CRLF and takes the stuffed dots out, wherever the stream is cut.

    Only the whole five octets end a message: LF.LF, CR.CR and their mixtures are content, or a message could
    hide a second one from whoever filters mail on the way (CVE-2023-51764, -51765 and -51766).

    What it reads goes to `content`. Past `limit_octets` nothing more is kept, only counted; the same goes for a
    message with a CR or LF that stands alone, where those are refused.
    """

    __slots__ = ("_content", "_held", "_limit_octets", "_refuses_bare", "_skip", "has_bare_newline", "size_octets")

    def __init__(self, content: Content, limit_octets: int, *, refuses_bare: bool = False) -> None:
        self._content = content
        self._limit_octets = limit_octets
        self._refuses_bare = refuses_bare
        self._held = b"\r\n"  # 354 stands at the start of a line, so a first line "." is the end mark
        self._skip = 2  # and that line end is not content
        self.has_bare_newline = False
        self.size_octets = 0

    def feed(self, data: bytes) -> int | None:
        """Take octets; return how many of them belong to this message once its end mark has come, else None."""
        window = self._held + data
        found = _DOT.search(window)  # in most messages the end mark is the only line that begins with one
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
        """Whether more came than is kept."""
        return self.size_octets > self._limit_octets

    def _keep(self, raw: bytes, is_stuffed: bool) -> None:
        # A CR at the end of a window is held back, so none of these stands beside its other half in the next one.
        if self._refuses_bare and not raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n"):
            self.has_bare_newline = True
        # A dot that begins a line was put there by the sender; every such line follows a CRLF in `raw`.
        content = raw.replace(b"\r\n.", b"\r\n") if is_stuffed else raw
        if self._skip and content:
            content, self._skip = content[self._skip :], 0
        self.size_octets += len(content)
        if self.is_too_large or self.has_bare_newline:
            self._content.discard()
        elif content:
            self._content.write(content)
