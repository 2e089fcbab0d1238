"""The interface of a store, whatever it is made of. Every store passes tests/contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from edgemail.model import Code, Envelope, MailId, StoredMail, Summary
    from edgemail.store.query import MailQuery
    from edgemail.store.webhook_queue import WebhookQueue

PIECE_MAX_BYTES = 256 * 1024
"""The most octets that `Mailbox.read_pieces` gives at a time. A store may give less."""

SMALL_MAX_BYTES = 64 * 1024
"""`Mailbox.read_small` reads a message of up to so many octets together with its row."""


class Arrival(NamedTuple):
    """A message that was just committed. `size` is in octets.

    It is a tuple because one is made for each message, and a frozen dataclass takes three times as
    long.
    """

    id: MailId
    recipients: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A stored message with its summary or, while it has none, with its first 16 KiB."""

    mail: StoredMail
    summary: Summary | None
    head: bytes
    is_read: bool = False
    """Whether somebody has opened it in a list of all mail; listings of an inbox do not tell."""
    tags: tuple[str, ...] = ()
    """In order; listings of an inbox do not tell."""


@dataclass(frozen=True, slots=True)
class MailCounts:
    """How many messages there are, and how many of them are not read."""

    messages: int
    unread: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What is stored. `size` counts the octets of the messages, not of the file."""

    messages: int
    size: int


@dataclass(frozen=True, slots=True)
class SourceShare:
    """The part of an inbox's limits that one source may use while the inbox is over a limit."""

    part: float
    """From 0 to 1."""
    find_source: Callable[[bytes], str]
    """Tells the source of a message by its first 2 KiB, as `Summary.source` does."""
    is_limited: Callable[[str], bool]
    """Returns False for a source that may have all of an inbox. ``""`` stands for all that are not known."""


@dataclass(frozen=True, slots=True)
class Aged:
    """The part of a stored message that retention needs."""

    id: MailId
    date: datetime
    size: int


@dataclass(frozen=True, slots=True)
class SmallMail:
    """What the store has of a message, read at once."""

    mail: StoredMail
    data: bytes | None
    """The whole message; None for one above `SMALL_MAX_BYTES`."""
    codes: tuple[Code, ...] | None
    """Those of its summary; None while it has none. To find them takes most of the time of reading a message."""


@dataclass(frozen=True, slots=True)
class JsonPage:
    """A page of an inbox as JSON."""

    messages: bytes
    """An array: the objects of `http/models.py`'s `MessageModel`, newest first."""
    count: int
    """How many messages are in it."""
    next_before: int | None
    """The value of `before` for the next page; None at the end."""


class JsonListings(Protocol):
    """Writes pages of an inbox as JSON, without a value for each row.

    Both methods return None where rows have to be read instead: a message has no summary yet, or another
    program has written its row in another form. Both may raise `StoreUnavailable`.
    """

    async def list_inbox_json(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0
    ) -> JsonPage | None:
        """Write what `Mailbox.list_inbox` lists, newest first."""
        ...

    async def search_inbox_json(
        self, inbox: str, terms: Sequence[str], *, limit: int, before: int | None = None
    ) -> JsonPage | None:
        """Write what `Mailbox.search_inbox` lists."""
        ...


class BlockingReads(Protocol):
    """Reads in the thread that calls, whichever that is.

    To hand a read over to another thread and back takes longer than the read.
    """

    def read_small_now(self, mail_id: MailId, inbox: str | None = None) -> SmallMail:
        """Read as `Mailbox.read_small` does. It may raise `StoreUnavailable` as well."""
        ...


class DiskBacked(Protocol):
    """What a store can do as well where its database is a file on a disk of this machine.

    Both methods may raise `StoreUnavailable`.
    """

    @property
    def file(self) -> Path:
        """The database's file."""
        ...

    async def measure_disk(self) -> int:
        """Return the octets that the file takes, without its free pages.

        New mail will use the free pages again.
        """
        ...

    async def reclaim(self) -> bool:
        """Give some free pages back to the file system; return True if there are more to give.

        Raises:
            StoreReadOnly: the store was opened for reading alone.
        """
        ...


class Mailbox(Protocol):
    """Keeps mail: what every store does.

    Every method may raise `StoreUnavailable`: nothing was done, and trying again later may help. A
    method that writes, deleting too, may raise `StoreFull`; on a store that was opened for reading
    alone it raises `StoreReadOnly`.
    """

    @property
    def disk(self) -> DiskBacked | None:
        """What the store can do on a disk of this machine; None where it has no file here."""
        ...

    @property
    def blocking(self) -> BlockingReads | None:
        """What the store reads in any thread; None where it has to be asked on the event loop."""
        ...

    @property
    def json_listings(self) -> JsonListings:
        """What the store does for readers that take JSON."""
        ...

    @property
    def webhook_queue(self) -> WebhookQueue:
        """The mail that the webhook has yet to tell about."""
        ...

    def add(self, envelope: Envelope) -> asyncio.Future[MailId]:
        """Keep a message; the future is done once the message is committed and synced.

        This is a plain method because a task for each message would cost more than the commit does.

        Raises:
            StoreReadOnly: at once, not by the future: the store was opened for reading alone.

        The future may raise:
            StoreUnavailable: nothing was kept; the sender may try again (451).
            StoreFull: no room; nothing was kept (452).
        """
        ...

    def watch(self, observer: Callable[[Sequence[Arrival]], None]) -> None:
        """Call `observer` on the event loop after each commit, with its messages in id order.

        It is called with no messages where other programs have committed more than can be told.
        """
        ...

    def follow_others(self) -> AbstractContextManager[None]:
        """Tell the observers what other programs commit, within a second, while the context lasts.

        The cost does not grow with the number of such contexts; without any there is none. What was
        committed before the first of them began may be told too, or not.
        """
        ...

    async def list_inbox(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListingRow]:
        """List an inbox's mail with ids between `after` and `before`, both exclusive.

        The newest comes first, unless `oldest_first` is true. Each row names this recipient alone:
        who knows an address learns of no other.
        """
        ...

    async def search_inbox(
        self, inbox: str, terms: Sequence[str], *, limit: int, before: int | None = None
    ) -> list[ListingRow]:
        """List an inbox's mail whose `Summary.words` contain all of up to four terms, newest first.

        The terms are folded as the words are. It also lists every message that has no summary yet.
        Each row names this recipient alone.
        """
        ...

    async def list_mail(
        self, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListingRow]:
        """List the mail of all inboxes with ids between `after` and `before`, both exclusive.

        The newest comes first, unless `oldest_first` is true.
        """
        ...

    async def search_mail(
        self, query: MailQuery, *, limit: int, before: int | None = None, after: int = 0, offset: int = 0
    ) -> list[ListingRow]:
        """List the mail of all inboxes that has a summary and matches, newest first.

        The first `offset` matches are left out.
        """
        ...

    async def find_mail(
        self, query: MailQuery, *, limit: int, before: int | None = None, after: int = 0
    ) -> list[MailId]:
        """List the ids of mail that has a summary and matches, newest first, between two ids, both exclusive."""
        ...

    async def read_words(self, *, after: int, before: int) -> dict[MailId, str]:
        """Return `Summary.words` of the mail between two ids, both exclusive, that has a summary."""
        ...

    async def count_mail(self, query: MailQuery, *, before: int | None = None) -> MailCounts:
        """Count the mail below an id that has a summary and matches."""
        ...

    async def mark(self, mail_ids: Sequence[MailId], *, is_read: bool) -> int:
        """Note that messages are read, or are not; return for how many that is new.

        Large changes are made in batches, and no change is synced: a power cut may undo it.
        """
        ...

    async def set_tags(self, mail_ids: Sequence[MailId], tags: Sequence[str]) -> int:
        """Give messages these tags and no others; return how many of the messages there are.

        It is made in batches, as with `mark`.
        """
        ...

    async def rename_tag(self, name: str, new_name: str | None) -> int:
        """Rename a tag, or drop it for None; return how many messages had it.

        It is made in batches, as with `mark`.
        """
        ...

    async def count_read(self) -> int:
        """Count the messages that are marked as read."""
        ...

    async def list_tags(self, limit: int) -> dict[str, int]:
        """List the first tags by name, each with the number of its messages."""
        ...

    async def read_row(self, mail_id: MailId) -> ListingRow:
        """Read a message's row.

        Raises:
            MessageNotFound: there is none of that id.
        """
        ...

    async def read_small(self, mail_id: MailId, inbox: str | None = None) -> SmallMail:
        """Read a message's row, and its data unless it is large.

        With `inbox` only a message of that inbox is found, at the same cost whether the id exists or not,
        and the row names that recipient alone.

        Raises:
            MessageNotFound: there is none of that id.
        """
        ...

    async def read_data(self, mail_id: MailId) -> bytes:
        """Read a whole message, octet for octet.

        Raises:
            MessageNotFound: there is none of that id.
        """
        ...

    def read_pieces(self, mail_id: MailId) -> AsyncIterator[bytes]:
        """Read a message piece by piece, each when it is asked for; none is above `PIECE_MAX_BYTES`.

        Nothing is locked or held between two pieces, so a slow reader costs one piece of memory.

        Raises:
            MessageNotFound: there is none of that id, or it was deleted after the first pieces.
        """
        ...

    async def delete(self, mail_ids: Sequence[MailId], *, may_return: bool = False) -> int:
        """Delete messages for all their recipients; return how many there were.

        With `may_return` the deletion is not synced, which costs less: a power cut may undo it.
        Large deletions are made in batches; one that raises may have deleted the first of them.
        """
        ...

    async def delete_inbox(self, inbox: str) -> int:
        """Take every message out of one inbox; return how many.

        A message that has other recipients stays in their inboxes, and is deleted with the last of
        them.
        """
        ...

    async def delete_from_inbox(self, inbox: str, mail_id: MailId) -> bool:
        """Take one message out of one inbox; return True if it was there.

        A message that has other recipients stays in their inboxes, as with `delete_inbox`. An id
        that is in another inbox only costs the same work as one that does not exist.
        """
        ...

    async def trim_inboxes(
        self,
        inboxes: Sequence[str],
        *,
        max_messages: int | None,
        max_bytes: int | None,
        share: SourceShare | None = None,
    ) -> list[Usage]:
        """Take the oldest messages out of each of these inboxes until it is within both limits.

        With `share`, those of sources that have more than their share go first. The newest message
        stays, however large it is. Other recipients keep theirs, as with `delete_inbox`. Returns
        what each inbox has afterwards; mail that arrives meanwhile may be left out.
        """
        ...

    async def list_unsummarized(self, after: int, *, max_rows: int, max_bytes: int) -> list[tuple[MailId, bytes]]:
        """Read the first messages above `after` without a summary; stop after `max_bytes` in all.

        Of a message that is larger than that by itself, only the first `max_bytes` are read.
        """
        ...

    async def add_summaries(self, summaries: Sequence[tuple[MailId, Summary]]) -> None:
        """Keep summaries; drop those of messages that were deleted meanwhile."""
        ...

    async def measure(self) -> Usage:
        """Count what is stored."""
        ...

    async def list_oldest(self, limit: int) -> list[Aged]:
        """List the oldest messages, oldest first."""
        ...

    async def check(self) -> None:
        """Return if the store can be read and, as far as is known, takes mail."""
        ...

    async def close(self) -> None:
        """Finish the commits under way, then close all files and connections."""
        ...
