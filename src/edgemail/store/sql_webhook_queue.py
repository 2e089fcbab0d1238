"""The webhook's queue in an SQL database: the tables `webhook_queue` and `webhook_mark`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from edgemail.model import MailId
from edgemail.store import encoding
from edgemail.store.webhook_queue import Backlog, DueMail, Noted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    Row = tuple[Any, ...]
    Change = tuple[str, Row]

ROWS_MAX: Final = 100
"""How much new mail is looked at in one go: the patterns are matched on the event loop."""

_NOTED = "coalesce((SELECT noted FROM webhook_mark), 0)"
BEGIN = "INSERT OR IGNORE INTO webhook_mark (id, noted) SELECT 1, coalesce(max(id), 0) FROM mail"
LIST_NEW = f"SELECT id, date, recipients FROM mail WHERE id > {_NOTED} ORDER BY id LIMIT ?"  # noqa: S608
ADD = f"""
INSERT OR IGNORE INTO webhook_queue (mail_id, attempts, due_ms, claim)
SELECT id, 0, ?2, '' FROM mail
WHERE id IN (SELECT value FROM json_each(?1)) AND id > {_NOTED}"""  # noqa: S608 - no input in it
NOTE = """
INSERT INTO webhook_mark (id, noted) VALUES (1, ?)
ON CONFLICT (id) DO UPDATE SET noted = max(noted, excluded.noted)"""
TRIM = """
DELETE FROM webhook_queue
WHERE mail_id <= (SELECT mail_id FROM webhook_queue ORDER BY mail_id DESC LIMIT 1 OFFSET ?)"""
MEASURE = "SELECT count(*), min(due_ms) FROM webhook_queue"
CLAIM = """
UPDATE webhook_queue SET due_ms = ?2, claim = ?1 WHERE mail_id IN (
    SELECT q.mail_id FROM webhook_queue q
    WHERE q.due_ms <= ?3 AND EXISTS (SELECT 1 FROM summary s WHERE s.mail_id = q.mail_id)
    ORDER BY q.due_ms, q.mail_id LIMIT ?4)"""
LIST_CLAIMED = "SELECT mail_id, attempts FROM webhook_queue WHERE due_ms = ? AND claim = ? ORDER BY mail_id"
DROP = "DELETE FROM webhook_queue WHERE mail_id = ? AND claim = ?"
PUT_BACK = "UPDATE webhook_queue SET attempts = ?, due_ms = ?, claim = '' WHERE mail_id = ? AND claim = ?"
MAKE_DUE = "UPDATE webhook_queue SET due_ms = ? WHERE due_ms > ?"


class SqlWebhookQueue:
    """A `WebhookQueue` in the database of a mailbox."""

    def __init__(
        self,
        query: Callable[..., Awaitable[list[Row]]],
        change: Callable[[Sequence[Change]], Awaitable[list[int]]],
    ) -> None:
        """`query` runs a statement that reads; `change` runs some that write, in one transaction."""
        self._query = query
        self._change = change

    async def begin(self) -> None:
        """See `WebhookQueue.begin`."""
        await self._change([(BEGIN, ())])

    async def note_new(
        self,
        is_wanted: Callable[[Sequence[str]], bool],
        *,
        since: datetime,
        due_ms: int,
        max_waiting: int,
    ) -> Noted:
        """See `WebhookQueue.note_new`."""
        rows = await self._query(LIST_NEW, ROWS_MAX)
        if not rows:
            return Noted(0, 0, has_more=False)
        wanted = [
            mail_id
            for mail_id, date, recipients in rows
            if encoding.read_date(date) >= since and is_wanted(encoding.read_recipients(recipients))
        ]
        note: Change = (NOTE, (rows[-1][0],))
        queued = dropped = 0
        if wanted:
            changes = [(ADD, (json.dumps(wanted), due_ms)), note, (TRIM, (max_waiting,))]
            queued, _, dropped = await self._change(changes)
        else:
            await self._change([note])
        return Noted(queued, dropped, has_more=len(rows) == ROWS_MAX)

    async def measure(self) -> Backlog:
        """See `WebhookQueue.measure`."""
        ((count, due_ms),) = await self._query(MEASURE)
        return Backlog(count, due_ms)

    async def claim(self, name: str, *, now_ms: int, until_ms: int, limit: int) -> list[DueMail]:
        """See `WebhookQueue.claim`."""
        (claimed,) = await self._change([(CLAIM, (name, until_ms, now_ms, limit))])
        if not claimed:
            return []
        rows = await self._query(LIST_CLAIMED, until_ms, name)
        return [DueMail(MailId(mail_id), attempts) for mail_id, attempts in rows]

    async def finish(self, name: str, done: Sequence[MailId], later: Sequence[tuple[DueMail, int]]) -> None:
        """See `WebhookQueue.finish`."""
        changes: list[Change] = [(DROP, (mail_id, name)) for mail_id in done]
        changes += [(PUT_BACK, (mail.attempts, due_ms, mail.mail_id, name)) for mail, due_ms in later]
        if changes:
            await self._change(changes)

    async def make_due(self, *, after_ms: int, now_ms: int) -> None:
        """See `WebhookQueue.make_due`."""
        await self._change([(MAKE_DUE, (now_ms, after_ms))])
