"""A server that runs for the whole soak on a small disk, and its resources."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.soak import server as servers
from bench.soak.ledger import Ledger
from bench.soak.readers import Consumer, look_around, read_nothing
from bench.soak.senders import Load

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from testkit.server_process import Process

SENDERS = 6
_MIN_FREE = "25%"
"""A disk that mail has filled would have no room for deletions either."""
_TROUBLE_S = (4.0, 12.0)


@dataclass
class Lasting:
    """One start, passing faults, and service that must recover from each by itself."""

    folder: Path
    chance: random.Random
    is_small: bool
    """True if the folder is a separate disk, which can be filled."""
    calm: servers.Calm = field(default_factory=servers.Calm)
    ledger: Ledger = field(default_factory=Ledger)
    troubles: dict[str, int] = field(default_factory=dict)
    recoveries_s: list[float] = field(default_factory=list)
    watch: servers.Watch | None = None
    load: Load | None = None
    first_descriptors: int = 0
    last_descriptors: int = 0
    took_s: list[float] = field(default_factory=list)

    @property
    def messages(self) -> int:
        """The number of messages with a 250."""
        return self.ledger.codes[250]

    async def run(self, is_over: Callable[[], bool]) -> None:
        """Run until the time is over, then check that no mail is missing."""
        with contextlib.ExitStack() as stack:
            process = await asyncio.to_thread(
                stack.enter_context, servers.start(self.folder, EDGEMAIL_MIN_FREE=_MIN_FREE)
            )
            self.watch = servers.Watch(process)
            load = self.load = Load("lasting", process.smtp, self.ledger, self.chance, pause_s=0.15)
            consumer = Consumer(process.url, self.ledger)
            tasks = [
                asyncio.create_task(self.watch.run()),
                asyncio.create_task(consumer.run()),
                *(asyncio.create_task(look_around(process.url, self.chance)) for _ in range(2)),
            ]
            sending = asyncio.create_task(load.run(SENDERS))
            await asyncio.sleep(3)
            self.first_descriptors = self.watch.count_descriptors()
            while not is_over() and self.watch.is_alive:
                await asyncio.sleep(self.chance.uniform(*_TROUBLE_S))
                await self._trouble(process)
            for task in (sending, *tasks):
                task.cancel()
            await asyncio.gather(sending, *tasks, return_exceptions=True)
            await asyncio.sleep(8)  # by then, readers that take nothing are disconnected
            self.took_s = self.calm.select(load.took_s)
            if not self.watch.is_alive:
                self.ledger.mistakes.append("the lasting server ended by itself")
                return
            self.last_descriptors = self.watch.count_descriptors()
            while await consumer.consume():
                pass
            await consumer.close()
            self.ledger.mistakes += [f"{token} got 250 and is lost" for token in self.ledger.promised]

    async def _trouble(self, process: Process) -> None:
        db = self.folder / "mail.db"
        kinds = ["paused", "locked", "deaf readers", *(["disk full"] if self.is_small else [])]
        kind = self.chance.choice(kinds)
        self.troubles[kind] = self.troubles.get(kind, 0) + 1
        seconds = self.chance.uniform(0.5, 4.0)
        if kind == "deaf readers":
            await read_nothing(process.url, seconds)
            return
        async with self.calm.trouble(2.0):
            match kind:
                case "paused":
                    trouble = servers.paused(process)
                case "locked":
                    trouble = servers.locked(db)
                case _:
                    trouble = servers.full(self.folder)
            async with trouble:
                await asyncio.sleep(seconds)
            await self._see_it_come_back()

    async def _see_it_come_back(self) -> None:
        began, before = time.monotonic(), self.ledger.codes[250]
        while self.ledger.codes[250] == before:
            if time.monotonic() - began > 2 * servers.COMMIT_S:
                self.ledger.mistakes.append("no mail was taken after a trouble was over")
                return
            await asyncio.sleep(0.01)
        self.recoveries_s.append(time.monotonic() - began)
