"""Starts edgemail and other servers to measure, on 127.0.0.1, and stops them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.processes import ProcessTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_START_S = 30.0
_KEEPS_ALL = ("max_age", "max_bytes", "max_inbox_messages", "max_inbox_bytes", "min_free")


class NotStartedError(Exception):
    """A server cannot be started here; the text says why."""


@dataclass(frozen=True)
class Server:
    """A running server; without a pid if somebody else runs it."""

    name: str
    port: int
    pid: int | None = None
    http_port: int = 0
    host: str = "127.0.0.1"
    start_s: float = 0.0
    """The seconds from the command until it greeted, where they were measured."""

    @property
    def tree(self) -> ProcessTree:
        """The server's processes."""
        if self.pid is None:
            raise RuntimeError(f"{self.name} is not ours")
        return ProcessTree(self.pid)

    def cpu_s(self) -> float:
        """Return the CPU seconds of its processes, 0 if their pid is unknown."""
        return self.tree.cpu_s() if self.pid is not None else 0.0


def find_tool(name: str, package: str) -> str:
    """Find a program, also in /usr/sbin.

    Raises:
        NotStartedError: it is not installed.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec/postfix")
    if found is None:
        raise NotStartedError(f"{name} is missing: install {package}")
    return found


def serve_command(db: str | Path, settings: Mapping[str, str] | None = None) -> list[str]:
    """Return the command to serve a database; it keeps all mail, unless `settings` differ."""
    chosen = dict.fromkeys(_KEEPS_ALL, "off") | {"log_level": "error", "max_connections": "20000"}
    chosen |= {"smtp": "127.0.0.1:0", "http": "127.0.0.1:0"} | dict(settings or {})
    command = [sys.executable, "-m", "edgemail", "serve", f"--db={db}"]
    return command + [f"--set={name}={value}" for name, value in chosen.items()]


@contextlib.contextmanager
def run_edgemail(
    folder: Path, db: str = "", settings: Mapping[str, str] | None = None, **environment: str
) -> Iterator[Server]:
    """Run edgemail with a database on the disk and `synchronous=FULL`, or with another database."""
    started = time.perf_counter()
    with running(serve_command(db or folder / "edgemail.db", settings), environment=environment) as process:
        lines = _read_until(process, "Mail ")
        took_s = time.perf_counter() - started
        ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", lines)]
        yield Server("edgemail", ports[0], process.pid, ports[1], start_s=took_s)


@contextlib.contextmanager
def run_edge_reader(db: str, token: str) -> Iterator[Server]:
    """Run edgemail as an edge reader."""
    command = [sys.executable, "-m", "edgemail", "serve", "--no-smtp", "--http=127.0.0.1:0", f"--db={db}"]
    with running([*command, "--set=log_level=warning"], environment={"EDGEMAIL_DB_TOKEN": token}) as process:
        web = re.search(r"Web +http://127\.0\.0\.1:(\d+)", _read_until(process, "Mail "))
        yield Server("edge reader", 0, process.pid, int(web[1]) if web else 0)


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], *, log: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the end of the block; its output goes to a pipe or into `log`."""
    with contextlib.ExitStack() as stack:
        out = subprocess.PIPE if log is None else stack.enter_context(log.open("wb"))
        error = None if log is None else subprocess.STDOUT
        process: subprocess.Popen[str] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=error,
            text=True,
            env=os.environ | dict(environment or {}),
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_START_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_for_greeting(port: int, process: subprocess.Popen[str] | None, host: str = "127.0.0.1") -> None:
    """Wait for a server's greeting.

    Raises:
        NotStartedError: the server has ended, or takes too long.
    """
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise NotStartedError(f"it ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=5) as peer:
            if peer.recv(512).startswith(b"220"):
                peer.sendall(b"QUIT\r\n")
                peer.recv(512)
                return
        time.sleep(0.02)
    raise NotStartedError(f"nobody greets on port {port}")


def _read_until(process: subprocess.Popen[str], start: str) -> str:
    lines = ""
    for line in process.stdout or ():
        lines += line
        if line.startswith(start):
            return lines
    raise NotStartedError(f"{process.args!r} ended")
