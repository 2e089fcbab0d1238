"""Many pages' sockets on a database, without browsers: each asks for new mail as a page does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from websockets.asyncio.client import ClientConnection

NEWEST_ID = """
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'mail'), 0),
    (SELECT max(mail_id) FROM inbox WHERE address = ?)"""
_ANSWER_S = 20.0
_AT_ONCE = 50
"""So many are opened at the same time: sqld makes others wait, and closes some."""
_AGAIN_S = 1.0


class PageSocket:
    """A socket that is asked one question at a time, each in a stream of its own."""

    def __init__(self, connection: ClientConnection, token: str) -> None:
        self._connection = connection
        self._token = token
        self._number = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, url: str, token: str) -> AsyncIterator[PageSocket]:
        """Open a socket to a database, `http://…`."""
        async with connect(
            url.replace("http", "ws", 1),
            subprotocols=["hrana3"],  # type: ignore[list-item] # a NewType of str
            compression=None,
            max_size=2**24,
            ping_interval=None,
        ) as connection:
            socket = cls(connection, token)
            await socket._send({"type": "hello", "jwt": token})
            yield socket

    async def ask(self, sql: str, args: Sequence[str | int] = ()) -> list[list[dict[str, Any]]]:
        """Run a statement; return its rows as they came.

        Raises:
            OSError: the answer was an error.
        """
        self._number += 3
        number = self._number
        values = [
            {"type": "text", "value": arg} if isinstance(arg, str) else {"type": "integer", "value": str(arg)}
            for arg in args
        ]
        batch = {"steps": [{"stmt": {"sql": sql, "args": values}}]}
        for offset, request in enumerate(
            (
                {"type": "open_stream", "stream_id": number},
                {"type": "batch", "stream_id": number, "batch": batch},
                {"type": "close_stream", "stream_id": number},
            )
        ):
            await self._send({"type": "request", "request_id": number + offset, "request": request})
        async with asyncio.timeout(_ANSWER_S):
            while (answer := json.loads(await self._connection.recv())).get("request_id") != number + 1:
                pass
        if answer["type"] != "response_ok" or any(answer["response"]["result"]["step_errors"]):
            raise OSError(answer)
        rows: list[list[dict[str, Any]]] = answer["response"]["result"]["step_results"][0]["rows"]
        return rows

    async def _send(self, message: dict[str, Any]) -> None:
        await self._connection.send(json.dumps(message))


@dataclass
class Crowd:
    """Pages that ask a database for new mail, each at its pace; a socket that is closed is opened again."""

    url: str
    token: str
    every_s: float
    asked: dict[int, int] = field(default_factory=dict)
    """How many answers each page has had."""
    took_s: list[float] = field(default_factory=list)
    closed: int = 0
    is_open: set[int] = field(default_factory=set)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    @contextlib.asynccontextmanager
    async def of(self, pages: int) -> AsyncIterator[None]:
        """Keep so many pages open for as long as the context lasts."""
        tasks = [asyncio.create_task(self._stay(number)) for number in range(pages)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _stay(self, number: int) -> None:
        while True:
            try:
                async with contextlib.AsyncExitStack() as stack:
                    async with self._gate:
                        socket = await stack.enter_async_context(PageSocket.connect(self.url, self.token))
                        await self._ask(socket, number)
                    self.is_open.add(number)
                    while True:
                        await asyncio.sleep(self.every_s)
                        await self._ask(socket, number)
            except (OSError, WebSocketException, InvalidHandshake):
                self.closed += 1
            self.is_open.discard(number)
            await asyncio.sleep(_AGAIN_S)

    async def _ask(self, socket: PageSocket, number: int) -> None:
        began = time.monotonic()
        await socket.ask(NEWEST_ID, [f"page{number}@example.com"])
        self.took_s.append(time.monotonic() - began)
        self.asked[number] = self.asked.get(number, 0) + 1
