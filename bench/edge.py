"""`make bench-edge`: measures mail into sqld, and from its replicas to a browser, near and far."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from testkit.sqld import Sqld

from bench import edge_lock, edge_octets, edge_reading, edge_scale, edge_sockets
from bench.load import Load, send
from bench.plot import bar_chart
from bench.results import Aim, Section, Table
from bench.servers import Server, run_edgemail

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECTIONS = (1, 10, 50)
_SECONDS = 5.0
_BODY_OCTETS = 4000
_FAMOUS_MS = 5.87
"""The time of reading a mailbox that the original program's author published."""


def main() -> None:
    """Measure, print tables and save the figures; progress goes to standard error."""
    parser = argparse.ArgumentParser(prog="make bench-edge", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(_PARTS)}; all of it by default"
    )
    parser.add_argument(
        "--before", type=Path, metavar="EDGEMAIL", help="an earlier edgemail, whose page's octets are measured too"
    )
    parser.add_argument("--out", type=Path, default=Path("bench/results"), help="where JSON and plots go")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(_PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    section = Section("edge", is_full=True, load_before=os.getloadavg()[0])
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        for name, measured in _PARTS.items():
            if name not in (chosen.parts or _PARTS):
                continue
            section.tables.append(measured(Path(folder), section, chosen))
            print(section.tables[-1].write(), flush=True)
    for aim in section.aims:
        print(f"{aim.aim}: {aim.figure}, {'reached' if aim.is_reached else 'NOT REACHED'}")
    section.save(chosen.out)
    print(f"Plots and JSON are in {chosen.out}/")


def _measure_ingest(folder: Path, section: Section, _chosen: argparse.Namespace) -> Table:
    rows = []
    with (
        _run_sqld(folder / "ingest") as primary,
        run_edgemail(folder, primary.url, EDGEMAIL_DB_TOKEN=primary.token()) as server,
    ):
        for connections in _CONNECTIONS:
            _say(f"ingest, {connections} connections")
            rows.append((connections, *_measure_sending(primary, server, connections)))
    section.figures["ingest"] = rows
    section.plots["ingest"] = bar_chart(
        "Messages of 4 kB a second into sqld",
        [f"{connections} connections" for connections, *_ in rows],
        [messages_s for _, messages_s, *_ in rows],
    )
    return Table(
        f"Messages of {_BODY_OCTETS} octets into sqld",
        ["connections", "messages/s", "messages in a commit", "CPU us/message"],
        [[str(count), f"{rate:,.0f}", f"{batch:.1f}", f"{cpu:.0f}"] for count, rate, batch, cpu in rows],
        "sqld runs on the same machine. CPU is edgemail's alone.",
    )


def _measure_lock(folder: Path, section: Section, _chosen: argparse.Namespace) -> Table:
    with (
        _run_sqld(folder / "lock") as primary,
        _run_sqld(folder / "lock-replica", primary) as replica,
        run_edgemail(folder, primary.url, EDGEMAIL_DB_TOKEN=primary.token()) as server,
    ):
        rows = [ingest.cells() for ingest in edge_lock.measure(primary, replica, server, _say)]
    section.figures["lock"] = rows
    return Table(
        "While others hold the write lock in a loop, with read-only tokens",
        ["held by", "kept/s", "told 451", "answered in, p50 (s)", "at most (s)"],
        rows,
        f"{edge_lock.SENDERS} senders for {edge_lock.SECONDS:.0f} s.",
    )


def _measure_reading(folder: Path, section: Section, _chosen: argparse.Namespace) -> Table:
    with _run_sqld(folder / "primary") as primary, _run_sqld(folder / "replica", primary) as replica:
        edge_reading.seed(primary, _say)
        edge_reading.wait_for_replica(replica, primary)
        (folder / "site").mkdir()
        readings = edge_reading.measure(primary, replica, folder / "site", _say)
    ways = [reading.way for reading in readings]
    for name, title, series in (
        ("request", "The list's request, ms: median, and up to p95", [reading.request_ms for reading in readings]),
        (
            "visible",
            "From the address bar to the list on the screen, ms",
            [reading.visible_ms for reading in readings],
        ),
    ):
        spreads = [edge_reading.spread(sery) for sery in series]
        section.plots[name] = bar_chart(title, ways, [p50 for p50, _ in spreads], unit="ms", ranges=spreads)
    section.figures["reading"] = {
        reading.way: {"request_ms": reading.request_ms, "visible_ms": reading.visible_ms} for reading in readings
    }
    near_ms, _ = edge_reading.spread(readings[0].request_ms)
    section.aims.append(
        Aim(f"an inbox read {ways[0]}: p50 under {_FAMOUS_MS} ms", f"{near_ms:.1f} ms", near_ms < _FAMOUS_MS)
    )
    return Table(
        f"An inbox of {edge_reading.INBOX_MESSAGES} messages among {edge_reading.MESSAGES:,}, opened in Chromium",
        ["read", "request p50 (ms)", "p95", "visible p50 (ms)", "p95"],
        [reading.cells() for reading in readings],
        "The request as a developer console times it, and from the address bar to the list on the screen.",
    )


def _measure_sockets(folder: Path, section: Section, _chosen: argparse.Namespace) -> Table:
    with (
        _run_sqld(folder / "sockets-primary") as primary,
        _run_sqld(folder / "sockets-replica", primary) as replica,
    ):
        edge_reading.seed(primary, _say)
        edge_reading.wait_for_replica(replica, primary)
        (folder / "sockets-site").mkdir()
        aims = edge_sockets.measure(replica, folder / "sockets-site", _say)
    section.aims += aims
    rows = [[aim.aim, aim.figure, "yes" if aim.is_reached else "no"] for aim in aims]
    return Table("What a page reads by a socket", ["aim", "figure", "reached"], rows)


def _measure_octets(folder: Path, section: Section, chosen: argparse.Namespace) -> Table:
    programs = {"now": [sys.executable, "-m", "edgemail"]}
    if chosen.before:
        programs = {"before": [str(chosen.before.absolute())]} | programs
    (folder / "octets").mkdir()
    found = edge_octets.measure(programs, folder / "octets", _say)
    section.figures["octets"] = {name: polling.kB_an_hour for name, polling in found.items()}
    return Table(
        "What an hour of asking for new mail costs, without any mail",
        ["page", "octets each time", "asks in 20 s", "kB an hour, left alone", "kB an hour, used all the time"],
        [polling.cells(name) for name, polling in found.items()],
        "Octets of TCP's payload in both directions. 0.1.0 asks every 2 s, used or not.",
    )


def _measure_scale(folder: Path, section: Section, _chosen: argparse.Namespace) -> Table:
    rows = []
    for count in (1, 2, 4):
        _say(f"{count} programs on one sqld")
        with _run_sqld(folder / f"scale-{count}") as primary:
            rows.append(edge_scale.measure(primary, folder, count))
    section.figures["scale"] = [row.figures for row in rows]
    return Table(
        "Several programs on one sqld, messages of 4 kB",
        [
            "programs",
            "messages/s",
            "in a commit",
            "commits/s",
            "sqld's CPU us/message",
            "each program's CPU us/message",
        ],
        [row.cells() for row in rows],
        f"{edge_scale.CONNECTIONS} connections to each; senders, programs and sqld share one machine.",
    )


def _measure_sending(primary: Sqld, server: Server, connections: int) -> tuple[float, float, float]:
    """Return messages a second, messages per commit, and CPU microseconds per message."""
    first = send(server, Load(_BODY_OCTETS, connections), 20 * connections)
    commits, before = edge_scale.count_kept(primary)
    messages = max(10 * connections, int(first.messages_s * _SECONDS))
    figure = send(server, Load(_BODY_OCTETS, connections), messages)
    more_commits, more_messages = edge_scale.count_kept(primary)
    return figure.messages_s, (more_messages - before) / (more_commits - commits), figure.cpu_us


@contextlib.contextmanager
def _run_sqld(folder: Path, primary: Sqld | None = None) -> Iterator[Sqld]:
    server = Sqld(folder) if primary is None else Sqld(folder, primary=primary, key=primary.key)
    server.start()
    try:
        yield server
    finally:
        server.kill()


_PARTS = {
    "ingest": _measure_ingest,
    "lock": _measure_lock,
    "reading": _measure_reading,
    "sockets": _measure_sockets,
    "octets": _measure_octets,
    "scale": _measure_scale,
}


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
