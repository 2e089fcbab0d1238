"""The remote store: a libSQL database behind Hrana, on sqld or Turso."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Self

from edgemail.errors import MessageNotFound, StoreFull, StoreInvalid, StoreReadOnly, StoreUnavailable
from edgemail.model import MailId
from edgemail.store import schema
from edgemail.store.base import Aged, Arrival, Usage
from edgemail.store.group_commit import GroupCommit
from edgemail.store.remote.commit import Patience, RemoteWriter, transaction
from edgemail.store.remote.health import Health
from edgemail.store.remote.hrana import (
    HranaClient,
    HranaError,
    NoSuchHost,
    NotHrana,
    NotTls,
    RequestRefused,
    Step,
    Unreachable,
)
from edgemail.store.trim import Cut

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgemail.model import Envelope, Summary
    from edgemail.store.base import ListingRow
    from edgemail.store.remote.hrana import Outcome, Value
    from edgemail.system.metrics import CommitCounters

_log = logging.getLogger(__name__)

_BATCH_ROWS = 500
_BATCH_BYTES = 4 * 2**20
_WAITING_BYTES = 128 * 2**20
_WAIT_SHARE = 0.8
"""Of the time that a commit has, waiting for it included."""
_DELETE_ROWS = 100
_TRIM_ROWS = 1000
_READ_S = 15.0
_WRITE_S = 15.0
_POLL_S = 1.0
_POLL_ROWS = 500

_READ_REST = "SELECT part, length(CAST(data AS BLOB)) FROM mail_rest WHERE mail_id = ? ORDER BY part"
_READ_PART = "SELECT CAST(data AS BLOB) FROM mail_rest WHERE mail_id = ? AND part = ?"
_LIST_UNSUMMARIZED = """
SELECT m.id, m.size FROM mail m
WHERE m.id > ? AND NOT EXISTS (SELECT 1 FROM summary s WHERE s.mail_id = m.id) ORDER BY m.id LIMIT ?"""


class RemoteStore:
    """A `MailStore` in a libSQL database that others may read and write as well."""

    def __init__(
        self,
        client: HranaClient,
        url: str,
        seen: int,
        patience: Patience,
        *,
        read_only: bool = False,
        counters: CommitCounters | None = None,
    ) -> None:
        self._client = client
        self._patience = patience
        self._writer = RemoteWriter(client, patience)
        # Of commits and retractions. What else is written waits in the database's own queue: here it would hold up
        # the mail for as long as somebody holds up the database.
        self._turn = asyncio.Lock()
        self._observers: list[Callable[[Sequence[Arrival]], None]] = []
        self._seen = seen
        self._read_only = read_only
        self._own: set[MailId] = set()
        self._health = Health(url, asyncio.get_running_loop().time)
        self._commits = GroupCommit(
            self._commit,
            max_rows=_BATCH_ROWS,
            max_bytes=_BATCH_BYTES,
            max_waiting_bytes=_WAITING_BYTES,
            max_wait_s=_WAIT_SHARE * patience.limit_s,
            counters=counters,
        )
        self._poller: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        token: str | None,
        patience: Patience | None = None,
        *,
        read_only: bool = False,
        counters: CommitCounters | None = None,
    ) -> Self:
        """Open the database; make its tables where they are missing. Commits are counted in `counters`.

        With `read_only` nothing is written, now or later: a token that may only read will do.

        Raises:
            StoreInvalid: it cannot be used, and the text says what to do.
            StoreUnavailable: not now; trying again later may help. The text says what to do all the same.
        """
        client = HranaClient(url.replace("libsql://", "https://", 1), token)
        try:
            await (_find_tables if read_only else _prepare)(client, url)
            ((seen,),) = await client.query(schema.LAST_ID)
            store = cls(client, url, int(seen), patience or Patience(), read_only=read_only, counters=counters)
            if not read_only:
                await store._writer.register()
        except HranaError as error:
            await client.close()
            need = "read" if read_only else "write"
            raise _explain(url, error, has_token=token is not None, need=need) from error
        except BaseException:
            await client.close()
            raise
        store._poller = asyncio.create_task(store._poll())
        return store

    def add(self, envelope: Envelope) -> asyncio.Future[MailId]:
        """See `MailStore.add`."""
        self._need_writer()
        return self._commits.add(envelope)

    def watch(self, observer: Callable[[Sequence[Arrival]], None]) -> None:
        """See `MailStore.watch`. Mail that another server keeps in this database is seen within a second or two."""
        self._observers.append(observer)

    async def list_inbox(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListingRow]:
        """See `MailStore.list_inbox`."""
        statement = schema.LIST_OLDEST_FIRST if oldest_first else schema.LIST_NEWEST_FIRST
        rows = await self._query(statement, inbox, schema.UNBOUNDED_ID if before is None else before, after, limit)
        return [schema.read_listing_row(row) for row in rows]

    async def search_inbox(
        self, inbox: str, terms: Sequence[str], *, limit: int, before: int | None = None
    ) -> list[ListingRow]:
        """See `MailStore.search_inbox`."""
        last = schema.UNBOUNDED_ID if before is None else before
        rows = await self._query(schema.SEARCH, inbox, last, *schema.write_terms(terms), limit)
        return [schema.read_listing_row(row) for row in rows]

    async def read_row(self, mail_id: MailId) -> ListingRow:
        """See `MailStore.read_row`."""
        for row in await self._query(schema.READ_ROW, mail_id):
            return schema.read_listing_row(row)
        raise MessageNotFound(f"there is no message {mail_id}")

    async def read_data(self, mail_id: MailId) -> bytes:
        """See `MailStore.read_data`."""
        return await self._read_octets(mail_id)

    async def _read_octets(self, mail_id: MailId, max_bytes: int | None = None) -> bytes:
        """Read a message, or no more than so much of its beginning."""
        found, rest = await self._read([Step(schema.READ_DATA, (mail_id,)), Step(_READ_REST, (mail_id,))])
        if not found.rows:
            raise MessageNotFound(f"there is no message {mail_id}")
        parts: list[bytes] = [found.rows[0][0]]
        size = len(parts[0])
        for part, _ in rest.rows:
            if max_bytes is not None and size >= max_bytes:
                break
            rows = await self._query(_READ_PART, mail_id, part)
            if not rows:
                raise MessageNotFound(f"message {mail_id} was deleted")
            parts.append(rows[0][0])
            size += len(parts[-1])
        return b"".join(parts)[:max_bytes]

    async def delete(self, mail_ids: Sequence[MailId], *, may_return: bool = False) -> int:
        """See `MailStore.delete`."""
        del may_return  # the server syncs as it does
        deleted = 0
        for start in range(0, len(mail_ids), _DELETE_ROWS):
            steps = [Step(schema.DELETE_MAIL, (one,)) for one in mail_ids[start : start + _DELETE_ROWS]]
            deleted += sum(one.changed_rows for one in await self._write(steps))
        return deleted

    async def delete_inbox(self, inbox: str) -> int:
        """See `MailStore.delete_inbox`."""
        self._need_writer()
        return await self._take_out(inbox, schema.UNBOUNDED_ID)

    async def trim_inboxes(
        self, inboxes: Sequence[str], *, max_messages: int | None, max_bytes: int | None
    ) -> list[Usage]:
        """See `MailStore.trim_inboxes`."""
        left = []
        for inbox in inboxes:
            cut, before = Cut(max_messages, max_bytes), schema.UNBOUNDED_ID
            while rows := await self._query(schema.LIST_INBOX_SIZES, inbox, before, _TRIM_ROWS):
                if not all(cut.take(mail_id, size) for mail_id, size in rows) or len(rows) < _TRIM_ROWS:
                    break
                before = rows[-1][0]
            if cut.last_gone:
                await self._take_out(inbox, cut.last_gone)
            left.append(cut.left)
        return left

    async def _take_out(self, inbox: str, last: int) -> int:
        """Take messages out of an inbox, up to an id; return how many."""
        deleted = 0
        while rows := await self._query(schema.LIST_INBOX_IDS, inbox, last, _DELETE_ROWS):
            steps: list[Step] = []
            for (mail_id,) in rows:
                steps.append(Step(schema.DELETE_FROM_INBOX, (inbox, mail_id)))
                steps.append(Step(schema.DELETE_MAIL_IN_NO_INBOX, (mail_id,)))
            deleted += sum(one.changed_rows for one in (await self._write(steps))[::2])
        return deleted

    async def list_unsummarized(self, after: int, *, max_rows: int, max_bytes: int) -> list[tuple[MailId, bytes]]:
        """See `MailStore.list_unsummarized`."""
        found: list[tuple[MailId, bytes]] = []
        total = 0
        for mail_id, size in await self._query(_LIST_UNSUMMARIZED, after, max_rows):
            with contextlib.suppress(MessageNotFound):
                found.append((MailId(mail_id), await self._read_octets(MailId(mail_id), max_bytes)))
            total += size
            if total > max_bytes:
                break
        return found

    async def add_summaries(self, summaries: Sequence[tuple[MailId, Summary]]) -> None:
        """See `MailStore.add_summaries`."""
        steps = [Step(schema.ADD_SUMMARY, schema.write_summary(*one)) for one in summaries]
        steps += [Step(schema.ADD_WORDS, (mail_id, summary.words)) for mail_id, summary in summaries]
        await self._write(steps)

    async def measure(self) -> Usage:
        """See `MailStore.measure`."""
        for messages, size in await self._query(schema.MEASURE):
            return Usage(messages, size)
        raise StoreUnavailable("the table `usage` is empty")

    async def measure_disk(self) -> int:
        """See `MailStore.measure_disk`: it is the server's disk."""
        return 0

    async def list_oldest(self, limit: int) -> list[Aged]:
        """See `MailStore.list_oldest`."""
        rows = await self._query(schema.LIST_OLDEST, limit)
        return [Aged(MailId(mail_id), schema.read_date(date), size) for mail_id, date, size in rows]

    async def reclaim(self) -> bool:
        """See `MailStore.reclaim`: sqld gives no space back, it uses it again."""
        return False

    async def check(self) -> None:
        """See `MailStore.check`. A database that keeps no mail is not ready, though it can be read."""
        await self._query(schema.CHECK)
        self._health.check()

    async def close(self) -> None:
        """See `MailStore.close`."""
        await self._commits.drain()
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        if self._writer.has_to_retract:
            with contextlib.suppress(HranaError):
                await self._writer.retract()
        await self._client.close()

    async def _commit(self, batch: Sequence[Envelope], since: float) -> list[MailId]:
        deadline = since + self._patience.limit_s
        try:
            async with asyncio.timeout_at(deadline):
                await self._turn.acquire()
        except TimeoutError as error:
            raise StoreUnavailable("it was no commit's turn") from error
        try:
            ids = await self._health.keep(self._writer.commit(batch, deadline))
        finally:
            self._turn.release()
        self._own.update(ids)
        self._announce(
            [Arrival(mail_id, one.recipients, one.size) for mail_id, one in zip(ids, batch, strict=True)]
        )
        return ids

    async def _poll(self) -> None:
        """Look for what others have brought, and take out what should not be there."""
        while True:
            await asyncio.sleep(_POLL_S)
            with contextlib.suppress(StoreUnavailable, StoreFull):
                while await self._find_arrivals():
                    pass
                if self._writer.has_to_retract and not self._turn.locked():
                    async with self._turn:
                        await self._health.write(self._writer.retract())

    async def _find_arrivals(self) -> bool:
        """Announce one lot; return whether there may be more."""
        rows = await self._query(schema.LIST_ARRIVALS, self._seen, _POLL_ROWS)
        self._announce(
            [
                Arrival(MailId(mail_id), schema.read_recipients(recipients), size)
                for mail_id, recipients, size in rows
                if mail_id not in self._own
            ]
        )
        if rows:
            self._seen = rows[-1][0]
            self._own = {one for one in self._own if one > self._seen}
        return len(rows) == _POLL_ROWS

    def _announce(self, arrivals: list[Arrival]) -> None:
        if arrivals:
            for observer in self._observers:
                observer(arrivals)

    async def _query(self, sql: str, *args: Value) -> list[tuple[Any, ...]]:
        (outcome,) = await self._read([Step(sql, args)])
        return outcome.rows

    async def _read(self, steps: Sequence[Step]) -> list[Outcome]:
        return _all(await self._health.read(self._client.run(steps, timeout_s=_READ_S)))

    async def _write(self, steps: Sequence[Step]) -> list[Outcome]:
        """Run steps that may be run again, all of them or none."""
        self._need_writer()
        if not steps:
            return []
        work = self._client.run(transaction(steps), timeout_s=_WRITE_S)
        return _all((await self._health.write(work))[1:-2])

    def _need_writer(self) -> None:
        if self._read_only:
            raise StoreReadOnly


def _all(outcomes: Sequence[Outcome | None]) -> list[Outcome]:
    """Return the outcomes of steps that all ran."""
    ran = [one for one in outcomes if one is not None]
    if len(ran) != len(outcomes):
        raise StoreUnavailable("the database left out a statement")
    return ran


async def _prepare(client: HranaClient, url: str) -> None:
    await _check_columns(client, url)
    steps = [Step(statement) for statement in (*schema.TABLES, schema.WRITER_TABLE)]
    if await _columns_of(client, "summary") not in (set(), schema.SUMMARY_COLUMNS):
        _log.warning("making the summaries in %s again, as this version has others", url)
        steps.insert(0, Step(schema.DROP_SUMMARY))
    await client.run(transaction(steps), timeout_s=_WRITE_S)


async def _find_tables(client: HranaClient, url: str) -> None:
    await _check_columns(client, url)
    if not {name for (name,) in await client.query(schema.LIST_TABLES)} >= schema.READ_TABLES:
        raise StoreUnavailable(
            f"{url} has no tables of edgemail's yet; start the edgemail that takes mail for it, "
            "and on a replica wait until they are there"
        )
    if await _columns_of(client, "summary") != schema.SUMMARY_COLUMNS:
        raise StoreUnavailable(
            f"{url} has another version's tables; start this version of the edgemail that takes mail for it, "
            "and on a replica wait until they are there"
        )


async def _columns_of(client: HranaClient, table: str) -> set[object]:
    return {name for (name,) in await client.query(schema.list_columns(table))}


async def _check_columns(client: HranaClient, url: str) -> None:
    columns = await _columns_of(client, "mail")
    if columns == schema.FIRST_COLUMNS:
        raise StoreInvalid(
            f"{url} is a database of the first edgemail; copy it to a file, which is brought up to date"
        )
    if columns and columns != schema.MAIL_COLUMNS:
        raise StoreInvalid(f"{url} has a table `mail` that is not edgemail's; choose another database")


def _explain(url: str, error: HranaError, *, has_token: bool, need: str) -> StoreInvalid | StoreUnavailable:
    """Say what is wrong, perhaps with the URL or the token, and what to do."""
    kind: type[StoreInvalid | StoreUnavailable] = StoreInvalid
    match error:
        case RequestRefused() if has_token:
            advice = f"give a token that may {need}: LIBSQL_CLIENT_TOKEN, EDGEMAIL_DB_TOKEN or --db-token-file"
        case RequestRefused():
            advice = "it wants a token: set LIBSQL_CLIENT_TOKEN or EDGEMAIL_DB_TOKEN, or name a --db-token-file"
        case NotHrana():
            advice = "no libSQL server is there; correct --db or LIBSQL_CLIENT_URL"
        case NoSuchHost():
            advice = "correct --db or LIBSQL_CLIENT_URL"
        case NotTls():
            advice = (
                "libsql:// and https:// stand for TLS: write http:// where the server has none, or correct the port"
            )
        case Unreachable():
            kind, advice = StoreUnavailable, "start the database, or correct --db or LIBSQL_CLIENT_URL"
        case _:
            kind, advice = StoreUnavailable, "see the database's log"
    return kind(f"the database at {url} cannot be used: {error}; {advice}")
