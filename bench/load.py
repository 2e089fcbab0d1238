"""Senders: Postfix's smtp-source, whose cost in C hardly counts, and a client that pipelines."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.servers import Server, find_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_S = 180.0
_ADDRESSES = ["-f", "sender@example.org", "-t", "inbox@example.com"]


class NotSentError(Exception):
    """A server did not accept all messages; the text says why."""


@dataclass(frozen=True)
class Load:
    """A load: messages, connections, size, and how they are sent."""

    body_bytes: int
    connections: int
    is_pipelined: bool = False
    is_reconnecting: bool = False
    """True for a new connection for each message."""
    recipients: int = 1

    def __str__(self) -> str:
        kind = ", pipelined" if self.is_pipelined else ", one message each" if self.is_reconnecting else ""
        many = f", {self.recipients} recipients" if self.recipients > 1 else ""
        return f"{write_size(self.body_bytes)}, {self.connections} conn.{kind}{many}"


def parse_load(text: str) -> Load:
    """Parse `SIZE:CONNECTIONS` in octets, with `:each` for a new connection for each message.

    Raises:
        ValueError: the text has another form.
    """
    size, _, rest = text.partition(":")
    connections, _, kind = rest.partition(":")
    if not (size.isdecimal() and connections.isdecimal() and kind in ("", "each")):
        raise ValueError(f"{text!r} is not SIZE:CONNECTIONS or SIZE:CONNECTIONS:each")
    return Load(int(size), int(connections), is_reconnecting=kind == "each")


@dataclass(frozen=True)
class Figure:
    """One measurement: the time until the last 250, and CPU time until the server is idle."""

    messages_s: float
    cpu_us: float
    cpu_after_us: float = 0.0


def write_size(octets: int) -> str:
    """Return a number of octets in its largest whole unit."""
    for factor, unit in ((10**6, "MB"), (10**3, "kB")):
        if octets >= factor:
            return f"{octets / factor:g} {unit}"
    return f"{octets} B"


def send(server: Server, load: Load, messages: int, *, settles: bool = True) -> Figure:
    """Send messages; return the figures, by default once the server is idle.

    Raises:
        NotSentError: the server refused one, or took too long.
    """
    cpu_s = server.cpu_s()
    took_s = _pipeline(server, load, messages) if load.is_pipelined else _run_smtp_source(server, load, messages)
    used_s = server.cpu_s() - cpu_s
    if server.pid is not None and settles:
        server.tree.settle()
    after_s = server.cpu_s() - cpu_s - used_s
    return Figure(messages / took_s, used_s / messages * 1e6, after_s / messages * 1e6)


@contextlib.contextmanager
def pipelining(server: Server, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the pipelining client; read its result by `outcome_of`. It ends with the block."""
    command = [sys.executable, "-m", "bench.pipelining", str(server.port), "--host", server.host, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def outcome_of(process: subprocess.Popen[str], patience_s: float = _PATIENCE_S) -> dict[str, Any]:
    """Wait for the client's end; return its result.

    Raises:
        NotSentError: it failed.
    """
    try:
        said, complaint = process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired as error:
        raise NotSentError(f"not done after {patience_s:.0f} s") from error
    if process.returncode:
        raise NotSentError((complaint.strip().splitlines() or ["it failed"])[-1])
    outcome: dict[str, Any] = json.loads(said)
    return outcome


def stop(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Stop a client that runs with `--until-eof`; return its result."""
    return outcome_of(process)  # which closes the client's standard input


def send_paced(
    server: Server, *, rate: float, seconds: float, connections: int = 20, body_bytes: int = 4000
) -> Any:
    """Send at a fixed rate; return the result."""
    arguments = [f"--rate={rate}", f"--seconds={seconds}", f"--connections={connections}", f"--body={body_bytes}"]
    with pipelining(server, *arguments) as process:
        return outcome_of(process)


def _run_smtp_source(server: Server, load: Load, messages: int) -> float:
    command = [find_tool("smtp-source", "postfix"), "-s", str(load.connections), "-m", str(messages)]
    command += [*_ADDRESSES, "-l", str(load.body_bytes), "-r", str(load.recipients)]
    command += [] if load.is_reconnecting else ["-d"]
    host = f"[{server.host}]" if ":" in server.host else server.host
    started = time.perf_counter()
    try:
        done = subprocess.run(
            [*command, f"{host}:{server.port}"], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotSentError(f"not done after {_PATIENCE_S:.0f} s") from error
    took_s = time.perf_counter() - started
    if done.returncode:
        raise NotSentError(
            (done.stderr.strip().splitlines() or ["smtp-source failed"])[-1].rpartition("fatal: ")[2]
        )
    return took_s


def _pipeline(server: Server, load: Load, messages: int) -> float:
    recipients = [f"inbox{n}@example.com" for n in range(load.recipients)] if load.recipients > 1 else []
    arguments = [f"--connections={load.connections}", f"--messages={messages}", f"--body={load.body_bytes}"]
    arguments += ["--quiet=10", *(("--recipient", *recipients) if recipients else ())]
    with pipelining(server, *arguments) as process:
        outcome = outcome_of(process)
    if outcome["accepted"] != messages:
        raise NotSentError(f"only {outcome['accepted']:,} of {messages:,} messages were answered with 250")
    return float(outcome["seconds"])
