"""`make bench`: measures edgemail beside other servers; writes tables, plots and JSON."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import catchers, growth, memory, reading, retention, throughput, waiting
from bench.load import Load, parse_load
from bench.peers import Peer, parse_peer
from bench.progress import Progress
from bench.report import write_into, write_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.results import Section

_RESULTS = Path(__file__).parent / "results"
_DOCS = Path(__file__).parents[1] / "docs"
_OTHERS = {
    "peers": catchers,
    "reading": reading,
    "waiting": waiting,
    "memory": memory,
    "growth": growth,
    "retention": retention,
}
_NAMES = ("throughput", *_OTHERS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print tables; progress goes to standard error."""
    chosen = _parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # servers are stopped then as well
    load_before, _, _ = os.getloadavg()  # once, as later the load is the benchmark's own
    if chosen.cell:
        _measure_cells(chosen)
        return
    names = [*_NAMES] if chosen.section == "all" else [chosen.section]
    for name in names:
        if name == "report":
            continue
        section = _measure(name, chosen)
        section.load_before = load_before
        section.save(chosen.out)
        for table in section.tables:
            print(table.write(), flush=True)
        for aim in section.aims:
            print(f"{'reached    ' if aim.is_reached else 'NOT REACHED'}  {aim.aim}: {aim.figure}")
        print()
    write_report(chosen.out)
    print(f"All of it: {chosen.out}/report.md")
    if chosen.docs:
        for page in write_into(_DOCS.rglob("*.md"), chosen.out, _DOCS / "images"):
            print(f"and in {page}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    choices = [*_NAMES, "all", "report"]
    parser.add_argument("section", nargs="?", default="all", choices=choices, help="what to measure; default: all")
    parser.add_argument("--full", action="store_true", help="all loads and sizes: an hour or more, and some 30 GB")
    parser.add_argument(
        "--rounds", type=int, default=3, metavar="N", help="how often each load is sent; default: 3"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="about how long each round takes")
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        type=_peer,
        metavar="NAME=HOST:PORT",
        help="one more server, which runs already and takes mail for inbox@example.com; may be given again",
    )
    parser.add_argument(
        "--cell",
        action="append",
        default=[],
        type=_load,
        metavar="SIZE:CONNECTIONS[:each]",
        help="measure this load alone, among all servers that keep mail; may be given again",
    )
    parser.add_argument("--out", type=Path, default=_RESULTS, metavar="DIR", help="for plots, JSON and report.md")
    parser.add_argument("--docs", action="store_true", help="put the report into the docs' pages as well")
    return parser.parse_args(arguments)


def _peer(text: str) -> Peer:
    try:
        return parse_peer(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _load(text: str) -> Load:
    try:
        return parse_load(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _measure_cells(chosen: argparse.Namespace) -> None:
    for load in chosen.cell:
        with _workplace() as folder, Progress("cell", catchers.CELL_STEPS) as progress:
            table = catchers.measure_cell(folder, progress, load, seconds=chosen.seconds or 1.0)
        print(table.write(), flush=True)


def _measure(name: str, chosen: argparse.Namespace) -> Section:
    with _workplace() as folder:
        if name != "throughput":
            module = _OTHERS[name]
            with Progress(name, module.steps(is_full=chosen.full)) as progress:
                section: Section = module.measure(folder, progress, is_full=chosen.full)
                return section
        work = throughput.plan(is_full=chosen.full, others=chosen.peer)
        seconds = chosen.seconds or (3.0 if chosen.full else 0.8)
        with Progress(name, chosen.rounds * sum(len(several) for _, several in work)) as progress:
            run = throughput.measure(work, chosen.rounds, seconds, progress, folder)
        return throughput.report(run, is_full=chosen.full)


@contextlib.contextmanager
def _workplace() -> Iterator[Path]:
    """Create a temporary folder on the disk for the servers; delete it at the end."""
    # Settings and databases of the user must not change what is measured.
    for variable in [name for name in os.environ if name.startswith(("EDGEMAIL_", "LIBSQL_"))]:
        del os.environ[variable]
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # servers that run as other users must reach their data
        yield Path(folder)


if __name__ == "__main__":
    main()
