"""Durable messages a second and processor time a message, driven by Postfix's smtp-source."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.servers import Server, find_tool, run_aiosmtpd, run_edgemail, run_smtp_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BODY_OCTETS = 4000
_ROUNDS = 3
_SECONDS = 3.0
"""About how long one measurement takes; the number of messages is chosen by a short first run."""


@dataclass(frozen=True)
class Figure:
    """One measurement."""

    messages_s: float
    cpu_us: float


def send(server: Server, connections: int, messages: int) -> Figure:
    """Send `messages` over `connections` that stay open; return what it took."""
    command = [find_tool("smtp-source", "postfix"), "-d", "-s", str(connections), "-m", str(messages)]
    command += ["-l", str(BODY_OCTETS), "-f", "sender@example.com", "-t", "inbox@example.com"]
    started, cpu_s = time.perf_counter(), server.cpu_s()
    subprocess.run([*command, f"127.0.0.1:{server.port}"], check=True, timeout=120)
    took_s = time.perf_counter() - started
    return Figure(messages / took_s, (server.cpu_s() - cpu_s) / messages * 1e6)


def measure(connections: int, say: Callable[[str], None]) -> list[tuple[str, Figure]]:
    """Measure every server with as many connections, in turns, and give each one's median."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-")))
        servers = [
            stack.enter_context(run_edgemail(folder)),
            stack.enter_context(run_smtp_sink()),
            stack.enter_context(run_aiosmtpd(folder)),
        ]
        figures: dict[str, list[Figure]] = {server.name: [] for server in servers}
        counts = {}
        for server in servers:
            first = send(server, connections, 20 * connections + 100)
            counts[server.name] = max(10 * connections, int(first.messages_s * _SECONDS))
        for turn in range(_ROUNDS):
            for server in servers:
                say(f"{connections} connections, round {turn + 1} of {_ROUNDS}: {server.name}")
                figures[server.name].append(send(server, connections, counts[server.name]))
        return [(name, _median(several)) for name, several in figures.items()]


def _median(figures: Sequence[Figure]) -> Figure:
    return Figure(
        statistics.median(one.messages_s for one in figures), statistics.median(one.cpu_us for one in figures)
    )
