"""Measures several programs that take mail into one sqld."""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.load import Load, send
from bench.processes import ProcessTree
from bench.servers import Server, run_edgemail
from edgemail.store.remote.hrana import HranaClient

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.sqld import Sqld

CONNECTIONS = 20
_MESSAGES = 4_000
_LOAD = Load(4_000, CONNECTIONS)
_COUNT = "SELECT coalesce(sum(batch), 0), (SELECT messages FROM usage) FROM writer"


@dataclass(frozen=True)
class Scale:
    """The rate at which several programs together took mail into one database."""

    programs: int
    messages_s: float
    in_a_commit: float
    sqld_us: float
    program_us: float

    @property
    def figures(self) -> dict[str, float]:
        """The figures by name."""
        return {
            "programs": self.programs,
            "messages_s": self.messages_s,
            "in_a_commit": self.in_a_commit,
            "sqld_us": self.sqld_us,
            "program_us": self.program_us,
        }

    def cells(self) -> list[str]:
        """Return a row of the table."""
        return [
            str(self.programs),
            f"{self.messages_s:,.0f}",
            f"{self.in_a_commit:.1f}",
            f"{self.messages_s / self.in_a_commit:,.0f}",
            f"{self.sqld_us:,.0f}",
            f"{self.program_us:,.0f}",
        ]


def measure(primary: Sqld, folder: Path, count: int) -> Scale:
    """Send the same mail to one program, or shares of it to several at the same time."""
    with contextlib.ExitStack() as stack:
        servers = []
        for number in range(count):
            home = folder / f"scale-{count}-{number}"
            home.mkdir()
            servers.append(stack.enter_context(run_edgemail(home, primary.url, EDGEMAIL_DB_TOKEN=primary.token())))
        _send_to_all(servers, 10 * CONNECTIONS)
        commits, before = count_kept(primary)
        sqld, programs = _cpu_of(primary), sum(server.cpu_s() for server in servers)
        took_s = _send_to_all(servers, _MESSAGES // count)
        sqld_s = _cpu_of(primary) - sqld
        programs_s = sum(server.cpu_s() for server in servers) - programs
        more_commits, more = count_kept(primary)
    messages = more - before
    return Scale(
        count,
        messages / took_s,
        messages / (more_commits - commits),
        sqld_s / messages * 1e6,
        programs_s / messages * 1e6,
    )


def _send_to_all(servers: list[Server], messages: int) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(len(servers)) as threads:
        list(threads.map(lambda server: send(server, _LOAD, messages, settles=False), servers))
    return time.perf_counter() - began


def _cpu_of(primary: Sqld) -> float:
    return ProcessTree(primary.pid).cpu_s()


def count_kept(primary: Sqld) -> tuple[int, int]:
    """Return how many commits its writers have made, and how many messages it has."""

    async def ask() -> tuple[int, int]:
        async with HranaClient(primary.url, primary.token()) as client:
            ((commits, messages),) = await client.query(_COUNT)
            return commits, messages

    return asyncio.run(ask())
