"""A small content store, which checks that each message was finished or discarded."""

from __future__ import annotations

from edgemail.smtp.content import MemoryContent


class TrackedContent(MemoryContent):
    """Is refused past so many octets, and checks how it is ended."""

    __slots__ = ("_room_octets", "is_discarded", "is_finished")

    def __init__(self, room_octets: int | None) -> None:
        super().__init__()
        self._room_octets = room_octets
        self.is_discarded = self.is_finished = False

    @property
    def is_refused(self) -> bool:  # type: ignore[override]
        """See `Content.is_refused`."""
        return self._room_octets is not None and self.size_octets > self._room_octets

    def finish(self) -> bytes:
        """See `Content.finish`."""
        assert not self.is_discarded, "a discarded message is handed over"
        assert not self.is_finished, "a message is handed over twice"
        self.is_finished = True
        return super().finish()

    def discard(self) -> None:
        """See `Content.discard`."""
        assert not self.is_finished, "a message that was handed over is discarded"
        self.is_discarded = True
        super().discard()


class TrackedContentStore:
    """Has room for so many octets of each message; `None` stands for any number."""

    def __init__(self, room_octets: int | None) -> None:
        self._room_octets = room_octets
        self.opened: list[TrackedContent] = []

    def has_room(self, size_octets: int) -> bool:
        """See `ContentStore.has_room`."""
        return self._room_octets is None or size_octets <= self._room_octets

    def open(self) -> TrackedContent:
        """See `ContentStore.open`."""
        assert all(content.is_finished or content.is_discarded for content in self.opened), "two messages at once"
        content = TrackedContent(self._room_octets)
        self.opened.append(content)
        return content

    def check_end(self) -> None:
        """Check that no message is left: as a file it would stay for ever."""
        assert all(content.is_finished or content.is_discarded for content in self.opened), (
            "a message was forgotten"
        )
