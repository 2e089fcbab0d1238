"""A group commit on a remote database: all of it or nothing, and the writer learns which.

An answer may be lost on its way. So each commit has a number, which the database keeps in the same
transaction. The writer asks for that number later: it learns what became of the commit, and in the
same transaction raises the number, so that a commit that is still on its way fails.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Self

from edgemail.model import MailId
from edgemail.store import encoding, schema
from edgemail.store.group_commit import load_spooled
from edgemail.store.remote.health import is_busy
from edgemail.store.remote.hrana import RequestRefused, StatementFailed, Step, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgemail.model import Envelope
    from edgemail.store.remote.hrana import HranaClient, Value

PART_BYTES = 4 * 2**20
"""sqld takes no value above 5,000,000 octets, and sends no answer above 10 MB of JSON."""

_STATEMENT_ROWS = 64
_STATEMENT_BYTES = 2**20
_STALE_DAYS = 7

BEGIN = Step("BEGIN IMMEDIATE")
ROLLBACK = Step("ROLLBACK", if_open=True)
# SQLite has no assertions outside of triggers; this statement fails with "integer overflow" in
# place of one.
_ASSERT_CHANGED = "SELECT CASE changes() WHEN 1 THEN 1 ELSE abs(-9223372036854775807 - 1) END"
_ADD_REST = "INSERT INTO mail_rest (mail_id, part, data) VALUES (last_insert_rowid(), ?, ?)"
_ADD_INBOX = "INSERT OR IGNORE INTO inbox (address, mail_id) VALUES (?, last_insert_rowid() - ?)"
_REGISTER = "INSERT OR REPLACE INTO writer (name, batch, messages, last_id, at) VALUES (?, ?, 0, 0, ?)"
_FORGET_STALE = f"DELETE FROM writer WHERE at < datetime('now', '-{_STALE_DAYS} days')"  # noqa: S608 - no input in it
_UNANSWERED = "FROM writer WHERE name = ?1 AND batch > ?2 AND batch < ?3 AND last_id > 0"
_RETRACT = (
    f"DELETE FROM mail WHERE id BETWEEN (SELECT last_id - messages + 1 {_UNANSWERED})"  # noqa: S608
    f" AND (SELECT last_id {_UNANSWERED})"
)
_TAKE_NUMBER = "UPDATE writer SET batch = ?, at = ? WHERE name = ? AND batch BETWEEN ? AND ?"
_NOTE = "UPDATE writer SET messages = ?, last_id = last_insert_rowid() WHERE name = ? RETURNING last_id"
_ASK = "SELECT batch, last_id FROM writer WHERE name = ?"
_GIVE_UP = "UPDATE writer SET batch = ?, messages = 0, last_id = 0 WHERE name = ? AND batch < ?"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a commit may take, in seconds."""

    request_s: float = 20.0
    """For one request. It may wait for several others, each with the 5 s that sqld allows."""
    limit_s: float = 25.0
    """For waiting and all requests. A session waits for 30 s."""
    question_s: float = 4.0
    """For asking what became of a commit."""
    pause_s: float = 0.25
    """Between two requests."""

    @classmethod
    def within(cls, timeout_s: float) -> Self:
        """Make one that ends before a session's timeout, so that the sender gets an answer."""
        usual, share = cls(), timeout_s / 30
        few = min(share, 1)
        return cls(
            request_s=usual.request_s * few,
            limit_s=usual.limit_s * share,
            question_s=usual.question_s * few,
            pause_s=usual.pause_s * few,
        )


class _OutOfTurnError(Exception):
    """The database does not know this writer: it was restored, or its row was deleted."""


class RemoteWriter:
    """Commits batches, one at a time, each under a number.

    The database keeps the number of the last commit under this writer's name.
    A commit may succeed although its senders were told to try again. The next transaction under
    this name deletes its messages, since they are sent a second time.
    """

    def __init__(self, client: HranaClient, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._name = secrets.token_hex(8)
        self._answered = 0
        """The number of the last commit whose outcome its senders know."""
        self._tried = 0
        """The last number that was used."""

    async def register(self) -> None:
        """Make this writer known to the database.

        Raises:
            HranaError: the database did not do it.
        """
        register = Step(_REGISTER, (self._name, self._tried, _now()))
        await self._client.run(transaction([Step(_FORGET_STALE), register]), timeout_s=self._patience.request_s)
        self._answered = self._tried

    @property
    def has_to_retract(self) -> bool:
        """True while a timed-out commit may have succeeded after all."""
        return self._tried > self._answered

    async def retract(self) -> None:
        """Delete what that commit may have kept.

        Raises:
            HranaError: the messages may still be there.
        """
        self._tried = number = self._tried + 1
        await self._client.run(transaction(self._give_up(number)), timeout_s=self._patience.question_s)
        self._answered = number

    async def commit(self, batch: Sequence[Envelope], deadline: float) -> list[MailId]:
        """Keep a batch before `deadline`, by the event loop's clock; return the messages' ids.

        Raises:
            HranaError: nothing is kept, or it is deleted as soon as the database answers.
        """
        loop = asyncio.get_running_loop()
        batch = await load_spooled(batch)
        steps = write_steps(batch)
        while True:
            left_s = deadline - loop.time()
            try:
                return await self._try(batch, steps, min(left_s, self._patience.request_s))
            except Unreachable as error:
                if error.was_sent:
                    found = await self._find_out(len(batch), deadline, error)
                    if found is not None:
                        return found
                if loop.time() + self._patience.pause_s >= deadline:
                    raise
            except StatementFailed as error:
                if not is_busy(error) or loop.time() + self._patience.pause_s >= deadline:
                    raise
            except _OutOfTurnError:
                _log.warning("the database does not know this server any more; registering again")
                await self.register()
            await asyncio.sleep(self._patience.pause_s)

    async def _try(self, batch: Sequence[Envelope], steps: Sequence[Step], timeout_s: float) -> list[MailId]:
        answered, tried = self._answered, self._tried
        self._tried = number = tried + 1
        retract = [Step(_RETRACT, (self._name, answered, number))] if tried > answered else []
        take = Step(_TAKE_NUMBER, (number, _now(), self._name, answered, tried))
        note = Step(_NOTE, (len(batch), self._name))
        try:
            outcomes = await self._client.run(
                transaction([*retract, take, Step(_ASSERT_CHANGED), *steps, note]), timeout_s=timeout_s
            )
        except StatementFailed as error:
            if "overflow" in str(error):
                raise _OutOfTurnError from error
            raise
        self._answered = number
        noted = outcomes[-3]
        if noted is None or not noted.rows:
            raise RuntimeError("a commit did not return its last id")
        return _ids_up_to(int(noted.rows[0][0]), len(batch))

    async def _find_out(self, messages: int, deadline: float, lost: Unreachable) -> list[MailId] | None:
        """Find out what became of a commit; return its ids, None if it never happens.

        Raises:
            Unreachable: the database does not answer in time.
        """
        _log.debug("the answer to a commit was lost, looking for it: %s", lost)
        question = transaction([Step(_ASK, (self._name,)), *self._give_up(self._tried)])
        loop = asyncio.get_running_loop()
        while True:
            left_s = deadline - loop.time()
            try:
                if left_s <= 0:
                    raise lost
                asked = (await self._client.run(question, timeout_s=min(left_s, self._patience.question_s)))[1]
            except (Unreachable, StatementFailed, RequestRefused):
                if loop.time() + self._patience.pause_s >= deadline:
                    raise lost from None
                await asyncio.sleep(self._patience.pause_s)
                continue
            if asked is None or not asked.rows:
                return None  # where the row is lost, the mail is lost as well
            found, last = asked.rows[0]
            if found != self._tried or not last:
                return None
            self._answered = self._tried
            return _ids_up_to(int(last), messages)

    def _give_up(self, number: int) -> list[Step]:
        """Write the statements that stop a late commit and delete what an earlier one kept."""
        retract = Step(_RETRACT, (self._name, self._answered, number))
        return [retract, Step(_GIVE_UP, (number, self._name, number))]


def transaction(steps: Sequence[Step]) -> list[Step]:
    """Wrap steps in a transaction: each runs only if the one before it succeeded."""
    chained = [Step(step.sql, step.args, after=index) for index, step in enumerate(steps)]
    return [BEGIN, *chained, Step("COMMIT", after=len(steps)), ROLLBACK]


def write_steps(batch: Sequence[Envelope]) -> list[Step]:
    """Write the statements that insert a batch, in its order, so that its ids are consecutive."""
    steps: list[Step] = []
    for rows in _group(batch):
        if len(rows[0].data) > PART_BYTES:
            steps += _write_large(rows[0])
        else:
            values = tuple(chain.from_iterable(encoding.write_mail(envelope) for envelope in rows))
            steps.append(Step(schema.repeat_values(schema.ADD_MAIL, len(rows)), values))
        inboxes: list[Value] = []
        for index, envelope in enumerate(rows):
            for recipient in envelope.recipients:
                inboxes += [recipient, len(rows) - 1 - index]
        steps.append(Step(schema.repeat_values(_ADD_INBOX, len(inboxes) // 2), inboxes))
    return steps


def _group(batch: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """Group messages that fit into one statement; a large message is a group by itself."""
    group: list[Envelope] = []
    size = 0
    for envelope in batch:
        if group and (len(group) == _STATEMENT_ROWS or size + len(envelope.data) > _STATEMENT_BYTES):
            yield group
            group, size = [], 0
        group.append(envelope)
        size += len(envelope.data)
    if group:
        yield group


def _write_large(envelope: Envelope) -> list[Step]:
    parts = [envelope.data[start : start + PART_BYTES] for start in range(0, len(envelope.data), PART_BYTES)]
    date, sender, recipients, size, _ = encoding.write_mail(envelope)
    first = Step(schema.ADD_MAIL, (date, sender, recipients, size, encoding.write_data(parts[0])))
    return [
        first,
        *(Step(_ADD_REST, (number, encoding.write_data(part))) for number, part in enumerate(parts[1:], 1)),
    ]


def _ids_up_to(last: int, messages: int) -> list[MailId]:
    return [MailId(mail_id) for mail_id in range(last - messages + 1, last + 1)]


def _now() -> str:
    return encoding.write_date(datetime.now(UTC))
