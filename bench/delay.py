"""A proxy that adds network delay."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Self


class Delay:
    """Forwards TCP connections to a local port, with half of `round_trip_s` in each direction."""

    def __init__(self, to_port: int, round_trip_s: float) -> None:
        self._to_port = to_port
        self._delay_s = round_trip_s / 2
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0
        self.octets = 0
        """Octets that the proxy has passed on, in both directions together."""

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(end_tasks(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        # Cancelled only to end: asyncio would log it.
        with contextlib.suppress(OSError, asyncio.CancelledError), contextlib.closing(near_out):
            await asyncio.sleep(2 * self._delay_s)  # TCP's handshake takes a round trip too
            far_in, far_out = await asyncio.open_connection("127.0.0.1", self._to_port)
            with contextlib.closing(far_out):
                await asyncio.gather(self._pass_on(near_in, far_out), self._pass_on(far_in, near_out))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):  # an end that is reset, as browsers do, ends as another does
            while octets := await source.read(2**16):
                self.octets += len(octets)
                self._loop.call_later(self._delay_s, target.write, octets)
        await asyncio.sleep(self._delay_s)
        target.close()


async def end_tasks() -> None:
    """End all other tasks of the running loop, so that none is pending when it stops."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
