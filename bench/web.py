"""`make bench-web`: measures the page in Chromium, and how soon mail appears in it."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, sync_playwright
from testkit.tools import CHROMIUM
from tests.e2e.conftest import FLAGS, running_server
from tests.e2e.edge import running_edge

from bench import web_arrivals, web_views
from bench.results import Aim, Section, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.e2e.conftest import Server

_THROTTLES = (1, 4)
_FRAME_MS = 1000 / 60
_SECOND_MS = 1000


def main() -> None:
    """Measure, print tables and save the figures; progress goes to standard error."""
    parser = argparse.ArgumentParser(prog="make bench-web", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="loads of each view (5)")
    parser.add_argument("--listed", type=int, default=5_000, help="messages in the inbox that is scrolled (5000)")
    parser.add_argument("--mails", type=int, default=200, help="mails that are waited for, by each source (200)")
    parser.add_argument("--load", type=int, default=200, help="mails a second for other inboxes meanwhile (200)")
    parser.add_argument("--arrivals", action="store_true", help="measure from 250 to visible, and nothing else")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="where JSON goes")
    arguments = parser.parse_args()
    section = Section("web", is_full=True, load_before=os.getloadavg()[0])
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-")))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stack.callback(browser.close)
        if not arguments.arrivals:
            _measure_views(browser, folder, arguments, section)
        _measure_arrivals(browser, folder, arguments, section)
    for table in section.tables:
        print(table.write(), flush=True)
    for aim in section.aims:
        print(f"{'reached    ' if aim.is_reached else 'NOT REACHED'}  {aim.aim}: {aim.figure}")
    section.save(arguments.out)
    print(f"All figures: {arguments.out}/web.json")


def _measure_views(browser: Browser, folder: Path, wanted: argparse.Namespace, section: Section) -> None:
    with _program(folder, "views") as server:
        vitals = [
            web_views.measure_view(browser, server, view, throttle, wanted.rounds, _say)
            for view in web_views.prepare(server)
            for throttle in _THROTTLES
        ]
        address = web_views.fill(server, wanted.listed, _say)
        scrolled = [
            web_views.scroll(browser, server, address, wanted.listed, throttle, _say) for throttle in _THROTTLES
        ]
        heavy = [web_views.open_heavy(browser, server, throttle, _say) for throttle in _THROTTLES]
    found: dict[str, Sequence[Any]] = {"views": vitals, "scrolling": scrolled, "25 MiB": heavy}
    section.figures |= {name: [asdict(view) for view in several] for name, several in found.items()}
    section.tables += [_tell_vitals(vitals), _tell_scrolling(scrolled, wanted.listed), _tell_heavy(heavy)]
    section.aims += [
        Aim(
            f"scrolling {wanted.listed:,} messages: 60 frames a second (p95)",
            f"{scrolled[0].p95_ms:.1f} ms a frame",
            scrolled[0].p95_ms <= _FRAME_MS + 1,
        ),
        Aim(
            "a message of 25 MiB: the page answers within a second",
            f"{heavy[0].longest_task_ms:.0f} ms at most",
            heavy[0].longest_task_ms <= _SECOND_MS,
        ),
    ]


def _measure_arrivals(browser: Browser, folder: Path, wanted: argparse.Namespace, section: Section) -> None:
    (folder / "edge").mkdir()
    with _program(folder, "arrivals") as server:
        sse = web_arrivals.measure(browser, server, server.web, "SSE", wanted.mails, wanted.load, _say)
    with running_edge(folder / "edge") as edge:
        site, source = edge.publish([edge.primary.url]), "straight from sqld"
        polled = web_arrivals.measure(browser, edge.server, site, source, wanted.mails, wanted.load, _say)
    section.figures["arrivals"] = [asdict(arrivals) for arrivals in (sse, polled)]
    section.tables.append(_tell_arrivals([sse, polled]))
    for arrivals in (sse, polled):
        p50_ms, p95_ms = arrivals.aims_ms
        section.aims.append(
            Aim(
                f"250 to visible, {arrivals.source}: p50 <= {p50_ms} ms, p95 <= {p95_ms} ms",
                f"{arrivals.p50_ms:.0f} and {arrivals.p95_ms:.0f} ms",
                arrivals.p50_ms <= p50_ms and arrivals.p95_ms <= p95_ms,
            )
        )


@contextlib.contextmanager
def _program(folder: Path, name: str) -> Iterator[Server]:
    (folder / name).mkdir()
    with running_server(folder / name) as server:
        yield server


def _say(text: str) -> None:
    """Print progress."""
    print(f"  {text}", file=sys.stderr, flush=True)


def _tell_vitals(found: list[web_views.Vitals]) -> Table:
    columns = ["view", "slowed", "LCP ms", "CLS", "INP ms", "longest task ms", "blocked ms", "JS kB", "all kB"]
    note = "Loaded into an empty cache; medians, the processor slowed down so many times."
    return Table("A view of the served page", columns, [finding.cells() for finding in found], note)


def _tell_scrolling(found: list[web_views.Scrolling], listed: int) -> Table:
    columns = ["slowed", "frames", "p50 ms", "p95 ms", "longest ms", "frames left out"]
    note = "16.7 ms a frame are 60 frames a second."
    return Table(
        f"Scrolling an inbox of {listed:,} messages", columns, [finding.cells() for finding in found], note
    )


def _tell_heavy(found: list[web_views.Heavy]) -> Table:
    columns = ["slowed", "opened ms", "longest task ms"]
    note = "From the click to its text on the screen."
    return Table("Opening a message of 25 MiB", columns, [finding.cells() for finding in found], note)


def _tell_arrivals(found: list[web_arrivals.Arrivals]) -> Table:
    columns = ["source", "mails", "others' mails/s", "p50 ms", "p95 ms", "longest ms"]
    note = "One mail at a time, while others get mail."
    return Table("From SMTP's 250 to the row on the screen", columns, [finding.cells() for finding in found], note)


if __name__ == "__main__":
    main()
