"""Measures messages a second and their cost, beside other servers, by turns in several rounds."""

from __future__ import annotations

import contextlib
import itertools
import re
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench import peers, plot
from bench.figures import Spread, ratio
from bench.load import Figure, Load, NotSentError, send, write_size
from bench.peers import ALL, EDGEMAIL, EDGEMAIL_IN_MEMORY, FEW, Keeping, Peer
from bench.processes import PeakMemory
from bench.results import Aim, Section, Table
from bench.servers import NotStartedError, Server, find_tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.progress import Progress

HEADLINE = Load(4000, 50)
ALONE = Load(4000, 1)
LARGE = Load(5_000_000, 10, is_pipelined=True)
"""Above this, smtp-source is too slow, as it writes line by line."""
_PIPELINED = (Load(4000, 10, is_pipelined=True), Load(4000, 50, is_pipelined=True))
_SHORT_ALL = (ALONE, HEADLINE)
_SHORT_FEW = (
    Load(1000, 50),
    Load(100_000, 10),
    Load(5_000_000, 10),
    LARGE,
    Load(4000, 200),
    Load(4000, 50, is_reconnecting=True),
)
CLOSER = (ALONE, HEADLINE, LARGE)
"""Loads with a table and plot of their own. One table has all loads."""
_BODIES = (1000, 4000, 100_000, 5_000_000)
_CONNECTIONS = (1, 10, 50, 200)
_ENOUGH = 20_000
_LARGE_BYTES = 1_000_000
_MAX_BYTES = 400_000_000
"""The most octets of one measurement, as some servers keep all mail in memory."""


@dataclass
class Cell:
    """A server's figures under a load in several rounds, or why it failed."""

    peer: Peer
    load: Load
    figures: list[Figure] = field(default_factory=list)
    failure: str = ""

    @property
    def messages_s(self) -> Spread | None:
        """Messages a second, None after a failure."""
        return (
            Spread.of([figure.messages_s for figure in self.figures]) if self.figures and not self.failure else None
        )

    @property
    def cpu_us(self) -> Spread:
        """CPU microseconds for each message, until the last 250."""
        return Spread.of([figure.cpu_us for figure in self.figures])

    @property
    def all_cpu_us(self) -> Spread:
        """CPU microseconds for each message, with the work after the 250: queues, summaries."""
        return Spread.of([figure.cpu_us + figure.cpu_after_us for figure in self.figures])


@dataclass
class Run:
    """All cells of a run."""

    cells: list[Cell] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    peak_bytes: dict[str, int] = field(default_factory=dict)
    dd_bytes_s: list[float] = field(default_factory=list)

    def of(self, load: Load) -> list[Cell]:
        """Return the cells of a load."""
        return [cell for cell in self.cells if cell.load == load]

    def rate(self, name: str, load: Load) -> float:
        """Return a server's messages a second, 0 without a figure."""
        found = [cell.messages_s for cell in self.of(load) if cell.peer.name == name]
        return found[0].median if found and found[0] else 0.0


def plan(*, is_full: bool, others: Sequence[Peer]) -> list[tuple[Load, Sequence[Peer]]]:
    """Choose the loads, and the servers for each."""
    everyone, few = (*ALL, *others), (*FEW, *others)
    if not is_full:
        pairs = [(load, everyone) for load in _SHORT_ALL] + [(load, few) for load in (*_SHORT_FEW, *_PIPELINED)]
        return list(pairs)
    loads = [
        Load(body, connections, is_reconnecting=is_reconnecting)
        for body, connections, is_reconnecting in itertools.product(_BODIES, _CONNECTIONS, (False, True))
    ]
    return [(load, everyone) for load in (*loads, LARGE, *_PIPELINED)]


def measure(
    work: Sequence[tuple[Load, Sequence[Peer]]], rounds: int, seconds: float, progress: Progress, folder: Path
) -> Run:
    """Measure each load by turns among its servers, in rounds of some seconds.

    Servers start empty for each load, as all loads together would fill a disk.
    """
    run = Run()
    for load, several in work:
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as place:
            _measure_load(run, load, several, rounds, seconds, progress, Path(place))
    return run


def _measure_load(
    run: Run, load: Load, several: Sequence[Peer], rounds: int, seconds: float, progress: Progress, folder: Path
) -> None:
    with contextlib.ExitStack() as stack:
        servers: dict[Peer, Server] = {}
        for peer in several:
            place = folder / re.sub(r"\W+", "-", peer.name)
            place.mkdir()
            try:
                servers[peer] = stack.enter_context(peer.run(place))
            except (NotStartedError, OSError) as error:
                run.missing[peer.name] = str(error)
        ours = [server.tree for server in servers.values() if server.pid is not None]
        memory = stack.enter_context(PeakMemory(*ours))
        cells = [Cell(peer, load) for peer in several if peer in servers]
        run.cells += cells
        counts = {cell.peer: _choose_count(servers[cell.peer], cell, seconds) for cell in cells}
        for turn, cell in itertools.product(range(rounds), cells):
            progress.step(f"{load}, round {turn + 1} of {rounds}: {cell.peer.name}")
            _measure_once(servers[cell.peer], cell, counts[cell.peer])
            if load == LARGE and cell.peer is EDGEMAIL:
                run.dd_bytes_s.append(write_by_dd(folder))
        names = {server.pid: peer.name for peer, server in servers.items()}
        for pid, peak in memory.peak_bytes.items():
            run.peak_bytes[names[pid]] = max(peak, run.peak_bytes.get(names[pid], 0))


def write_by_dd(folder: Path, count: int = 20) -> float:
    """Return the octets a second that `dd` writes with a sync for every 5 MB."""
    file = folder / "dd"
    command = [find_tool("dd", "coreutils"), "if=/dev/zero", f"of={file}", f"bs={LARGE.body_bytes}"]
    done = subprocess.run(
        [*command, f"count={count}", "oflag=dsync"], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}
    )
    file.unlink()
    took = re.search(r", ([\d.e-]+) s,", done.stderr)
    return count * LARGE.body_bytes / float(took[1]) if took else 0.0


def _choose_count(server: Server, cell: Cell, seconds: float) -> int:
    """Choose the number of messages for a time, by a short first run."""
    load = cell.load
    least = load.connections if load.body_bytes >= _LARGE_BYTES else 2 * load.connections + 50
    figure = _measure_once(server, cell, least)
    cell.figures.clear()
    most = min(_ENOUGH * seconds, _MAX_BYTES / load.body_bytes)
    return max(least, int(min(figure.messages_s * seconds, most))) if figure else 0


def _measure_once(server: Server, cell: Cell, messages: int) -> Figure | None:
    if cell.failure:
        return None
    try:
        cell.figures.append(send(server, cell.load, messages))
    except NotSentError as error:
        cell.failure = str(error)
        if server.pid is not None:
            server.tree.settle()
        return None
    return cell.figures[-1]


def report(run: Run, *, is_full: bool) -> Section:
    """Make tables, plots and aims of it."""
    section = Section("throughput", is_full)
    loads = tuple(dict.fromkeys(cell.load for cell in run.cells))
    closer = [load for load in loads if load in CLOSER]
    section.tables += [tabulate(run, load) for load in closer]
    section.tables.append(_tabulate_loads(run, loads))
    section.tables.append(_tabulate_peers(run))
    section.aims = _judge(run)
    for load in closer:
        if len(run.of(load)) > len(FEW) or load == LARGE:
            section.plots[_name(load)] = _draw(run, load)
    section.figures = {
        "cells": [
            {"server": cell.peer.name, "load": asdict(cell.load), "failure": cell.failure}
            | {"rounds": [asdict(figure) for figure in cell.figures]}
            for cell in run.cells
        ],
        "missing": run.missing,
        "peak_bytes": run.peak_bytes,
        "dd_bytes_s": run.dd_bytes_s,
    }
    return section


def tabulate(run: Run, load: Load) -> Table:
    """Make a table of a load: each server's figures."""
    sink, best = run.rate("smtp-sink", load), _best_peer(run, load)
    rows = []
    for cell in run.of(load):
        speed = cell.messages_s
        if speed is None:
            rows.append([cell.peer.name, cell.peer.keeping, "-", cell.failure or "-", "", "", "", ""])
            continue
        spread = f"{speed.low:,.0f} to {speed.high:,.0f}"
        ratios = [_times(ratio(speed.median, other)) for other in (sink, best)]
        cpu = [f"{cell.cpu_us.median:,.0f}", f"{cell.all_cpu_us.median:,.0f}"]
        rows.append([cell.peer.name, cell.peer.keeping, f"{speed.median:,.0f}", spread, *ratios, *cpu])
    columns = ["server", "kept at 250", "messages/s", "spread", "of smtp-sink", "of the best that keeps mail"]
    return Table(_title(load), [*columns, "CPU us/message", "and after"], rows)


def _tabulate_loads(run: Run, loads: Sequence[Load]) -> Table:
    names = list(dict.fromkeys(cell.peer.name for cell in run.cells))
    rows = []
    for load in loads:
        rates = [run.rate(name, load) for name in names]
        ours = [cell for cell in run.of(load) if cell.peer is EDGEMAIL and cell.messages_s]
        cpu = f"{ours[0].cpu_us.median:,.0f}" if ours else "-"
        rows.append([_title(load), *(f"{rate:,.0f}" if rate else "-" for rate in rates), cpu])
    note = "Messages a second, medians. Without one: the server failed, or offers no PIPELINING."
    return Table("All loads", ["", *names, "edgemail's CPU us/message"], rows, note)


def _title(load: Load) -> str:
    kind = ", pipelined" if load.is_pipelined else ", a new one for each message" if load.is_reconnecting else ""
    return f"{write_size(load.body_bytes)}, {load.connections} connection{'s' * (load.connections > 1)}{kind}"


def _name(load: Load) -> str:
    kind = "-pipelined" if load.is_pipelined else "-one-each" if load.is_reconnecting else ""
    return f"{write_size(load.body_bytes).replace(' ', '')}-{load.connections}{kind}"


def _tabulate_peers(run: Run) -> Table:
    rows = []
    for peer in dict.fromkeys(cell.peer for cell in run.cells):
        peak = run.peak_bytes.get(peer.name)
        rows.append([peer.name, peer.keeping, f"{peak / 2**20:,.0f}" if peak else "-"])
    rows += [[name, "-", f"did not start: {reason}"] for name, reason in run.missing.items()]
    note = "The highest sum over a server's processes (of what they share each has its part), over all loads above."
    return Table("Peak memory", ["server", "kept at 250", "MiB"], rows, note)


def _best_peer(run: Run, load: Load) -> float:
    ours = (EDGEMAIL, EDGEMAIL_IN_MEMORY)
    keepers = [cell for cell in run.of(load) if cell.peer not in ours and cell.peer.keeping != Keeping.NOTHING]
    return max((cell.messages_s.median for cell in keepers if cell.messages_s), default=0.0)


def _judge(run: Run) -> list[Aim]:
    aims = []
    for load, name, bound in (
        (HEADLINE, peers.SMTP_SINK.name, 1.0),
        (HEADLINE, peers.AIOSMTPD.name, 7.0),
        (HEADLINE, peers.MAILDEV.name, 10.0),
        (HEADLINE, peers.POSTFIX.name, 8.0),
        (ALONE, peers.SMTP_SINK.name, 0.7),
    ):
        found = ratio(run.rate(EDGEMAIL.name, load), run.rate(name, load))
        if found is not None:
            aims.append(Aim(f"{_title(load)}: {bound:g} times {name}", _times(found), found >= bound))
    if run.dd_bytes_s and run.rate(EDGEMAIL.name, LARGE):
        reference = Spread.of(run.dd_bytes_s).median
        found = run.rate(EDGEMAIL.name, LARGE) * LARGE.body_bytes / reference
        figure = f"{found:.2f} x (dd: {reference / 1e6:,.0f} MB/s)"
        aims.append(Aim(f"{_title(LARGE)}: 0.8 times what dd writes, each 5 MB synced", figure, found >= 0.8))
    for cell in run.of(HEADLINE):
        if cell.peer is EDGEMAIL and cell.messages_s:
            us = cell.cpu_us.median
            aims.append(Aim(f"{_title(HEADLINE)}: at most 120 us of CPU a message", f"{us:.0f} us", us <= 120))
    return aims


def _draw(run: Run, load: Load) -> str:
    done = [(cell.peer, cell.messages_s) for cell in run.of(load) if cell.messages_s]
    done.sort(key=lambda outcome: -outcome[1].median)
    labels = [_label(peer) for peer, _ in done]
    values, ranges = [outcome.median for _, outcome in done], [(outcome.low, outcome.high) for _, outcome in done]
    title = f"Messages a second: {_title(load)}"
    return plot.bar_chart(title, labels, values, ranges=ranges, highlight=_label(EDGEMAIL))


def _label(peer: Peer) -> str:
    return f"{peer.name} *" if peer.keeping == Keeping.SYNCED else peer.name


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} x"
