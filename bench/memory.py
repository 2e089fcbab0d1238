"""Measures memory (idle, connections, large messages, churn), start time and installed size."""

from __future__ import annotations

import contextlib
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.asking import Question, answers_of, asking
from bench.load import Load, outcome_of, pipelining, send
from bench.processes import PeakMemory
from bench.results import Section, Table
from bench.servers import NotStartedError, Server, free_port, run_edgemail, running, serve_command

if TYPE_CHECKING:
    from bench.progress import Progress

_IDLE_CONNECTIONS = 10_000
_LARGE_CONNECTIONS = 200
_LARGE_BYTES = 25 * 2**20 - 1000
_SHORT_SPOOL, _SPOOL = "256MiB", "4GiB"
_CHURN, _FULL_CHURN = 6_000, 100_000
_STARTS, _FULL_STARTS = 5, 15
_PIP_S = 300
_ROOT = Path(__file__).parents[1]


def steps(*, is_full: bool) -> int:
    """Return the number of steps of `measure`."""
    return 5 + is_full


def measure(folder: Path, progress: Progress, *, is_full: bool) -> Section:
    """Measure everything."""
    section = Section("memory", is_full)
    rows: list[list[str]] = []
    progress.step("start")
    starts = [_time_start(folder) for _ in range(_FULL_STARTS if is_full else _STARTS)]
    progress.step(f"{_IDLE_CONNECTIONS:,} idle connections")
    idle, connected, count = _measure_idle(folder)
    rows.append(["idle", _mib(idle), ""])
    each = f"{(connected - idle) / max(count, 1) / 1024:.1f} KiB each, besides what the kernel keeps for a socket"
    rows.append([f"{count:,} idle connections", _mib(connected), each])
    progress.step(f"{_LARGE_CONNECTIONS} connections with 25 MiB each")
    spool = _SPOOL if is_full else _SHORT_SPOOL
    large, outcome = _measure_large(folder, spool)
    said = f"{outcome['accepted']} got 250, {_describe(outcome['refusals'])} in {outcome['seconds']:.0f} s"
    rows.append([f"{_LARGE_CONNECTIONS} x 25 MiB at once, max_spool={spool}", _mib(large), said])
    progress.step("churn")
    messages = _FULL_CHURN if is_full else _CHURN
    before, after = _measure_churn(folder, messages)
    grown = f"{(after - before) / 2**20:+.1f} MiB in the second half; {messages:,} messages, a connection each"
    rows.append(["after churn", _mib(after), grown])
    section.tables.append(Table("Memory", ["state", "MiB", "remarks"], rows))
    starting = [f"{statistics.median(starts):.2f} s", f"{min(starts):.2f} to {max(starts):.2f} s"]
    table = [["from the command to the first 220", *starting]]
    section.figures = {"starts_s": starts, "idle": idle, "connected": connected, "connections": count}
    section.figures |= {"large": large, "large_outcome": outcome, "churn_before": before, "churn_after": after}
    if is_full:
        progress.step("the installed environment")
        size, said = _measure_environment()
        table.append(["the installed environment, beyond an empty one", size, said])
        section.figures["environment"] = [size, said]
    section.tables.append(Table("Start and size", ["", "figure", "remarks"], table))
    return section


def _time_start(folder: Path) -> float:
    """Return the seconds from the command to the first 220."""
    port = free_port()
    command = serve_command(folder / "start.db", {"smtp": f"127.0.0.1:{port}"})
    started = time.perf_counter()
    with running(command, log=folder / "start.log") as process:
        while process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
                if peer.recv(100).startswith(b"220"):
                    return time.perf_counter() - started
            time.sleep(0.002)
    raise NotStartedError("edgemail ended")


def _measure_idle(folder: Path) -> tuple[int, int, int]:
    """Return the memory without and with connections, and the number of connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = _IDLE_CONNECTIONS if hard == resource.RLIM_INFINITY else min(_IDLE_CONNECTIONS, hard - 1000)
    with run_edgemail(folder, str(folder / "idle.db")) as server, contextlib.ExitStack() as stack:
        server.tree.settle()
        idle = server.tree.memory_bytes()
        for number in range(wanted):
            stack.enter_context(_connect(server, f"127.0.0.{2 + number // 20_000}"))
        server.tree.settle()
        return idle, server.tree.memory_bytes(), wanted


def _connect(server: Server, source: str) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=30, source_address=(source, 0))
    peer.sendall(b"EHLO idle.example\r\n")
    received = b""
    while b"\r\n250 " not in received:
        received += peer.recv(4096)
    return peer


def _measure_large(folder: Path, spool: str) -> tuple[int, dict[str, Any]]:
    """Return the peak memory, and the results of the messages."""
    with run_edgemail(folder, str(folder / "large.db"), {"max_spool": spool}) as server:
        arguments = [f"--connections={_LARGE_CONNECTIONS}", f"--messages={_LARGE_CONNECTIONS}"]
        with (
            PeakMemory(server.tree) as memory,
            pipelining(server, *arguments, f"--body={_LARGE_BYTES}", "--one-each") as sender,
        ):
            outcome = outcome_of(sender, 500)
        return memory.peak_bytes[server.tree.pid], outcome


def _measure_churn(folder: Path, messages: int) -> tuple[int, int]:
    """Return the memory half-way and at the end of much mail that is received, read and deleted."""
    settings = {"max_messages": "1000", "retention_interval": "1s"}
    with run_edgemail(folder, str(folder / "churn.db"), settings) as server:
        found = []
        for _ in range(2):
            questions = [Question("GET", "/api/inboxes/inbox@example.com/messages")]
            questions += [Question("GET", "/api/inboxes/inbox@example.com/wait?timeout=1")]
            with asking(server.http_port, questions * (messages // 200), connections=2) as readers:
                send(server, Load(4_000, 20, is_reconnecting=True), messages // 2)
                send(server, Load(100_000, 20, is_reconnecting=True), messages // 50)
                answers_of(readers)
            server.tree.settle(60)
            found.append(server.tree.memory_bytes())
        return found[0], found[1]


def _measure_environment() -> tuple[str, str]:
    """Return the size of the installed wheel and its dependencies, and the environment's path."""
    with tempfile.TemporaryDirectory() as name:
        folder, python = Path(name), Path(name) / "venv/bin/python"
        pins = [line.partition(" ")[0] for line in (_ROOT / "requirements/run.txt").read_text().splitlines()]
        (folder / "pins").write_text("\n".join(pin for pin in pins if "==" in pin))
        pip = ["pip", "install", "--quiet", "--disable-pip-version-check"]
        wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        try:
            subprocess.run([*wheel, "-w", folder, _ROOT], check=True, timeout=_PIP_S, capture_output=True)
            subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=_PIP_S)
            empty = _size_of(folder / "venv")
            built = next(folder.glob("*.whl"))
            command: list[str | Path] = [python, "-m", *pip, "-c", folder / "pins", built]
            subprocess.run(command, check=True, timeout=_PIP_S, capture_output=True)
        except (subprocess.SubprocessError, StopIteration) as error:
            return "-", f"not measured: {error}"
        said = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout
        packages = len(said.splitlines()) - 2
        remark = f"wheel {built.stat().st_size / 1e6:.1f} MB; {packages} packages, pip among them"
        return f"{(_size_of(folder / 'venv') - empty) / 2**20:.0f} MiB", remark


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if not path.is_symlink())


def _describe(refusals: dict[str, int]) -> str:
    return ", ".join(f"{count} got {code}" for code, count in sorted(refusals.items())) or "none was refused"


def _mib(octets: int) -> str:
    return f"{octets / 2**20:,.1f}"
