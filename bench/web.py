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
    from collections.abc import Sequence

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
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="where JSON goes")
    arguments = parser.parse_args()
    section = Section("web", is_full=True, load_before=os.getloadavg()[0])
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-")))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stack.callback(browser.close)
        _measure(browser, folder, arguments, section)
    for table in section.tables:
        print(table.write(), flush=True)
    for aim in section.aims:
        print(f"{'reached    ' if aim.is_reached else 'NOT REACHED'}  {aim.aim}: {aim.figure}")
    section.save(arguments.out)
    print(f"All figures: {arguments.out}/web.json")


def _measure(browser: Browser, folder: Path, wanted: argparse.Namespace, section: Section) -> None:
    (folder / "program").mkdir()
    (folder / "edge").mkdir()
    with running_server(folder / "program") as server:
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
        sse = web_arrivals.measure(browser, server, server.web, "SSE", wanted.mails, wanted.load, _say)
    with running_edge(folder / "edge") as edge:
        site = edge.publish([edge.primary.url])
        polled = web_arrivals.measure(browser, edge.server, site, "polling sqld", wanted.mails, wanted.load, _say)
    found: dict[str, Sequence[Any]] = {
        "views": vitals,
        "scrolling": scrolled,
        "25 MiB": heavy,
        "arrivals": [sse, polled],
    }
    section.figures |= {name: [asdict(view) for view in several] for name, several in found.items()}
    section.tables += [
        _tell_vitals(vitals),
        _tell_scrolling(scrolled, wanted.listed),
        _tell_heavy(heavy),
        _tell_arrivals([sse, polled]),
    ]
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
        *(
            Aim(
                f"250 to visible, by {arrivals.source}: p95 within {arrivals.aim_ms} ms",
                f"{arrivals.p95_ms:.0f} ms",
                arrivals.p95_ms <= arrivals.aim_ms,
            )
            for arrivals in (sse, polled)
        ),
    ]


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
