"""`make bench-web`: what the page costs its reader, in Chromium's own figures, and how soon mail shows up in it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from bench import web_arrivals, web_views
from e2e.conftest import CHROMIUM, FLAGS, running_server
from e2e.edge import running_edge

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from bench.web_arrivals import Arrivals
    from bench.web_views import Heavy, Scrolling, Vitals

RESULTS = Path(__file__).parent / "results"
THROTTLES = (1, 4)


def main() -> None:
    """Measure, and print tables; progress goes to the standard error, all figures to a file."""
    parser = argparse.ArgumentParser(prog="make bench-web", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="loads of each view (5)")
    parser.add_argument("--listed", type=int, default=5_000, help="messages in the inbox that is scrolled (5000)")
    parser.add_argument("--mails", type=int, default=200, help="mails that are waited for, by each source (200)")
    parser.add_argument("--load", type=int, default=200, help="mails a second for other inboxes meanwhile (200)")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-")))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stack.callback(browser.close)
        machine = f"{platform.platform()}, {os.cpu_count()} cores, Chromium {browser.version}"
        print(f"{machine}\n")
        if (load := os.getloadavg()[0]) > 1:
            print(f"The machine is busy with other things (load average {load:.1f}): times are longer for it.\n")
        report = measure(browser, folder, arguments)
    report = {
        "machine": machine,
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z",
        "load average": os.getloadavg(),
    } | report
    RESULTS.mkdir(exist_ok=True)
    out = RESULTS / "web.json"
    out.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nAll figures: {out}")


def measure(browser: Browser, folder: Path, wanted: argparse.Namespace) -> dict[str, object]:
    """Measure everything; return what was found as JSON holds it."""
    report: dict[str, object] = {}
    (folder / "program").mkdir()
    (folder / "edge").mkdir()
    with running_server(folder / "program") as server:
        report["views"] = _tell_vitals(
            [
                web_views.measure_view(browser, server, view, throttle, wanted.rounds, say)
                for view in web_views.prepare(server)
                for throttle in THROTTLES
            ]
        )
        address = web_views.fill(server, wanted.listed, say)
        report["scrolling"] = _tell_scrolling(
            wanted.listed,
            [web_views.scroll(browser, server, address, wanted.listed, one, say) for one in THROTTLES],
        )
        report["25 MiB"] = _tell_heavy(
            [web_views.open_heavy(browser, server, throttle, say) for throttle in THROTTLES]
        )
        sse = web_arrivals.measure(browser, server, server.web, "SSE", wanted.mails, wanted.load, say)
    with running_edge(folder / "edge") as edge:
        site = edge.publish([edge.primary.url])
        polled = web_arrivals.measure(browser, edge.server, site, "polling sqld", wanted.mails, wanted.load, say)
    report["arrivals"] = _tell_arrivals([sse, polled])
    return report


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"  {text}", file=sys.stderr, flush=True)


def _tell_vitals(found: list[Vitals]) -> list[dict[str, object]]:
    print(
        "A view of the served page, loaded into an empty cache; medians, the processor slowed down so many times.\n"
    )
    print("| view | slowed | LCP ms | CLS | INP ms | longest task ms | blocked ms | JS kB | all kB |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    for one in found:
        print(one.row())
    return [one.as_json() for one in found]


def _tell_scrolling(listed: int, found: list[Scrolling]) -> list[dict[str, object]]:
    print(f"\nScrolling an inbox of {listed:,} messages; 16.7 ms a frame are 60 frames a second.\n")
    print("| slowed | frames | p50 ms | p95 ms | longest ms | frames left out |")
    print("| --: | --: | --: | --: | --: | --: |")
    for one in found:
        print(one.row())
    return [one.as_json() for one in found]


def _tell_heavy(found: list[Heavy]) -> list[dict[str, object]]:
    print("\nOpening a message of 25 MiB, from the click to its text on the screen.\n")
    print("| slowed | opened ms | longest task ms |")
    print("| --: | --: | --: |")
    for one in found:
        print(one.row())
    return [one.as_json() for one in found]


def _tell_arrivals(found: list[Arrivals]) -> list[dict[str, object]]:
    print("\nFrom SMTP's 250 to the row on the screen, one mail at a time, while others get mail.\n")
    print("| source | mails | others' mails/s | p50 ms | p95 ms | longest ms | aim: p95 |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    for one in found:
        print(one.row())
    return [one.as_json() for one in found]


if __name__ == "__main__":
    main()
