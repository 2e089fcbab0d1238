"""Measures retention of many expired messages while mail arrives: waiting times and file size."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import apsw

from bench import plot
from bench.filling import fill
from bench.load import outcome_of, pipelining, send_paced, stop
from bench.results import Aim, Section, Table
from bench.servers import Server, run_edgemail

if TYPE_CHECKING:
    from bench.progress import Progress

_EXPIRED, _FULL_EXPIRED = 100_000, 1_000_000
_RATE_S = 3_000
_SUSTAINED_SHARE = 0.6
"""The most of the full-speed rate to send: a growing queue is no latency."""
_CONNECTIONS = 20
_DAY_S = 86_400.0
_BASELINE_S, _FULL_BASELINE_S = 6.0, 15.0
_PATIENCE_S = 400.0
_LOOK_S = 0.25
_AIM_P99, _AIM_FILE = 3.0, 1.1


@dataclass(frozen=True)
class Look:
    """The file's size and its mail, some seconds after the start."""

    at_s: float
    file_bytes: int
    oldest_id: int


class Watch:
    """Samples a database from outside."""

    def __init__(self, path: Path) -> None:
        self.looks: list[Look] = []
        self._path = path
        self._started = time.monotonic()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(5_000)
        with contextlib.closing(connection):
            while not self._is_over.wait(_LOOK_S):
                oldest = int(str(connection.execute("SELECT coalesce(min(id), 0) FROM mail").get))
                size = sum(Path(f"{self._path}{suffix}").stat().st_size for suffix in ("", "-wal"))
                self.looks.append(Look(time.monotonic() - self._started, size, oldest))


def steps(*, is_full: bool) -> int:
    """Return the number of steps of `measure`."""
    del is_full
    return 4


def measure(folder: Path, progress: Progress, *, is_full: bool) -> Section:
    """Measure everything."""
    section = Section("retention", is_full)
    expired = _FULL_EXPIRED if is_full else _EXPIRED
    path = folder / "expired.db"
    progress.step(f"filling a database with {expired:,} expired messages")
    fill(path, expired, body_bytes=1000, age_s=2 * _DAY_S)
    with run_edgemail(folder, str(path)) as server:
        server.tree.settle(60)
        progress.step("how much it takes")
        rate = _choose_rate(server)
        progress.step(f"{rate:,.0f} messages a second without retention")
        before = send_paced(
            server, rate=rate, seconds=_FULL_BASELINE_S if is_full else _BASELINE_S, connections=_CONNECTIONS
        )
    max_bytes = path.stat().st_size
    progress.step(f"{rate:,.0f} messages a second while {expired:,} go")
    settings = {"max_age": "1d", "max_bytes": str(max_bytes)}
    with Watch(path) as watch, run_edgemail(folder, str(path), settings) as server:
        during, took_s = _send_while_it_sweeps(server, watch, rate, expired)
    _report(section, before, during, watch, rate, took_s, expired, max_bytes)
    return section


def _choose_rate(server: Server) -> float:
    with pipelining(server, "--seconds=2", f"--connections={_CONNECTIONS}") as sender:
        outcome = outcome_of(sender)
    return float(min(_RATE_S, outcome["accepted"] / outcome["seconds"] * _SUSTAINED_SHARE))


def _send_while_it_sweeps(server: Server, watch: Watch, rate: float, expired: int) -> tuple[dict[str, Any], float]:
    """Send until the expired messages are deleted; return the result and the seconds."""
    started = time.monotonic()
    with pipelining(server, f"--rate={rate}", f"--connections={_CONNECTIONS}", "--until-eof") as sender:
        while time.monotonic() - started < _PATIENCE_S and sender.poll() is None:
            time.sleep(_LOOK_S)
            if watch.looks and watch.looks[-1].oldest_id > expired:
                break
        took_s = time.monotonic() - started
        return stop(sender), took_s


def _report(
    section: Section,
    before: dict[str, Any],
    during: dict[str, Any],
    watch: Watch,
    rate: float,
    took_s: float,
    expired: int,
    max_bytes: int,
) -> None:
    is_gone = bool(watch.looks) and watch.looks[-1].oldest_id > expired
    rows = []
    for name, outcome in (("without retention", before), ("while it deletes", during)):
        ms, speed = outcome["commit_ms"], outcome["accepted"] / outcome["seconds"]
        rows.append([name, f"{speed:,.0f}", f"{ms['p50']:.2f}", f"{ms['p99']:.2f}", f"{ms['highest']:.0f}"])
    said = f"gone in {took_s:.0f} s" if is_gone else f"not all gone after {took_s:.0f} s"
    note = f"{expired:,} expired messages of 1 kB, {said}; messages of 4 kB sent at {rate:,.0f} a second."
    columns = ["250 after the message", "messages/s", "p50 ms", "p99 ms", "highest ms"]
    section.tables.append(Table("Retention", columns, rows, note))
    growth = during["commit_ms"]["p99"] / before["commit_ms"]["p99"]
    highest = max((look.file_bytes for look in watch.looks), default=0)
    share = highest / max_bytes
    section.aims += [
        Aim(f"p99 of 250 while {expired:,} go: within 3 times", f"{growth:.1f} x", growth <= _AIM_P99),
        Aim("The file, with its log, within max_bytes and a tenth", f"{share:.2f} x", share <= _AIM_FILE),
    ]
    series = {"MB": [(look.at_s, look.file_bytes / 1e6) for look in watch.looks]}
    section.plots["file"] = plot.line_chart(
        "The file while expired mail goes", series, x_label="seconds", y_label="file and log, MB"
    )
    section.figures = {"rate": rate, "before": before, "during": during, "seconds": took_s, "max_bytes": max_bytes}
    section.figures |= {"highest_bytes": highest, "is_gone": is_gone}
