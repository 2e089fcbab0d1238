"""The remote store: a libSQL database behind Hrana, on sqld or Turso."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Self

from edgemail.errors import MessageNotFound, StoreFull, StoreInvalid, StoreUnavailable
from edgemail.model import MailId
from edgemail.store import encoding, schema
from edgemail.store.base import PIECE_MAX_BYTES
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
from edgemail.store.sql_mailbox import SqlMailbox
from edgemail.store.trim import HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from edgemail.model import Envelope, Summary
    from edgemail.store.base import Usage
    from edgemail.store.remote.hrana import Outcome, Value
    from edgemail.store.trim import Held, InboxLimits
    from edgemail.system.metrics import CommitCounters

_log = logging.getLogger(__name__)

_BATCH_ROWS = 500
_BATCH_BYTES = 4 * 2**20
_WAITING_BYTES = 128 * 2**20
_WAIT_SHARE = 0.8
"""Of the time that a commit has, waiting for it included."""
_TRIM_ROWS = 1000
_HEADS = 100
"""How many messages' first octets one request reads."""
_READ_S = 15.0
_WRITE_S = 15.0
_LOOK_S = 0.7
"""How often to look for mail of other programs, while somebody waits: each look is a request."""
_RETRACT_S = 1.0

_READ_REST = "SELECT part, length(CAST(data AS BLOB)) FROM mail_rest WHERE mail_id = ? ORDER BY part"
_READ_PART = "SELECT CAST(data AS BLOB) FROM mail_rest WHERE mail_id = ? AND part = ?"
_MEASURE_DATA = "SELECT length(CAST(data AS BLOB)) FROM mail WHERE id = ?"
_READ_PIECE = "SELECT substr(CAST(data AS BLOB), ?, ?) FROM mail WHERE id = ?"
_READ_PIECE_OF_REST = "SELECT substr(CAST(data AS BLOB), ?, ?) FROM mail_rest WHERE mail_id = ? AND part = ?"
_LIST_UNSUMMARIZED = """
SELECT m.id, m.size FROM mail m
WHERE m.id > ? AND NOT EXISTS (SELECT 1 FROM summary s WHERE s.mail_id = m.id) ORDER BY m.id LIMIT ?"""


class RemoteStore(SqlMailbox):
    """A `Mailbox` in a libSQL database that others may read and write as well."""

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
        super().__init__(read_only=read_only, look_s=_LOOK_S)
        self._client = client
        self._patience = patience
        self._writer = RemoteWriter(client, patience)
        # For commits and retractions. Other writes wait in the database's own queue: if they took
        # this lock, mail would wait for them while another program holds the database's write lock.
        self._turn = asyncio.Lock()
        self._seen = seen
        self._retracting: asyncio.Task[None] | None = None
        self._health = Health(url, asyncio.get_running_loop().time)
        self._commits = GroupCommit(
            self._commit,
            max_rows=_BATCH_ROWS,
            max_bytes=_BATCH_BYTES,
            max_waiting_bytes=_WAITING_BYTES,
            max_wait_s=_WAIT_SHARE * patience.limit_s,
            counters=counters,
        )

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
        """Open the database; make its tables where they are missing.

        Commits are counted in `counters`. With `read_only` nothing is written, now or later: a
        token that may only read is enough.

        Raises:
            StoreInvalid: the database cannot be used; the text says what to do.
            StoreUnavailable: it cannot be used now. The text says what to do, and trying again
                later may help.
        """
        client = HranaClient(url, token)
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
        if not read_only:
            store._retracting = asyncio.create_task(store._retract())
        return store

    @property
    def blocking(self) -> None:
        """See `Mailbox.blocking`."""
        return

    @property
    def disk(self) -> None:
        """See `Mailbox.disk`: the disk is the server's, which uses free pages again by itself."""
        return

    async def read_data(self, mail_id: MailId) -> bytes:
        """See `Mailbox.read_data`."""
        return await self._read_octets(mail_id)

    async def read_pieces(self, mail_id: MailId) -> AsyncIterator[bytes]:
        """See `Mailbox.read_pieces`."""
        found, rest = await self._read([Step(_MEASURE_DATA, (mail_id,)), Step(_READ_REST, (mail_id,))])
        if not found.rows:
            raise MessageNotFound(f"there is no message {mail_id}")
        for part, size in [(0, found.rows[0][0]), *rest.rows]:
            for start in range(1, size + 1, PIECE_MAX_BYTES):  # SQL counts from 1
                statement = _READ_PIECE_OF_REST if part else _READ_PIECE
                rows = await self._query(statement, start, PIECE_MAX_BYTES, mail_id, *([part] if part else []))
                if not rows:
                    raise MessageNotFound(f"message {mail_id} was deleted")
                yield rows[0][0]

    async def _read_octets(self, mail_id: MailId, max_bytes: int | None = None) -> bytes:
        """Read a message, or only its first `max_bytes`."""
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

    async def list_unsummarized(self, after: int, *, max_rows: int, max_bytes: int) -> list[tuple[MailId, bytes]]:
        """See `Mailbox.list_unsummarized`."""
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
        """See `Mailbox.add_summaries`."""
        self._require_writable()
        steps = [Step(schema.ADD_SUMMARY, encoding.write_summary(*pair)) for pair in summaries]
        steps += [Step(schema.ADD_WORDS, (mail_id, summary.words)) for mail_id, summary in summaries]
        steps += [Step(schema.ADD_SEARCH_FIELDS, encoding.write_fields(*pair)) for pair in summaries]
        await self._write(steps)

    async def check(self) -> None:
        """See `Mailbox.check`. A database that refuses mail fails, though it can be read."""
        await super().check()
        self._health.check()

    async def close(self) -> None:
        """See `Mailbox.close`."""
        await self._commits.drain()
        await self._lookout.close()
        if self._retracting is not None:
            self._retracting.cancel()
            await asyncio.gather(self._retracting, return_exceptions=True)
        if self._writer.has_to_retract:
            with contextlib.suppress(HranaError):
                await self._writer.retract()
        await self._client.close()

    async def _change_some(self, changes: Sequence[tuple[str, tuple[Any, ...]]]) -> list[int]:
        return [outcome.changed_rows for outcome in await self._write([Step(*change) for change in changes])]

    async def _delete_batch(self, mail_ids: Sequence[MailId], *, may_return: bool) -> int:
        del may_return  # the server decides when it syncs
        outcomes = await self._write([Step(schema.DELETE_MAIL, (mail_id,)) for mail_id in mail_ids])
        return sum(outcome.changed_rows for outcome in outcomes)

    async def _take_out_some(self, inbox: str, mail_ids: Sequence[MailId], *, may_return: bool) -> int:
        del may_return  # as above
        steps: list[Step] = []
        for mail_id in mail_ids:
            steps.append(Step(schema.DELETE_FROM_INBOX, (inbox, mail_id)))
            steps.append(Step(schema.DELETE_MAIL_IN_NO_INBOX, (mail_id,)))
        outcomes = await self._write(steps)
        return sum(outcome.changed_rows for outcome in outcomes[::2])

    async def _choose_excess(
        self, inboxes: Sequence[str], limits: InboxLimits
    ) -> Sequence[tuple[Sequence[MailId], Usage]]:
        chosen = []
        for inbox in inboxes:
            held = await self._list_held(inbox)
            heads = await self._read_heads(limits.list_unknown(held))
            chosen.append(limits.choose(held, self._sources.learn(limits.share, heads)))
        return chosen

    async def _list_held(self, inbox: str) -> list[Held]:
        held: list[Held] = []
        before = schema.UNBOUNDED_ID
        while rows := await self._query(schema.LIST_HELD, inbox, before, _TRIM_ROWS):
            held += self._sources.name(rows)
            if len(rows) < _TRIM_ROWS:
                break
            before = rows[-1][0]
        return held

    async def _read_heads(self, mail_ids: Sequence[MailId]) -> dict[MailId, bytes]:
        heads: dict[MailId, bytes] = {}
        for start in range(0, len(mail_ids), _HEADS):
            batch = mail_ids[start : start + _HEADS]
            outcomes = await self._read([Step(_READ_PIECE, (1, HEAD_BYTES, mail_id)) for mail_id in batch])
            for mail_id, outcome in zip(batch, outcomes, strict=True):
                heads[mail_id] = outcome.rows[0][0] if outcome.rows else b""  # deleted meanwhile
        return heads

    async def _commit(self, batch: Sequence[Envelope], since: float) -> list[MailId]:
        deadline = since + self._patience.limit_s
        try:
            async with asyncio.timeout_at(deadline):
                await self._turn.acquire()
        except TimeoutError as error:
            raise StoreUnavailable("the commit before it did not end in time") from error
        try:
            ids = await self._health.keep(self._writer.commit(batch, deadline))
        finally:
            self._turn.release()
        self._announce_batch(ids, batch)
        return ids

    async def _look(self) -> None:
        """See `SqlMailbox._look`."""

        async def query(statement: str, *bindings: Value) -> list[tuple[Any, ...]]:
            rows = await self._query(statement, *bindings)
            async with self._turn:  # a commit under way may have put in some of them
                return rows

        await self._find_arrivals(query)

    async def _retract(self) -> None:
        """Delete what a timed-out commit kept, as soon as that is possible."""
        while True:
            await asyncio.sleep(_RETRACT_S)
            if self._writer.has_to_retract and not self._turn.locked():
                with contextlib.suppress(StoreUnavailable, StoreFull):
                    async with self._turn:
                        await self._health.write(self._writer.retract())

    async def _query(self, statement: str, *bindings: Value) -> list[tuple[Any, ...]]:
        (outcome,) = await self._read([Step(statement, bindings)])
        return outcome.rows

    async def _read(self, steps: Sequence[Step]) -> list[Outcome]:
        return _all(await self._health.read(self._client.run(steps, timeout_s=_READ_S)))

    async def _write(self, steps: Sequence[Step]) -> list[Outcome]:
        """Run steps in one transaction. They must be safe to run twice."""
        if not steps:
            return []
        work = self._client.run(transaction(steps), timeout_s=_WRITE_S)
        return _all((await self._health.write(work))[1:-2])


def _all(outcomes: Sequence[Outcome | None]) -> list[Outcome]:
    """Return the results of steps, all of which must have run."""
    ran = [outcome for outcome in outcomes if outcome is not None]
    if len(ran) != len(outcomes):
        raise StoreUnavailable("the database skipped a statement")
    return ran


async def _prepare(client: HranaClient, url: str) -> None:
    version = await _check_tables(client, url)
    steps = [Step(statement) for statement in (*schema.TABLES, schema.WRITER_TABLE)]
    if version != schema.VERSION:
        steps.append(Step(schema.WRITE_VERSION))
    has = {table: await _columns_of(client, table) for table in schema.DERIVED_COLUMNS}
    if any(has.values()) and has != schema.DERIVED_COLUMNS:
        _log.warning("making the summaries in %s again, as this version has others", url)
        steps[:0] = [Step(statement) for statement in schema.DROP_DERIVED]
    await client.run(transaction(steps), timeout_s=_WRITE_S)


async def _find_tables(client: HranaClient, url: str) -> None:
    await _check_tables(client, url)
    tables = {name for (name,) in await client.query(schema.LIST_TABLES)}
    if "inbox" not in tables:
        raise StoreUnavailable(
            f"{url} has no edgemail tables yet; start the edgemail that takes mail for it, "
            "and on a replica wait until they are there"
        )
    columns = {table: await _columns_of(client, table) for table in schema.DERIVED_COLUMNS}
    if not tables >= schema.READ_TABLES or columns != schema.DERIVED_COLUMNS:
        raise StoreUnavailable(
            f"{url} has another version's tables; start this version of the edgemail that takes mail for it, "
            "and on a replica wait until they are there"
        )


async def _columns_of(client: HranaClient, table: str) -> set[object]:
    return {name for (name,) in await client.query(schema.list_columns(table))}


async def _check_tables(client: HranaClient, url: str) -> int:
    """Return the version of the tables.

    Raises:
        StoreInvalid: they are not this program's.
    """
    ((version,),) = await client.query(schema.READ_VERSION)
    schema.check_version(version, url)
    columns = await _columns_of(client, "mail")
    if columns == schema.FIRST_COLUMNS:
        raise StoreInvalid(f"{url} is a database of the first edgemail; copy it to a file, which edgemail upgrades")
    if columns and columns != schema.MAIL_COLUMNS:
        raise StoreInvalid(f"{url} has a table `mail` that is not edgemail's; choose another database")
    return int(version)


def _explain(url: str, error: HranaError, *, has_token: bool, need: str) -> StoreInvalid | StoreUnavailable:
    """Turn an error at the start into one that says what to do."""
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
