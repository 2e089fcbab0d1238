"""A server that is killed over and over, and must lose no mail."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from testkit.hostile_peers import next_address

from bench.soak import server as servers
from bench.soak.ledger import Ledger
from bench.soak.readers import look_around, read_nothing
from bench.soak.senders import Load, flood, send_honestly

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from testkit.server_process import Process

SENDERS = 12
KEPT = 500
"""The messages that stay for the next rounds."""
_FLOOD_SOURCE = "127.0.2.1"
_STOP_SHARE = 0.1
_ROUND_S = (2.0, 9.0)


@dataclass
class Killed:
    """Runs rounds: a start, load with faults, a kill at a random moment, a check of all mail."""

    folder: Path
    chance: random.Random
    calm: servers.Calm = field(default_factory=servers.Calm)
    ledger: Ledger = field(default_factory=Ledger)
    kills: int = 0
    stops: int = 0
    messages: int = 0
    starts_s: list[float] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    honest_s: list[float] = field(default_factory=list)
    """The seconds that messages of honest senders took during floods."""
    honest_failed: list[str] = field(default_factory=list)
    most_memory_bytes: int = 0
    most_descriptors: int = 0
    shares: list[float] = field(default_factory=list)
    """For each round: messages of the slowest sender divided by those of the fastest."""
    _is_ending: bool = False

    async def run(self, is_over: Callable[[], bool]) -> None:
        """Run rounds until the time is over."""
        number = 0
        while not is_over():
            number += 1
            await self._go_round(f"k{number}")
        await self._check()

    async def _go_round(self, name: str) -> None:
        db = self.folder / "mail.db"
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            process = await asyncio.to_thread(stack.enter_context, servers.start(self.folder))
            self.starts_s.append(time.monotonic() - began)
            await self._check()  # the last round's mail, as the restarted server has it
            load = Load(name, process.smtp, self.ledger, self.chance)
            watch = servers.Watch(process)
            self._is_ending = False
            tasks = [
                asyncio.create_task(watch.run()),
                asyncio.create_task(look_around(process.url, self.chance)),
                asyncio.create_task(read_nothing(process.url, 60)),
            ]
            sending = asyncio.create_task(load.run(SENDERS))
            troubles = asyncio.create_task(self._trouble(process, db))
            await load.begin()
            await asyncio.sleep(self.chance.uniform(*_ROUND_S))
            self._judge_shares(load)
            self._is_ending = True
            async with self.calm.trouble():
                if self.chance.random() < _STOP_SHARE:
                    await self._stop(process)
                else:
                    process.process.kill()
                    self.kills += 1
                await sending
            for task in (*tasks, troubles):
                task.cancel()
            for result in await asyncio.gather(*tasks, troubles, return_exceptions=True):
                if isinstance(result, Exception):
                    self.ledger.mistakes.append(f"{name}: {result!r}")
        self.messages += sum(load.counts.values())
        self.took_s += self.calm.select(load.took_s)
        self.most_memory_bytes = max(self.most_memory_bytes, *watch.memory_bytes, 0)
        self.most_descriptors = max(self.most_descriptors, *watch.descriptors, 0)

    async def _check(self) -> None:
        db = self.folder / "mail.db"
        await asyncio.to_thread(self.ledger.check_database, db)
        await asyncio.to_thread(self.ledger.forget, db, KEPT)

    async def _stop(self, process: Process) -> None:
        began = time.monotonic()
        process.process.terminate()
        status = await asyncio.to_thread(process.process.wait, 60)
        self.stops += 1
        took_s = time.monotonic() - began
        if status != 0 or took_s > servers.STOP_S + 2:
            self.ledger.mistakes.append(f"SIGTERM: exit status {status} after {took_s:.1f} s")

    def _judge_shares(self, load: Load) -> None:
        counts = [count for number, count in load.counts.items() if number % 5 != 4]  # those without TLS
        if sum(counts) > 10 * len(counts):
            self.shares.append(min(counts) / max(counts))

    async def _trouble(self, process: Process, db: Path) -> None:
        """Cause one fault after another."""
        while True:
            await asyncio.sleep(self.chance.uniform(0.3, 1.5))
            match self.chance.randrange(4):
                case 0:
                    async with self.calm.trouble(), servers.paused(process):
                        await asyncio.sleep(self.chance.uniform(0.1, 1.0))
                case 1:
                    async with self.calm.trouble(), servers.locked(db):
                        await asyncio.sleep(self.chance.uniform(0.1, 2.0))
                case 2:
                    await self._flood(process)
                case _:
                    pass

    async def _flood(self, process: Process) -> None:
        """Flood the server from one address; measure honest senders from other addresses."""
        flooding = asyncio.create_task(flood(process.smtp, _FLOOD_SOURCE, 100, 1.5))
        try:
            while not flooding.done():
                self.honest_s.append(await send_honestly(process.smtp, next_address()))
                await asyncio.sleep(0.05)
        except (OSError, EOFError, ValueError) as error:
            if not self._is_ending:
                self.honest_failed.append(f"{type(error).__name__}: {error}")
        finally:
            flooding.cancel()
            await asyncio.gather(flooding, return_exceptions=True)
