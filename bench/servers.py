"""The servers that are measured: each a process of its own on 127.0.0.1, stopped at the end."""

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
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    pid: int
    http_port: int = 0

    def cpu_s(self) -> float:
        """Return the processor time that it has used, in user and system mode, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def rss_bytes(self) -> int:
        """Return its resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def find_tool(name: str, package: str) -> str:
    """Find one of Postfix's tools, which Debian keeps outside of most people's PATH."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec/postfix")
    if found is None:
        sys.exit(f"{name} is missing: install the package {package} (Debian: apt-get install {package})")
    return found


@contextlib.contextmanager
def run_edgemail(folder: Path, db: str = "", **environment: str) -> Iterator[Server]:
    """Run edgemail with a database on the disk and `synchronous=FULL`, as it always is, or with another one."""
    command = [sys.executable, "-m", "edgemail", "serve", "--smtp=127.0.0.1:0", "--http=127.0.0.1:0"]
    command += ["--max-bytes=off", f"--db={db or folder / 'edgemail.db'}", "--set=log_level=warning"]
    command += ["--set=max_inbox_messages=off", "--set=max_inbox_bytes=off", "--set=min_free=off"]
    with _run(command, EDGEMAIL_MAX_CONNECTIONS="20000", **environment) as process:
        lines = _read_until(process, "Mail ")
        ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", lines)]
        yield Server("edgemail", ports[0], process.pid, ports[1])


@contextlib.contextmanager
def run_edge_reader(db: str, token: str) -> Iterator[Server]:
    """Run an edgemail that only reads."""
    command = [sys.executable, "-m", "edgemail", "serve", "--no-smtp", "--http=127.0.0.1:0", f"--db={db}"]
    with _run([*command, "--set=log_level=warning"], EDGEMAIL_DB_TOKEN=token) as process:
        web = re.search(r"Web +http://127\.0\.0\.1:(\d+)", _read_until(process, "Mail "))
        yield Server("edge reader", 0, process.pid, int(web[1]) if web else 0)


@contextlib.contextmanager
def run_smtp_sink() -> Iterator[Server]:
    """Run Postfix's smtp-sink, which throws mail away."""
    port = _free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with _run([find_tool("smtp-sink", "postfix"), *user, f"127.0.0.1:{port}", "1024"]) as process:
        _wait_for_port(port)
        yield Server("smtp-sink (keeps nothing)", port, process.pid)


@contextlib.contextmanager
def run_aiosmtpd(folder: Path) -> Iterator[Server]:
    """Run aiosmtpd with a handler that inserts each message into SQLite and commits."""
    port = _free_port()
    script = Path(__file__).with_name("aiosmtpd_sqlite.py")
    with _run([sys.executable, str(script), str(port), f"{folder}/aiosmtpd.db"]) as process:
        _wait_for_port(port)
        yield Server("aiosmtpd + sqlite3", port, process.pid)


@contextlib.contextmanager
def _run(command: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | environment)
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


def _read_until(process: subprocess.Popen[str], start: str) -> str:
    lines = ""
    for line in process.stdout or ():
        lines += line
        if line.startswith(start):
            return lines
    sys.exit(f"{process.args!r} did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")
