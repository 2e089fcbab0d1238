"""The local store: a file in SQLite's format, which is libSQL's too."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Self, TypeVar

import apsw

from edgemail.errors import MessageNotFound, StoreFull, StoreUnavailable
from edgemail.model import MailId
from edgemail.store import encoding, schema
from edgemail.store.group_commit import GroupCommit
from edgemail.store.sql_mailbox import SqlMailbox
from edgemail.store.sqlite.checkpoints import Checkpoints
from edgemail.store.sqlite.connections import Connections
from edgemail.store.sqlite.file import open_database, open_for_reading
from edgemail.store.trim import HEAD_BYTES
from edgemail.system.job_thread import JobThread
from edgemail.system.piece_turns import PieceTurns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

    from edgemail.model import Envelope, Summary
    from edgemail.store.base import SmallMail, Usage
    from edgemail.store.trim import InboxLimits
    from edgemail.system.metrics import CommitCounters

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_READERS = 2
_BATCH_ROWS = 1000
_BATCH_BYTES = 32 * 2**20
_WAITING_BYTES = 512 * 2**20
_STATEMENT_ROWS = 64
_LARGE_BYTES = 256 * 1024
_RECLAIM_PAGES = 256
_HARMLESS = (apsw.BusyError, apsw.LockedError, apsw.FullError, apsw.ConstraintError)
"""Errors after which a connection is as it was before."""
_LOOK_S = 0.25
"""How often to look for mail of other programs, while somebody waits."""
_PIECE_BYTES = 64 * 1024
_LARGE_PIECE_BYTES = 256 * 1024
"""Pieces for a reader that takes each of them within `_QUICK_S`."""
_QUICK_S = 0.05
"""SQLite finds each piece by its page numbers: half the size takes three times as long."""


class SqliteStore(SqlMailbox):
    """A `Mailbox` in a local file; it is `DiskBacked` itself."""

    def __init__(
        self,
        path: Path,
        writer: apsw.Connection,
        writer_thread: JobThread,
        *,
        read_only: bool = False,
        max_wait_s: float = math.inf,
        counters: CommitCounters | None = None,
    ) -> None:
        super().__init__(read_only=read_only, look_s=_LOOK_S)
        self._version: tuple[object, ...] = (0, None, None)
        """What `_read_version` said when all mail up to then had been announced."""
        self.file = path
        self._connections = Connections(path, writer, open_for_reading if read_only else open_database)
        self._writer_thread = writer_thread
        self._checkpoints = Checkpoints(self._connections)
        self._reader_threads = JobThread("edgemail-reader", _READERS)
        self._piece_turns = PieceTurns()
        self._commits = GroupCommit(
            self._commit,
            max_rows=_BATCH_ROWS,
            max_bytes=_BATCH_BYTES,
            max_waiting_bytes=_WAITING_BYTES,
            max_wait_s=max_wait_s,
            counters=counters,
        )

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        max_wait_s: float = math.inf,
        counters: CommitCounters | None = None,
    ) -> Self:
        """Open the file; make or upgrade it where needed. Commits are counted in `counters`.

        A message that has waited for more than `max_wait_s` is refused. With `read_only` the file
        must exist, and nothing is written to it: another program does that.

        Raises:
            StoreInvalid: the file cannot be made or opened, or is not edgemail's; the text says
                what to do.
        """
        thread = JobThread("edgemail-writer")
        try:
            opener = open_for_reading if read_only else open_database
            writer = await thread.do(partial(opener, path))
        except BaseException:
            thread.close()
            raise
        store = cls(path, writer, thread, read_only=read_only, max_wait_s=max_wait_s, counters=counters)
        ((store._seen,),) = await store._query(schema.LAST_ID)
        return store

    @property
    def disk(self) -> Self:
        """See `Mailbox.disk`."""
        return self

    @property
    def blocking(self) -> Self:
        """See `Mailbox.blocking`."""
        return self

    def read_small_now(self, mail_id: MailId, inbox: str | None = None) -> SmallMail:
        """See `BlockingReads.read_small_now`."""
        statement, *values = encoding.ask_small(mail_id, inbox)

        def read() -> list[tuple[Any, ...]]:
            with self._connections.reader() as reader:
                return reader.execute(statement, values).fetchall()

        return encoding.read_small(_translate(read), mail_id, inbox)

    async def read_data(self, mail_id: MailId) -> bytes:
        """See `Mailbox.read_data`."""
        for (data,) in await self._query(schema.READ_DATA, mail_id):
            return bytes(data)
        raise MessageNotFound(f"there is no message {mail_id}")

    async def read_pieces(self, mail_id: MailId) -> AsyncIterator[bytes]:
        """See `Mailbox.read_pieces`. An open blob between two pieces would keep the log from ending."""
        start, size, piece_bytes = 0, 1, _PIECE_BYTES
        while start < size:
            read = partial(_read_piece, mail_id=mail_id, start=start, octets=piece_bytes)
            async with self._piece_turns:
                piece, size = await self._read(read)
            start += len(piece)
            if piece:
                began = time.monotonic()
                yield piece
                # SQLite looks for a piece from the message's beginning on: few large pieces cost least.
                is_quick = time.monotonic() - began < _QUICK_S
                piece_bytes = min(2 * piece_bytes, _LARGE_PIECE_BYTES) if is_quick else _PIECE_BYTES

    async def list_unsummarized(self, after: int, *, max_rows: int, max_bytes: int) -> list[tuple[MailId, bytes]]:
        """See `Mailbox.list_unsummarized`."""

        def read(reader: apsw.Connection) -> list[tuple[MailId, bytes]]:
            found: list[tuple[MailId, bytes]] = []
            size = 0
            rows = reader.execute(schema.LIST_UNSUMMARIZED, (max_bytes, after, max_rows))
            for mail_id, size_octets, data in rows:
                beginning = _read_beginning(reader, mail_id, max_bytes) if data is None else bytes(data)
                found.append((MailId(int(mail_id)), beginning))
                size += size_octets
                if size > max_bytes:
                    break
            return found

        return await self._read(read)

    async def add_summaries(self, summaries: Sequence[tuple[MailId, Summary]]) -> None:
        """See `Mailbox.add_summaries`."""

        def write(writer: apsw.Connection) -> None:
            rows = [encoding.write_summary(mail_id, summary) for mail_id, summary in summaries]
            words = [(mail_id, summary.words) for mail_id, summary in summaries]
            fields = [encoding.write_fields(mail_id, summary) for mail_id, summary in summaries]
            with _unsynced(writer), _Transaction(writer):
                writer.executemany(schema.ADD_SUMMARY, rows)
                writer.executemany(schema.ADD_WORDS, words)
                writer.executemany(schema.ADD_SEARCH_FIELDS, fields)

        self._require_writable()
        await self._on_writer_thread(write)

    async def measure_disk(self) -> int:
        """See `DiskBacked.measure_disk`."""

        def measure(reader: apsw.Connection) -> int:
            pages, free, page_bytes = (
                int(reader.pragma(name)) for name in ("page_count", "freelist_count", "page_size")
            )
            return (pages - free) * page_bytes

        return await self._read(measure)

    async def reclaim(self) -> bool:
        """See `DiskBacked.reclaim`."""

        def vacuum(_: apsw.Connection) -> bool:
            writer = self._connections.find_writer()
            for _ in writer.execute(f"PRAGMA incremental_vacuum({_RECLAIM_PAGES})"):
                pass
            free_pages = writer.pragma("freelist_count")
            if not free_pages:
                with self._connections.checkpointer() as connection:  # once no other thread runs one
                    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            return bool(free_pages)

        self._require_writable()
        return await self._on_writer_thread(vacuum)

    async def close(self) -> None:
        """See `Mailbox.close`."""
        self._connections.hurry()
        await self._commits.drain()
        await self._lookout.close()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._reader_threads.close)
        await loop.run_in_executor(None, self._checkpoints.close)
        await self._writer_thread.do(self._connections.close)
        self._writer_thread.close()

    async def _change_some(self, changes: Sequence[tuple[str, tuple[Any, ...]]]) -> list[int]:
        def write(writer: apsw.Connection) -> list[int]:
            changed = []
            with _unsynced(writer), _Transaction(writer):
                for statement, values in changes:
                    writer.execute(statement, values)
                    changed.append(writer.changes())
            return changed

        return await self._on_writer_thread(write)

    async def _delete_batch(self, mail_ids: Sequence[MailId], *, may_return: bool) -> int:
        return await self._on_writer_thread(partial(_delete, mail_ids=mail_ids, may_return=may_return))

    async def _take_out_some(self, inbox: str, mail_ids: Sequence[MailId], *, may_return: bool) -> int:
        if not mail_ids:
            return 0
        work = partial(_delete_from_inbox, inbox=inbox, mail_ids=mail_ids, may_return=may_return)
        return await self._on_writer_thread(work)

    async def _choose_excess(
        self, inboxes: Sequence[str], limits: InboxLimits
    ) -> Sequence[tuple[Sequence[MailId], Usage]]:
        def choose(reader: apsw.Connection, inbox: str) -> tuple[Sequence[MailId], Usage]:
            rows = reader.execute(schema.LIST_HELD, (inbox, schema.UNBOUNDED_ID, -1))
            held = self._sources.name(rows)
            heads = _read_beginnings(reader, limits.list_unknown(held))
            return limits.choose(held, self._sources.learn(limits.share, heads))

        return await self._read(lambda reader: [choose(reader, inbox) for inbox in inboxes])

    async def _commit(self, batch: Sequence[Envelope], _since: float) -> list[MailId]:
        ids = await self._on_writer_thread(partial(self._insert, batch=batch))
        self._checkpoints.count(sum([envelope.size for envelope in batch]))
        self._announce_batch(ids, batch)
        return ids

    async def _look(self) -> None:
        """See `SqlMailbox._look`.

        It runs in the writer's thread: what this program commits is announced before a look finds it.
        """

        async def query(statement: str, *bindings: Any) -> list[tuple[Any, ...]]:
            return await self._on_writer_thread(lambda writer: writer.execute(statement, bindings).fetchall())

        last, version = await self._on_writer_thread(self._read_version)
        if version == self._version:
            self._pass(last)
        elif version[0] != self._version[0]:  # the file was replaced
            self._begin_anew(last)
        else:
            await self._find_arrivals(query)
        self._version = version

    def _read_version(self, _: apsw.Connection) -> tuple[int, tuple[object, ...]]:
        """Return the newest id; the file's number, the connection, and what differs once another has committed.

        The id comes first: mail that another program commits in between counts for the next look.
        """
        writer = self._connections.find_writer()
        ((last,),) = writer.execute(schema.LAST_ID)
        return last, (self._connections.generation, writer, writer.pragma("data_version"))

    def _insert(self, writer: apsw.Connection, batch: Sequence[Envelope]) -> list[MailId]:
        """Insert a batch; insert it again where the file was replaced meanwhile."""
        before = self._connections.generation
        ids = _insert(writer, batch)
        current = self._connections.find_writer()
        return ids if self._connections.generation == before else _insert(current, batch)

    async def _on_writer_thread(self, work: Callable[[apsw.Connection], _T]) -> _T:
        return await self._writer_thread.do(partial(_translate, self._work, work))

    def _work(self, work: Callable[[apsw.Connection], _T]) -> _T:
        connections = self._connections
        if connections.is_doubtful:
            connections.renew()
        try:
            return work(connections.writer)
        except _HARMLESS:
            raise
        except apsw.Error:
            connections.is_doubtful = True
            raise

    async def _read(self, work: Callable[[apsw.Connection], _T]) -> _T:
        def read() -> _T:
            with self._connections.reader() as reader:
                return work(reader)

        return await self._reader_threads.do(lambda: _translate(read))

    async def _query(self, statement: str, *bindings: Any) -> list[tuple[Any, ...]]:
        return await self._read(lambda reader: reader.execute(statement, bindings).fetchall())


class _Transaction:
    """A transaction that takes the write lock first: no later statement can fail for lack of it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


@contextlib.contextmanager
def _unsynced(writer: apsw.Connection) -> Iterator[None]:
    """Commit without a sync what may be lost in a power cut: derived data, and deletions."""
    writer.pragma("synchronous", 1)
    try:
        yield
    finally:
        writer.pragma("synchronous", 2)


def _insert(writer: apsw.Connection, batch: Sequence[Envelope]) -> list[MailId]:
    """Insert a batch in as few statements as possible.

    During each statement the event loop takes the interpreter's lock, and winning it back costs
    more than inserting many rows.
    """
    ids: list[MailId] = []
    is_one_statement = len(batch) <= _STATEMENT_ROWS and all(
        not _is_large(envelope) and encoding.is_for_one(envelope) for envelope in batch
    )
    with contextlib.nullcontext() if is_one_statement else _Transaction(writer):
        for rows in _split(batch):
            if not _is_large(rows[0]):
                _insert_rows(writer, schema.ADD_MAIL, [encoding.write_mail(envelope) for envelope in rows])
            elif rows[0].spool is None:
                writer.execute(*encoding.write_large(rows[0]))
            else:
                _insert_spooled(writer, rows[0])
            last = writer.last_insert_rowid()  # no other program writes meanwhile, so the ids are consecutive
            ids += map(MailId, range(last - len(rows) + 1, last + 1))
        inboxes = [
            (inbox, mail_id)
            for mail_id, envelope in zip(ids, batch, strict=True)
            if not encoding.is_for_one(envelope)
            for inbox in envelope.recipients
        ]
        for start in range(0, len(inboxes), _STATEMENT_ROWS):
            _insert_rows(writer, schema.ADD_INBOX, inboxes[start : start + _STATEMENT_ROWS])
    return ids


def _is_large(envelope: Envelope) -> bool:
    return envelope.spool is not None or len(envelope.data) > _LARGE_BYTES


def _split(batch: Sequence[Envelope]) -> Iterator[Sequence[Envelope]]:
    """Split a batch into what one statement inserts: several messages, or one that is large."""
    start = 0
    for end, envelope in enumerate(batch):
        if _is_large(envelope):
            if start < end:
                yield batch[start:end]
            yield batch[end : end + 1]
            start = end + 1
        elif end - start == _STATEMENT_ROWS:
            yield batch[start:end]
            start = end
    if start < len(batch):
        yield batch[start:]


def _insert_spooled(writer: apsw.Connection, envelope: Envelope) -> None:
    """Insert a message piece by piece, so that it is never in memory as a whole."""
    writer.execute(*encoding.write_spooled(envelope))
    with writer.blob_open("main", "mail", "data", writer.last_insert_rowid(), True) as blob:
        for piece in envelope.read_pieces():
            blob.write(piece)


def _read_piece(reader: apsw.Connection, mail_id: MailId, start: int, octets: int) -> tuple[bytes, int]:
    """Read a piece of a message; return it, and the octets that the message has in all.

    Raises:
        MessageNotFound: there is none of that id.
    """
    with contextlib.closing(_open_data(reader, mail_id)) as blob:
        blob.seek(start)
        return blob.read(octets), blob.length()


def _open_data(reader: apsw.Connection, mail_id: MailId) -> apsw.Blob:
    try:
        return reader.blob_open("main", "mail", "data", mail_id, False)
    except apsw.SQLError:
        if reader.execute("SELECT 1 FROM mail WHERE id = ?", (mail_id,)).fetchone() is not None:
            raise
        raise MessageNotFound(f"there is no message {mail_id}") from None


def _read_beginning(reader: apsw.Connection, mail_id: int, octets: int) -> bytes:
    """Read the first octets of a message. An SQL expression would read all of it into memory."""
    with contextlib.closing(reader.blob_open("main", "mail", "data", mail_id, False)) as blob:
        return blob.read(octets)


def _read_beginnings(reader: apsw.Connection, mail_ids: Sequence[MailId]) -> dict[MailId, bytes]:
    """Read the first `HEAD_BYTES` of messages; of one that was deleted meanwhile, none."""
    heads = dict.fromkeys(mail_ids, b"")
    with contextlib.ExitStack() as stack:
        blob: apsw.Blob | None = None
        for mail_id in mail_ids:
            try:
                if blob is None:
                    blob = reader.blob_open("main", "mail", "data", mail_id, False)
                    stack.callback(blob.close, True)
                else:
                    blob.reopen(mail_id)  # a third of the time that another blob takes
                heads[mail_id] = blob.read(HEAD_BYTES)
            except apsw.SQLError:
                blob = None
    return heads


def _insert_rows(writer: apsw.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    writer.execute(schema.repeat_values(statement, len(rows)), tuple(chain.from_iterable(rows)))


def _delete(writer: apsw.Connection, mail_ids: Sequence[MailId], *, may_return: bool) -> int:
    deleted = 0
    with _unsynced(writer) if may_return else contextlib.nullcontext(), _Transaction(writer):
        for mail_id in mail_ids:
            writer.execute(schema.DELETE_MAIL, (mail_id,))
            deleted += writer.changes()
    return deleted


def _delete_from_inbox(writer: apsw.Connection, inbox: str, mail_ids: Sequence[MailId], *, may_return: bool) -> int:
    deleted = 0
    with _unsynced(writer) if may_return else contextlib.nullcontext(), _Transaction(writer):
        for mail_id in mail_ids:
            writer.execute(schema.DELETE_FROM_INBOX, (inbox, mail_id))
            deleted += writer.changes()
            writer.execute(schema.DELETE_MAIL_IN_NO_INBOX, (mail_id,))
    return deleted


def _translate(work: Callable[..., _T], *arguments: object) -> _T:
    """Call `work` with its arguments; turn SQLite's errors into the store's own.

    Raises:
        StoreFull: the disk is full.
        StoreUnavailable: SQLite failed in another way; the details are in the log.
    """
    try:
        return work(*arguments)
    except apsw.FullError as error:
        _log.error("the disk is full: %s", error)
        raise StoreFull("the disk is full") from error
    except apsw.Error as error:
        _log.error("the database failed: %s: %s", type(error).__name__, error)
        raise StoreUnavailable("the database failed") from error
