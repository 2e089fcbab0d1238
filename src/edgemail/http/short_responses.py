"""Responses that need no body: to HEAD, and to an If-None-Match that still matches."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from edgemail.http.header_fields import find_field

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OF_CONTENT = (b"content-length", b"content-type", b"content-disposition")
_IMMUTABLE = re.compile(r"/api/(?:inboxes/.+/)?messages/([0-9]+/(?:raw|attachments/[0-9.]+))")


@dataclass(frozen=True, slots=True)
class ShortResponses:
    """An ASGI application that answers HEAD as `app` answers GET, and gives immutable content an ETag.

    `app` is cancelled once the headers are sent, so that a stream ends after them. A message never
    changes and its id is never used again, but another database may have the same ids: an ETag is
    good for as long as this program runs.
    """

    app: ASGIApp
    _run: str = field(default_factory=lambda: secrets.token_hex(8))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        immutable = _IMMUTABLE.fullmatch(scope["path"])
        etag = f'"{self._run}-{immutable[1].replace("/", "-")}"' if immutable else None
        is_head = scope["method"] == "HEAD"
        if not is_head and etag is None:
            await self.app(scope, receive, send)
            return
        asked = find_field(scope, b"if-none-match") or ""
        ended = asyncio.Event()

        async def send_short(message: Message) -> None:
            if ended.is_set():
                return
            is_short = is_head
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK and etag is not None:
                message["headers"] = [*message["headers"], (b"etag", etag.encode())]
                if _matches(asked, etag):
                    message["status"] = HTTPStatus.NOT_MODIFIED.value
                    message["headers"] = [field for field in message["headers"] if field[0] not in _OF_CONTENT]
                    is_short = True
            await send(message)
            if is_short:
                await send({"type": "http.response.body", "body": b""})
                ended.set()

        if is_head or asked:
            await _run_until(ended, self.app({**scope, "method": "GET"}, receive, send_short))
        else:
            await self.app(scope, receive, send_short)


def _matches(asked: str, etag: str) -> bool:
    """Compare weakly, as If-None-Match does (RFC 9110 section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in asked.split(",")]
    return etag in tags or tags == ["*"]


async def _run_until(ended: asyncio.Event, work: Awaitable[None]) -> None:
    """Await `work`; cancel it if `ended` is set before."""
    task = asyncio.ensure_future(work)
    waiting = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        waiting.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
