"""Peers that are one process: smtp-sink, aiosmtpd, MailDev, nodemailer's smtp-server."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.servers import NotStartedError, Server, find_tool, free_port, running, wait_for_greeting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HERE = Path(__file__).parent
_PACKAGES = _HERE / "node_modules"


@contextlib.contextmanager
def run_smtp_sink(folder: Path) -> Iterator[Server]:
    """Run Postfix's smtp-sink, in C, which discards mail."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [find_tool("smtp-sink", "postfix"), *user, f"127.0.0.1:{port}", "1024"]
    with _running("smtp-sink", port, command, folder) as server:
        yield server


@contextlib.contextmanager
def run_aiosmtpd(folder: Path) -> Iterator[Server]:
    """Run aiosmtpd with a handler that inserts each message into SQLite and commits."""
    port = free_port()
    command: list[str | Path] = [sys.executable, _HERE / "aiosmtpd_sqlite.py", str(port), folder / "aiosmtpd.db"]
    with _running("aiosmtpd + SQLite", port, command, folder) as server:
        yield server


@contextlib.contextmanager
def run_maildev(folder: Path) -> Iterator[Server]:
    """Run MailDev with its defaults, and its page on another port."""
    port = free_port()
    command: list[str | Path] = [_find_node(), _find_package("maildev/dist/bin/maildev.js")]
    command += ["--smtp", str(port), "--ip=127.0.0.1", "--web", str(free_port()), "--web-ip=127.0.0.1", "--silent"]
    with _running("MailDev", port, command, folder) as server:
        yield server


@contextlib.contextmanager
def run_smtp_server(folder: Path) -> Iterator[Server]:
    """Run nodemailer's smtp-server, which discards mail here."""
    port = free_port()
    _find_package("smtp-server/package.json")
    with _running(
        "nodemailer smtp-server", port, [_find_node(), _HERE / "smtp-server.js", str(port)], folder
    ) as server:
        yield server


@contextlib.contextmanager
def _running(name: str, port: int, command: Sequence[str | Path], folder: Path) -> Iterator[Server]:
    with running(command, log=folder / "log") as process:
        wait_for_greeting(port, process)
        yield Server(name, port, process.pid)


def _find_node() -> str:
    return find_tool("node", "nodejs")


def _find_package(file: str) -> Path:
    path = _PACKAGES / file
    if not path.exists():
        raise NotStartedError("its npm packages are not installed: make bench installs them")
    return path
