"""One group commit on a remote database: all of it or nothing, and known to be one or the other.

An answer may be lost on its way. So each commit has a number, which the database keeps in the same transaction:
whoever asks for it later learns what became of the commit, and by asking makes sure that one which is still
under way comes too late.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from edgemail.errors import StoreUnavailable
from edgemail.model import MailId
from edgemail.store import schema
from edgemail.store.hrana import Refused, StatementFailed, Step, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgemail.model import Envelope
    from edgemail.store.hrana import HranaClient, Outcome, Value

PART_BYTES = 4 * 2**20
"""sqld takes no value above 5,000,000 octets, and gives none above 10 MB of JSON."""

_STATEMENT_ROWS = 64
_STATEMENT_BYTES = 2**20
_SLOWEST_BYTES_PER_S = 2**20
_STALE_DAYS = 7

BEGIN = Step("BEGIN IMMEDIATE")
ROLLBACK = Step("ROLLBACK", if_open=True)
# SQLite has no assertion outside of triggers: this one fails with "integer overflow".
_ASSERT_CHANGED = "SELECT CASE changes() WHEN 1 THEN 1 ELSE abs(-9223372036854775807 - 1) END"
_ADD_REST = "INSERT INTO mail_rest (mail_id, part, data) VALUES (last_insert_rowid(), ?, ?)"
_ADD_INBOX = "INSERT OR IGNORE INTO inbox (address, mail_id) VALUES (?, last_insert_rowid() - ?)"
_REGISTER = "INSERT INTO writer (name, batch, last_id, at) VALUES (?, ?, 0, ?)"
_FORGET_STALE = f"DELETE FROM writer WHERE at < datetime('now', '-{_STALE_DAYS} days')"  # noqa: S608 - no input in it
_TAKE_NUMBER = "UPDATE writer SET batch = ?, at = ? WHERE name = ? AND batch = ?"
_NOTE_LAST = "UPDATE writer SET last_id = last_insert_rowid() WHERE name = ? RETURNING last_id"
_ASK = "SELECT batch, last_id FROM writer WHERE name = ?"
_GIVE_UP = "UPDATE writer SET batch = ?, last_id = 0 WHERE name = ? AND batch < ?"
_RETRACT = "DELETE FROM mail WHERE id BETWEEN ? AND ?"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a commit may take, in seconds."""

    request_s: float = 12.0
    """One request. Someone else may hold the write lock for the 5 s that sqld allows, and others wait as well."""
    limit_s: float = 25.0
    """All of them. Past it the senders are told to try again; a session waits for 30 s."""
    pause_s: float = 0.25
    """Between two requests."""


class _OutOfTurnError(Exception):
    """The database does not know this writer's last commit: it was restored, or the row was deleted."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A commit whose senders were told to try again, and of which nobody knows whether it is there."""

    number: int
    rows: int


class RemoteWriter:
    """Commits batches, one at a time; the database keeps the number of the last one under this writer's name."""

    def __init__(self, client: HranaClient, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._name = secrets.token_hex(8)
        self._number = 0
        self._open: _Open | None = None

    async def register(self) -> None:
        """Make this writer known to the database.

        Raises:
            HranaError: the database did not do it.
        """
        await self._client.run(
            transaction([Step(_FORGET_STALE), Step(_REGISTER, (self._name, self._number, _now()))]),
            timeout_s=self._patience.request_s,
        )

    async def commit(self, batch: Sequence[Envelope]) -> list[MailId]:
        """Keep a batch; return the messages' ids.

        Raises:
            StoreUnavailable: nothing is kept, or nothing will be once the database can be asked.
            HranaError: nothing is kept.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience.limit_s
        if self._open is not None:
            await self._retract(self._open, deadline)
        steps = write_steps(batch)
        while True:
            try:
                return await self._try(batch, steps)
            except Unreachable as error:
                if error.was_sent:
                    found = await self._find_out(len(batch), deadline, error)
                    if found is not None:
                        return found
                if loop.time() > deadline - self._patience.request_s:
                    raise
            except StatementFailed as error:
                if not is_busy(error) or loop.time() > deadline - self._patience.request_s:
                    raise
            except _OutOfTurnError:
                _log.warning("the database has forgotten this writer; it is made known again")
                await self.register()
            await asyncio.sleep(self._patience.pause_s)

    async def _try(self, batch: Sequence[Envelope], steps: Sequence[Step]) -> list[MailId]:
        number = self._number + 1
        take = Step(_TAKE_NUMBER, (number, _now(), self._name, self._number))
        whole = transaction([take, Step(_ASSERT_CHANGED), *steps, Step(_NOTE_LAST, (self._name,))])
        size = sum(len(one.data) for one in batch)
        try:
            outcomes = await self._client.run(
                whole, timeout_s=self._patience.request_s + size / _SLOWEST_BYTES_PER_S
            )
        except StatementFailed as error:
            if "overflow" in str(error):
                raise _OutOfTurnError from error
            raise
        self._number = number
        last = _last_mail_id(outcomes[-3])
        return [MailId(one) for one in range(last - len(batch) + 1, last + 1)]

    async def _find_out(self, rows: int, deadline: float, lost: Unreachable) -> list[MailId] | None:
        """Find out what became of the commit whose answer was lost; return its ids, None if it is not there.

        Raises:
            StoreUnavailable: the database cannot be asked in time.
        """
        number = self._number + 1
        _log.debug("the answer to a commit was lost, looking for it: %s", lost)
        while True:
            try:
                last = await self._ask(number)
            except (Unreachable, StatementFailed, Refused) as error:
                if asyncio.get_running_loop().time() > deadline - self._patience.request_s:
                    self._open = _Open(number, rows)
                    raise StoreUnavailable("the database cannot be asked what became of a commit") from error
                await asyncio.sleep(self._patience.pause_s)
                continue
            self._number = number
            return None if not last else [MailId(one) for one in range(last - rows + 1, last + 1)]

    async def _ask(self, number: int) -> int:
        """Return the last id of a commit, 0 where it is not there and never will be."""
        outcomes = await self._client.run(
            transaction([Step(_ASK, (self._name,)), Step(_GIVE_UP, (number, self._name, number))]),
            timeout_s=self._patience.request_s,
        )
        asked = outcomes[1]
        if asked is None or not asked.rows:
            return 0  # a database that has lost the row has lost the mail
        found, last = asked.rows[0]
        return int(last) if found == number else 0

    async def _retract(self, left: _Open, deadline: float) -> None:
        """Take out what is there though its senders were told to try again: it would be there twice."""
        try:
            last = await self._ask(left.number)
            if last:
                await self._client.run(
                    transaction([Step(_RETRACT, (last - left.rows + 1, last))]),
                    timeout_s=max(1.0, deadline - asyncio.get_running_loop().time()),
                )
                _log.warning("took out %d messages whose senders were told to try again", left.rows)
        except (Unreachable, StatementFailed, Refused) as error:
            raise StoreUnavailable("the database cannot be asked what became of a commit") from error
        self._number, self._open = left.number, None


def transaction(steps: Sequence[Step]) -> list[Step]:
    """Put steps into a transaction: each runs only if the one before it succeeded."""
    chained = [Step(step.sql, step.args, after=index) for index, step in enumerate(steps)]
    return [BEGIN, *chained, Step("COMMIT", after=len(steps)), ROLLBACK]


def is_busy(error: StatementFailed) -> bool:
    """Tell whether a statement failed because someone else holds the write lock."""
    return error.code in {"SQLITE_BUSY", "TRANSACTION_TIMEOUT", "TRANSACTION_BUSY"} or "locked" in str(error)


def write_steps(batch: Sequence[Envelope]) -> list[Step]:
    """Write the statements that insert a batch, in its order: then its ids follow each other."""
    steps: list[Step] = []
    for rows in _group(batch):
        if len(rows[0].data) > PART_BYTES:
            steps += _write_large(rows[0])
        else:
            values = tuple(chain.from_iterable(schema.write_mail(one) for one in rows))
            steps.append(Step(schema.repeat_values(schema.ADD_MAIL, len(rows)), values))
        inboxes: list[Value] = []
        for index, one in enumerate(rows):
            for recipient in one.recipients:
                inboxes += [recipient, len(rows) - 1 - index]
        steps.append(Step(schema.repeat_values(_ADD_INBOX, len(inboxes) // 2), inboxes))
    return steps


def _group(batch: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """Group messages that fit into one statement; a large one stands alone."""
    group: list[Envelope] = []
    size = 0
    for one in batch:
        if group and (len(group) == _STATEMENT_ROWS or size + len(one.data) > _STATEMENT_BYTES):
            yield group
            group, size = [], 0
        group.append(one)
        size += len(one.data)
    if group:
        yield group


def _write_large(envelope: Envelope) -> list[Step]:
    parts = [envelope.data[start : start + PART_BYTES] for start in range(0, len(envelope.data), PART_BYTES)]
    date, sender, recipients, size, _ = schema.write_mail(envelope)
    first = Step(schema.ADD_MAIL, (date, sender, recipients, size, schema.write_data(parts[0])))
    return [
        first,
        *(Step(_ADD_REST, (number, schema.write_data(part))) for number, part in enumerate(parts[1:], 1)),
    ]


def _last_mail_id(noted: Outcome | None) -> int:
    if noted is None or not noted.rows:
        raise StoreUnavailable("the database did not say which ids it gave")
    return int(noted.rows[0][0])


def _now() -> str:
    return schema.write_date(datetime.now(UTC))
