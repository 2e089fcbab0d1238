"""The content of a message while it comes in: where its octets go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.model import Spool


class Content(Protocol):
    """Takes the octets of one message. The session ends it by `finish` or by `discard`."""

    @property
    def size_octets(self) -> int:
        """The number of octets so far."""
        ...

    @property
    def is_refused(self) -> bool:
        """True if there was no room for the message; what still comes is dropped."""
        ...

    @property
    def is_behind(self) -> bool:
        """True while octets wait to be written: the driver should read no more until then."""
        ...

    def call_when_ready(self, callback: Callable[[], None]) -> None:
        """Call back, once, when nothing waits any more, even if the content was ended meanwhile."""
        ...

    def write(self, octets: bytes) -> None:
        """Take octets."""
        ...

    def finish(self) -> bytes | Spool:
        """Return the message, octet for octet; the caller owns it from now on."""
        ...

    def discard(self) -> None:
        """Release all octets, and drop what still comes. May be called twice."""
        ...


class ContentStore(Protocol):
    """Opens a `Content` for each message."""

    def has_room(self, size_octets: int) -> bool:
        """Return True if there is room for a message of that size now."""
        ...

    def open(self) -> Content:
        """Begin a message."""
        ...


class MemoryContent:
    """Holds a message in memory."""

    __slots__ = ("_octets", "size_octets")

    is_refused = False
    is_behind = False

    def __init__(self) -> None:
        self._octets: bytes | bytearray | None = b""
        self.size_octets = 0

    def call_when_ready(self, callback: Callable[[], None]) -> None:
        """See `Content.call_when_ready`."""
        callback()

    def write(self, octets: bytes) -> None:
        """See `Content.write`."""
        self.size_octets += len(octets)
        if self._octets is None:
            return
        if not self._octets:
            self._octets = octets  # a message that comes in one packet is never copied
            return
        if isinstance(self._octets, bytes):
            # No list of chunks: a sender of single octets would make that huge.
            self._octets = bytearray(self._octets)
        self._octets += octets

    def finish(self) -> bytes:
        """See `Content.finish`."""
        octets, self._octets = self._octets, None
        return bytes(octets or b"")

    def discard(self) -> None:
        """See `Content.discard`."""
        self._octets = None


class MemoryContentStore:
    """Has room for any message."""

    def has_room(self, size_octets: int) -> bool:  # noqa: ARG002 - the protocol's signature
        """See `ContentStore.has_room`."""
        return True

    def open(self) -> MemoryContent:
        """See `ContentStore.open`."""
        return MemoryContent()
