"""The octets of a message between 354 and its end mark (RFC 5321 section 4.5.2)."""

from __future__ import annotations

_END = b"\r\n.\r\n"
# What may be the beginning of an end mark, or of a stuffed dot, when the octets so far end with it.
_UNDECIDED = tuple(_END[:length] for length in range(4, 0, -1))


class DataReader:
    """Takes octets up to CRLF.CRLF and takes the stuffed dots out, wherever the stream is cut.

    Only the whole five octets end a message: LF.LF, CR.CR and their mixtures are content, or a message could
    hide a second one from whoever filters mail on the way (CVE-2023-51764, -51765 and -51766).

    Past `limit_octets` of content nothing more is kept, only counted.
    """

    __slots__ = ("_content", "_held", "_limit_octets", "_skip", "size_octets")

    def __init__(self, limit_octets: int) -> None:
        self._limit_octets = limit_octets
        self._content = bytearray()  # not a list of chunks: a sender of single octets would make it huge
        self._held = b"\r\n"  # 354 stands at the start of a line, so a first line "." is the end mark
        self._skip = 2  # and that line end is not content
        self.size_octets = 0

    def feed(self, data: bytes) -> int | None:
        """Take octets; return how many of them belong to this message once its end mark has come, else None."""
        window = self._held + data
        dot = window.find(b"\r\n.")  # in most messages the end mark is the only line that begins with one
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

    def content(self) -> bytes:
        """Return the message, octet for octet."""
        return bytes(self._content)

    def _keep(self, raw: bytes, is_stuffed: bool) -> None:
        # A dot that begins a line was put there by the sender; every such line follows a CRLF in `raw`.
        content = raw.replace(b"\r\n.", b"\r\n") if is_stuffed else raw
        if self._skip and content:
            content, self._skip = content[self._skip :], 0
        self.size_octets += len(content)
        if self.is_too_large:
            self._content.clear()
        else:
            self._content += content
