"""Readers: one verifies and deletes all mail, some browse, and some stop reading."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx2
from testkit.http_client import follow, inbox_path

from bench.soak.senders import INBOXES

if TYPE_CHECKING:
    import random

    from bench.soak.ledger import Ledger

_PAGE = 200
_FAILURES = (httpx2.HTTPError, OSError, asyncio.IncompleteReadError, ValueError, KeyError, TimeoutError)


def _inbox(number: int) -> str:
    return f"/api/inboxes/{quote(f'soak{number}@example.org', safe='')}"


class Consumer:
    """Reads every message of a server, compares it with what was sent, and deletes it."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        self._client = httpx2.AsyncClient(base_url=url, timeout=60)
        self._ledger = ledger
        self._seen: set[int] = set()

    async def run(self) -> None:
        """Run until cancelled; failures are tried again."""
        while True:
            try:
                await self.consume()
            except* _FAILURES:
                pass
            await asyncio.sleep(0.2)

    async def consume(self) -> int:
        """Consume all mail of all inboxes; return the number of messages."""
        async with asyncio.TaskGroup() as group:
            taking = [group.create_task(self._consume(number)) for number in range(INBOXES)]
        return sum(consumer.result() for consumer in taking)

    async def _consume(self, number: int) -> int:
        answer = await self._client.get(f"{_inbox(number)}/messages?limit={_PAGE}")
        messages = answer.json()["messages"]
        for message in messages:
            await self._take(int(message["id"]))
        return len(messages)

    async def _take(self, mail_id: int) -> None:
        ledger = self._ledger
        if mail_id not in self._seen:
            raw = await self._client.get(f"/api/messages/{mail_id}/raw")
            if raw.status_code != 200:
                return
            self._seen.add(mail_id)
            token = ledger.check(raw.content)
            if ledger.digests.pop(token, None) is not None:
                ledger.promised.discard(token)
                ledger.refused.discard(token)
                ledger.consumed.add(token)
        await self._client.delete(f"/api/messages/{mail_id}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def look_around(url: str, chance: random.Random) -> None:
    """List, read, wait and follow, until cancelled."""
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        while True:
            with contextlib.suppress(*_FAILURES):
                inbox = _inbox(chance.randrange(INBOXES))
                listed = (await client.get(f"{inbox}/messages?limit=20")).json()["messages"]
                if listed:
                    await client.get(f"/api/messages/{chance.choice(listed)['id']}")
                await client.get(f"{inbox}/wait?timeout=1&after={listed[0]['id'] if listed else 0}")
                async with follow(url, f"{inbox}/events?after=0") as stream:
                    await stream.next()
            await asyncio.sleep(0.5)


async def read_nothing(url: str, seconds: float) -> None:
    """Request events and a listing, and read neither."""
    host = urlsplit(url).netloc
    name, _, port = host.partition(":")
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        for path in (f"{_inbox(0)}/events?after=0", inbox_path("soak1@example.org", "/messages?limit=200")):
            raw = stack.enter_context(socket.socket())
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setblocking(False)
            with contextlib.suppress(OSError):
                await loop.sock_connect(raw, (name, int(port)))
                await loop.sock_sendall(raw, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        await asyncio.sleep(seconds)
