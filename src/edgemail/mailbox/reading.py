"""Takes stored messages apart for readers: each once, off the event loop, in a fair order."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from edgemail import mime
from edgemail.errors import TooBusy
from edgemail.mailbox.fresh_summaries import FreshSummaries
from edgemail.mailbox.results import Result, Results
from edgemail.mailbox.work_queue import WorkQueue
from edgemail.model import ListedMail
from edgemail.store.base import SMALL_MAX_BYTES
from edgemail.system.piece_turns import PieceTurns
from edgemail.system.switch_interval import short_switch_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from pathlib import Path

    from edgemail.model import Code, MailId, StoredMail, Summary
    from edgemail.store.base import ListingRow, Mailbox, SmallMail

LARGE_BYTES = 256 * 1024

_SMALL_AT_ONCE = 2
_SUMMARIES_A_TURN = 4
"""The most summaries that one source has made before the next source has its turn. One may take 20 ms."""
_SUMMARIES_MAX = 256
"""How many summaries are kept that the store has not yet. Each is made of 16 KiB, and is no larger."""
_T = TypeVar("_T")
if TYPE_CHECKING:
    _SmallReading = tuple[StoredMail, Result[Any] | None]


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much readers may ask for at a time, and what is kept for those who ask again.

    `folder` is where large results are while they are read; None is the temporary directory.
    """

    max_waiting: int = 200
    max_cached_bytes: int = 32 * 2**20
    max_file_bytes: int = 256 * 2**20
    folder: Path | None = None


class MessageReader:
    """Parses messages for readers.

    Each kind of work has its queue, so that who lists mail does not wait for those who download.
    Large messages are parsed one at a time: parsing holds the GIL, and with several such threads
    the event loop and the writer thread wait for each of them many times in a commit, and so do the
    senders.
    """

    def __init__(self, store: Mailbox, limits: ReadLimits, refuse: Callable[[str], None]) -> None:
        """`refuse` is called with the reason for each reader that is refused."""
        self._store = store
        self._limits = limits
        self._refuse = refuse
        self._results = Results(max_bytes=limits.max_cached_bytes, max_file_bytes=limits.max_file_bytes)
        self._turns = PieceTurns()
        self._begun: dict[tuple[MailId, Hashable], asyncio.Future[_SmallReading]] = {}
        """The small messages that are being read: others who ask for one meanwhile wait for its result."""
        self._summaries: OrderedDict[MailId, Summary] = OrderedDict()
        self.fresh = FreshSummaries()
        """Those that another one makes, for listings to wait for."""
        self._listings = self._open_queue("listing", 1)  # two threads would only wait for each other
        self._messages = self._open_queue("message", _SMALL_AT_ONCE)
        self._attachments = self._open_queue("attachment", _SMALL_AT_ONCE)
        self._large = self._open_queue("large", 1)

    async def read_small(
        self,
        mail_id: MailId,
        inbox: str | None,
        part: Hashable,
        parse: Callable[[bytes, tuple[Code, ...] | None], tuple[_T, Sequence[bytes]]],
    ) -> tuple[StoredMail, Result[_T]] | None:
        """Return a small message's row, and what `parse` makes of it, by one hand-over to a thread.

        Return None where that cannot be done: for a large message, while all threads are busy, and where only
        the store's own threads can read it. Then use `open`. A kept result spares the parsing alone, so what
        is not there takes the same time whether somebody else has read it or not.

        Raises:
            MessageNotFound: there is no such message, or not in that inbox.
        """
        blocking = self._store.blocking
        if blocking is None or not self._results.has_room():
            return None
        key = (mail_id, part)
        kept: Result[_T] | None = self._results.find(key)
        if kept is None and key in self._begun:
            return None  # `open` waits for it

        def read() -> tuple[StoredMail, Result[_T] | None]:
            small = blocking.read_small_now(mail_id, inbox)
            if kept is not None or small.data is None:
                return small.mail, kept
            return small.mail, Result(*parse(small.data, small.codes), self._limits.folder, self._turns)

        reading = self._messages.do_now(read)
        if reading is None:
            return None
        if kept is None:
            self._begun[key] = reading
            reading.add_done_callback(partial(self._keep_small, key))
        mail, result = await asyncio.shield(reading)
        return None if result is None else (mail, result)

    def _keep_small(self, key: tuple[MailId, Hashable], reading: asyncio.Future[_SmallReading]) -> None:
        """Keep what `read_small` made, also where nobody waits for it any more."""
        del self._begun[key]
        if not reading.cancelled() and reading.exception() is None:
            _, result = reading.result()
            if result is not None:
                self._results.keep(key, result)

    async def open(
        self,
        mail: StoredMail,
        part: Hashable,
        parse: Callable[[bytes, tuple[Code, ...] | None], tuple[_T, Sequence[bytes]]],
    ) -> Result[_T]:
        """Return what `parse` makes of a message; see `read`.

        `parse` gets the codes of a small message's summary, if there is one. Where the store can be read in
        any thread, the one that parses reads as well.
        """
        if mail.size > SMALL_MAX_BYTES:
            return await self.read(mail, part, lambda data: parse(data, None))
        key, store = (mail.id, part), self._store
        if (begun := self._begun.get(key)) is not None:
            await asyncio.wait([begun])

        def finish(small: SmallMail) -> Result[_T]:
            return Result(*parse(small.data or b"", small.codes), self._limits.folder, self._turns)

        async def job() -> Result[_T]:
            if (kept := self._results.find(key)) is not None:  # made while this waited
                return kept
            self._check_room()
            if (blocking := store.blocking) is not None:
                result = await self._messages.run(lambda: finish(blocking.read_small_now(mail.id)))
            else:
                small = await store.read_small(mail.id)
                result = await self._messages.run(lambda: finish(small))
            self._results.keep(key, result)
            return result

        return await self._results.get(key, lambda: self._messages.do(job))

    async def read(
        self,
        mail: StoredMail,
        part: Hashable,
        parse: Callable[[bytes], tuple[_T, Sequence[bytes]]],
        *,
        is_attachment: bool = False,
    ) -> Result[_T]:
        """Return what `parse` makes of a message, which was in the store a moment ago.

        `parse` runs in a thread; it is not called where the result for `part` is known already.

        Raises:
            MessageNotFound: the message was deleted meanwhile.
            TooBusy: too many readers wait.
        """
        key = (mail.id, part)
        is_large = mail.size > LARGE_BYTES
        queue = self._large if is_large else self._attachments if is_attachment else self._messages

        async def job() -> Result[_T]:
            if (kept := self._results.find(key)) is not None:  # made while this waited
                return kept
            self._check_room()
            with short_switch_interval() if is_large else contextlib.nullcontext():
                data = await self._store.read_data(mail.id)
                result = await queue.run(lambda: Result(*parse(data), self._limits.folder, self._turns))
            self._results.keep(key, result)
            return result

        return await self._results.get(key, lambda: queue.do(job))

    def forget(self, mail_id: MailId) -> None:
        """Drop what was made of a message."""
        self._results.forget(mail_id)
        self._summaries.pop(mail_id, None)

    async def summarize(self, rows: Sequence[ListingRow]) -> list[ListedMail]:
        """Add missing summaries, made from the first octets of each message.

        The newest are kept: while much mail comes, the same messages are listed over and over before
        the store has their summaries.

        Raises:
            TooBusy: too many readers wait.
        """
        made = {row.mail.id: self._summaries[row.mail.id] for row in rows if row.mail.id in self._summaries}
        for row in rows:
            if row.summary is None and row.mail.id not in made:
                summary = await self.fresh.find(row.mail.id)
                if summary is not None:
                    made[row.mail.id] = summary
        missing = [(row.mail.id, row.head) for row in rows if row.summary is None and row.mail.id not in made]
        for start in range(0, len(missing), _SUMMARIES_A_TURN):
            made |= await self._make_summaries(missing[start : start + _SUMMARIES_A_TURN])
        return [ListedMail(row.mail, row.summary or made[row.mail.id], row.is_read, row.tags) for row in rows]

    async def _make_summaries(self, heads: Sequence[tuple[MailId, bytes]]) -> dict[MailId, Summary]:
        async def job() -> list[tuple[MailId, Summary]]:
            known = self._summaries  # others may have made some while this waited
            left = [(mail_id, head) for mail_id, head in heads if mail_id not in known]
            made = [(mail_id, known[mail_id]) for mail_id, _ in heads if mail_id in known]
            return made + await self._listings.run(
                lambda: [(mail_id, mime.summarize(head)) for mail_id, head in left]
            )

        made = dict(await self._listings.do(job))
        self._keep(made)
        return made

    def _check_room(self) -> None:
        if not self._results.has_room():
            self._refuse("answer_files")
            raise TooBusy("the server sends too many large answers; try again later")

    def _keep(self, summaries: dict[MailId, Summary]) -> None:
        self._summaries |= summaries
        while len(self._summaries) > _SUMMARIES_MAX:
            self._summaries.popitem(last=False)

    def _open_queue(self, kind: str, at_once: int) -> WorkQueue:
        def refuse() -> None:
            self._refuse(f"{kind}_queue")

        return WorkQueue(kind, at_once=at_once, max_waiting=self._limits.max_waiting, refuse=refuse)
