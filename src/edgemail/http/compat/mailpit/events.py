"""The websocket `/api/events`: new mail, changes and deletions as they happen, and counts.

All readers share what is written of a change. A reader that lags behind is told to load the list
again, so nothing is kept for it.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import OrderedDict
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json
from starlette.exceptions import HTTPException

from edgemail.errors import EdgemailError
from edgemail.http.compat.answers import say
from edgemail.http.compat.mailpit.shapes import VERSION, sort_tags, write_listed
from edgemail.mailbox.all_mail import ALL_MAIL, EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Receive, Scope, Send

    from edgemail.http.held_requests import HeldRequests
    from edgemail.mailbox.all_mail import AllMail
    from edgemail.mailbox.mail_changes import MailChange

_STATS_S: Final = 0.25
"""Counts are told at most so often."""

_FRAMES_PER_S: Final = 5_000
"""So many frames a second are for all readers together: senders are served in between."""

_FRAMES_AT_ONCE: Final = 10
"""A reader is told so many changes one by one, where there are many readers; more are a reason to load again."""

_FRAME_MAX: Final = 64 * 1024
"""In place of a longer frame, a reader is told to load the list again."""

_KEPT_CHANGES: Final = 64
"""Frames of so many changes are kept for readers that have not got there yet."""

_PAUSE_MIN_S: Final = 0.01
_STOPS: Final = 1012
_BUSY: Final = 1013
_REASON_MAX: Final = 100

PRUNE: Final = '{"Type":"prune","Data":null}'
TRUNCATE: Final = '{"Type":"truncate","Data":null}'


class EventSocket:
    """An ASGI application: the websocket of one reader."""

    def __init__(self, all_mail: AllMail, streams: HeldRequests) -> None:
        """`streams` bounds these together with the other event streams."""
        self._frames = _SharedFrames(all_mail)
        self._changes = all_mail.changes
        self._streams = streams
        self._readers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell one reader of changes until it goes or the server stops."""
        await receive()  # the handshake
        try:
            with self._streams.hold((ALL_MAIL,), scope):
                self._readers += 1
                try:
                    await self._serve(receive, send)
                finally:
                    self._readers -= 1
        except HTTPException as error:
            await say(error.detail, error.status_code, error.headers)(scope, receive, send)

    async def _serve(self, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(_wait_gone(receive)), loop.create_task(self._tell(send))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if tasks[0].cancelled():  # the reader is still there
            error = tasks[1].exception()
            if error is not None and not isinstance(error, EdgemailError):
                raise error
            reason = "" if error is None else str(error)[:_REASON_MAX]
            await send({"type": "websocket.close", "code": _STOPS if error is None else _BUSY, "reason": reason})

    async def _tell(self, send: Send) -> None:
        """Send frames. Counts come a little later than the change, once for all changes meanwhile."""
        loop = asyncio.get_running_loop()
        async with aclosing(self._changes.follow()) as following:
            await _send(send, await self._frames.count())
            next_changes: asyncio.Future[list[MailChange] | None] | None = None
            due: float | None = None
            try:
                while True:
                    if next_changes is None:
                        next_changes = asyncio.ensure_future(anext(following, None))
                    left_s = None if due is None else max(0.0, due - loop.time())
                    await asyncio.wait({next_changes}, timeout=left_s)
                    if next_changes.done():
                        changes = next_changes.result()
                        next_changes = None
                        if changes is None:
                            return
                        await self._tell_changes(send, changes)
                        due = due or loop.time() + max(_STATS_S, self._pause_s)
                    if due is not None and loop.time() >= due:
                        due = None
                        await _send(send, await self._frames.count())
            finally:
                if next_changes is not None:
                    next_changes.cancel()
                    await asyncio.gather(next_changes, return_exceptions=True)

    @property
    def _pause_s(self) -> float:
        """How long it takes to send all readers one frame; with few readers nobody has to wait for that."""
        pause_s = self._readers / _FRAMES_PER_S
        return pause_s if pause_s > _PAUSE_MIN_S else 0.0

    async def _tell_changes(self, send: Send, changes: Sequence[MailChange]) -> None:
        """Send the frames of some changes. With many readers, each begins at a time of its own."""
        pause_s = self._pause_s
        if pause_s:
            await asyncio.sleep(random.random() * pause_s)  # noqa: S311 - no secret
        frames = [frame for change in changes for frame in await self._frames.write(change)]
        if len(frames) > _FRAMES_AT_ONCE and pause_s:
            frames = [PRUNE]
        for frame in frames:
            await _send(send, frame)
        if pause_s:
            await asyncio.sleep(len(frames) * pause_s)


class _SharedFrames:
    """Writes each change and each count once for all readers."""

    def __init__(self, all_mail: AllMail) -> None:
        self._all_mail = all_mail
        self._written: OrderedDict[MailChange, asyncio.Task[Sequence[str]]] = OrderedDict()
        self._counted: asyncio.Task[str] | None = None
        self._counted_at = 0.0

    async def write(self, change: MailChange) -> Sequence[str]:
        """Return the frames that tell of a change."""
        task = self._written.get(change)
        if task is None or _has_failed(task):
            task = asyncio.create_task(self._write(change))
            self._written[change] = task
            while len(self._written) > _KEPT_CHANGES:
                self._written.popitem(last=False)
        return await asyncio.shield(task)

    async def count(self) -> str:
        """Return the frame with the counts, which is at most as old as it may be repeated."""
        now = asyncio.get_running_loop().time()
        if self._counted is None or _has_failed(self._counted) or now - self._counted_at >= _STATS_S:
            self._counted = asyncio.create_task(self._count())
            self._counted_at = now
        return await asyncio.shield(self._counted)

    async def _count(self) -> str:
        counts = await self._all_mail.count(EVERYTHING)
        return _frame("stats", {"Total": counts.messages, "Unread": counts.unread, "Version": VERSION})

    async def _write(self, change: MailChange) -> Sequence[str]:
        ids = change.mail_ids
        match change.kind:
            case "new":
                wanted = set(ids)
                span = max(ids) - min(ids) + 1
                listed = await self._all_mail.list_page(EVERYTHING, limit=span, before=max(ids) + 1)
                found = [message for message in reversed(listed) if message.mail.id in wanted]
                return [_frame("new", write_listed(message)) for message in found]
            case "read" | "unread":
                return [_frame("update", {"ID": str(id_), "Read": change.kind == "read"}) for id_ in ids]
            case "tagged":
                return [_frame("update", {"ID": str(id_), "Tags": sort_tags(change.tags)}) for id_ in ids]
            case "deleted":
                return [_frame("delete", {"ID": str(id_)}) for id_ in ids]
            case "deleted_all":
                return [TRUNCATE]
        return [PRUNE]


def _frame(kind: str, data: dict[str, Any]) -> str:
    frame = f'{{"Type":{json.dumps(kind)},"Data":{to_json(data).decode()}}}'
    return frame if len(frame) <= _FRAME_MAX else PRUNE


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


async def _send(send: Send, frame: str) -> None:
    await send({"type": "websocket.send", "text": frame})


async def _wait_gone(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
