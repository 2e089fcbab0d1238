"""New mail as searches see it that wait for it: read once for all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgemail.mailbox.arrivals import SharedReading
from edgemail.store.query import MailQuery, Searched, make_fields, matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.mailbox.reading import MessageReader
    from edgemail.model import ListedMail
    from edgemail.store.base import ListingRow, Mailbox

PAGE_ROWS: Final = 50
_KEPT_S: Final = 0.2
"""How long a page is shared: less than the time after which a search looks again for summaries."""
_PAGES_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class WatchedPage:
    """The mail above an id, oldest first."""

    messages: Sequence[tuple[ListedMail, Searched]]
    settled: int
    """How many of the first need no second look; of the next one more than its beginning will be searched."""
    is_full: bool

    def find(self, query: MailQuery) -> ListedMail | None:
        """Return the first message that matches."""
        return next((listed for listed, searched in self.messages if matches(query, searched)), None)

    def count_on(self, after: int) -> int:
        """Return the id above which the next look begins, where this one began above `after`."""
        looked_at = len(self.messages) if self.is_full else self.settled
        return self.messages[looked_at - 1][0].mail.id if looked_at else after


class WatchedMail:
    """Reads pages of new mail, each once for all who ask for it at that time."""

    def __init__(self, store: Mailbox, reader: MessageReader) -> None:
        self._store = store
        self._reader = reader
        self._pages: dict[int, SharedReading[WatchedPage]] = {}

    def forget(self) -> None:
        """Share no page any more that was read before this call."""
        self._pages.clear()

    async def read(self, after: int) -> WatchedPage:
        """Return the page above an id. Mail that was committed before this call is in it.

        Raises:
            StoreUnavailable: the store cannot be read.
            TooBusy: too many readers wait.
        """
        loop = asyncio.get_running_loop()
        reading = self._pages.get(after)
        if reading is None or loop.time() - reading.began_at > _KEPT_S:
            reading = SharedReading(loop.create_task(self._read(after)), loop.time())
            while len(self._pages) >= _PAGES_MAX:
                del self._pages[next(iter(self._pages))]
            self._pages[after] = reading
        return await reading.wait()

    async def _read(self, after: int) -> WatchedPage:
        rows = await self._store.list_mail(limit=PAGE_ROWS, after=after, oldest_first=True)
        if not rows:
            return WatchedPage((), 0, is_full=False)
        listed = await self._reader.summarize(rows)
        words = {}
        if any(row.summary is not None for row in rows):
            words = await self._store.read_words(after=after, before=rows[-1].mail.id + 1)
        messages = [
            (message, make_searched(message, words.get(row.mail.id, message.summary.words)))
            for row, message in zip(rows, listed, strict=True)
        ]
        settled = next((number for number, row in enumerate(rows) if not _is_settled(row)), len(rows))
        return WatchedPage(messages, settled, is_full=len(rows) == PAGE_ROWS)


def make_searched(listed: ListedMail, words: str | None = None) -> Searched:
    """Return what a search sees of a message; without `words`, one that was summarised a moment ago."""
    known = listed.summary.words if words is None else words
    return Searched(listed.mail, make_fields(listed.summary), known, listed.is_read, listed.tags)


def _is_settled(row: ListingRow) -> bool:
    """Return False for a message of which more than its beginning will be searched later."""
    return row.summary is not None or row.mail.size <= len(row.head)
