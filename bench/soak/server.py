"""Starts the servers under test, and causes faults."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
from testkit.server_process import serving

from edgemail.system.certificate import create_self_signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from testkit.server_process import Process

SMALL_DISK = "64m"
COMMIT_S = 20
STOP_S = 10
_SETTINGS = {
    "EDGEMAIL_TRUSTED": "127.0.0.1",  # the rest of 127/8 is subject to all limits
    "EDGEMAIL_LOG_LEVEL": "warning",
    "EDGEMAIL_COMMIT_TIMEOUT": f"{COMMIT_S}s",
    "EDGEMAIL_SHUTDOWN_TIMEOUT": f"{STOP_S}s",
    "EDGEMAIL_READER_TIMEOUT": "5s",
}


@contextlib.contextmanager
def start(folder: Path, **settings: str) -> Iterator[Process]:
    """Run a server on a folder's database; kill it at the end."""
    cert = folder / "cert.pem"
    if not cert.exists():
        create_self_signed(cert, ["mx.example.com"])
    with serving(folder / "mail.db", EDGEMAIL_TLS_CERT=str(cert), **_SETTINGS, **settings) as process:
        yield process


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small tmpfs, if this user may; return True if it is mounted."""
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "soak", str(folder)]
    is_mounted = (
        mount is not None
        and os.geteuid() == 0
        and subprocess.run(command, check=False, capture_output=True).returncode == 0
    )
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], check=True)


@contextlib.asynccontextmanager
async def paused(process: Process) -> AsyncIterator[None]:
    """Suspend the process, as on an overcommitted machine."""
    process.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.process.send_signal(signal.SIGCONT)


@contextlib.asynccontextmanager
async def locked(db: Path) -> AsyncIterator[None]:
    """Hold the database's write lock, as a program with a forgotten transaction does."""
    connection = apsw.Connection(str(db))
    connection.set_busy_timeout(10_000)
    await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@contextlib.asynccontextmanager
async def full(folder: Path) -> AsyncIterator[None]:
    """Fill a folder's disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        filler.unlink()


@dataclass
class Watch:
    """Samples the resources of a process."""

    process: Process
    memory_bytes: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    is_alive: bool = True

    async def run(self) -> None:
        """Sample until cancelled or until the process ends."""
        while True:
            if not self._look():
                return
            await asyncio.sleep(0.5)

    def _look(self) -> bool:
        pid = self.process.process.pid
        if self.process.process.poll() is not None:
            self.is_alive = False
            return False
        with contextlib.suppress(FileNotFoundError):
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            self.memory_bytes.append(pages * resource.getpagesize())
            self.descriptors.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        return self.is_alive

    def count_descriptors(self) -> int:
        """Return the number of open descriptors."""
        return len(list(Path(f"/proc/{self.process.process.pid}/fd").iterdir()))


def quantile(values: list[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed, 0 without values."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=1000, method="inclusive")[min(998, round(share * 1000) - 1)]


@dataclass
class Calm:
    """The times without a fault: only replies of those times are held to the promised limits."""

    troubles: list[tuple[float, float]] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def trouble(self, afterwards_s: float = 1.0) -> AsyncIterator[None]:
        """Record a fault, and a while after it."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.troubles.append((began, time.monotonic() + afterwards_s))

    def select(self, took_s: list[tuple[float, float]]) -> list[float]:
        """Return the waiting times of replies that no fault delayed."""
        return [
            took
            for answered, took in took_s
            if not any(began < answered and answered - took < end for began, end in self.troubles)
        ]
