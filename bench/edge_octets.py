"""Measures the octets of a page that waits for mail, of this edgemail and of an earlier one."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright
from testkit.sqld import Sqld
from testkit.tools import CHROMIUM
from tests.e2e.conftest import FLAGS

from bench.delay import Delay
from bench.edge_reading import host
from bench.edge_sockets import open_page
from bench.servers import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser

WATCHED_S = 20.0
_SETTLED_MS = 1_500
_HOUR_S = 3_600
_PACES = ((30, 0.25), (120, 0.5), (600, 1.0), (_HOUR_S, 2.0))
"""Until so many seconds after the last use, the page asks by a socket so often."""


@dataclass(frozen=True)
class Polling:
    """The octets that a page moved, and the questions that it asked, within `WATCHED_S`."""

    octets: int
    asks: int
    has_socket: bool

    @property
    def octets_each(self) -> float:
        """The octets of one question and its answer."""
        return self.octets / self.asks

    @property
    def kB_an_hour(self) -> tuple[float, float]:  # noqa: N802 - kB is the unit
        """The kB of an hour: of a page that is left alone, and of one that is used all the time."""
        if not self.has_socket:
            return (self.octets * _HOUR_S / WATCHED_S / 1e3,) * 2
        asks, since_s = 0.0, 0
        for until_s, every_s in _PACES:
            asks += (until_s - since_s) / every_s
            since_s = until_s
        return asks * self.octets_each / 1e3, _HOUR_S / _PACES[0][1] * self.octets_each / 1e3

    def cells(self, name: str) -> list[str]:
        """Return a row of the table."""
        return [name, f"{self.octets_each:,.0f}", str(self.asks), *(f"{kB:,.0f}" for kB in self.kB_an_hour)]


def measure(programs: Mapping[str, Sequence[str]], folder: Path, say: Callable[[str], None]) -> dict[str, Polling]:
    """Let each program export its page, and watch the page wait for mail."""
    found = {}
    for name, program in programs.items():
        say(f"octets of the page {name}")
        with _page_of(program, folder / name) as (site, proxy), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            found[name] = _watch(browser, site, proxy)
            browser.close()
    return found


def _watch(browser: Browser, site: str, proxy: Delay) -> Polling:
    asks, sockets = [], []
    with open_page(browser) as page:
        page.on("request", lambda request: asks.append(request) if request.method == "POST" else None)
        page.on("websocket", lambda socket: sockets.append(socket))
        page.goto(f"{site}#/nobody@mail.example")
        page.locator(".live.on").wait_for()
        page.wait_for_timeout(_SETTLED_MS)
        before, asked = proxy.octets, page.evaluate("window.reads.length") + len(asks)
        ends = time.monotonic() + WATCHED_S
        page.wait_for_timeout((ends - time.monotonic()) * 1e3)
        return Polling(
            proxy.octets - before, page.evaluate("window.reads.length") + len(asks) - asked, bool(sockets)
        )


@contextlib.contextmanager
def _page_of(program: Sequence[str], folder: Path) -> Iterator[tuple[str, Delay]]:
    """Run sqld with a program's tables, and serve that program's page, which reads through a proxy."""
    server = Sqld(folder / "sqld")
    server.start()
    try:
        serve = [*program, "serve", "--smtp=127.0.0.1:0", "--http=127.0.0.1:0", f"--db={server.url}"]
        with running(serve, log=folder / "log", environment={"EDGEMAIL_DB_TOKEN": server.token()}):
            _wait_for(folder / "log")
        (folder / "read.jwt").write_text(server.token("ro"))
        with Delay(server.http_port, 0) as proxy, host(folder) as origin:
            url = f"http://127.0.0.1:{proxy.port}"
            export = ["web", "export", f"--out={folder}/site", f"--db-url={url}", "--domain=mail.example"]
            export += [f"--token-file={folder}/read.jwt"]
            subprocess.run([*program, *export], check=True, capture_output=True, env=os.environ)
            yield f"{origin}/site/", proxy
    finally:
        server.kill()


def _wait_for(log: Path) -> None:
    """Return once the program has said where it listens."""
    deadline = time.monotonic() + 30
    while not re.search(r"http://127", log.read_text()):
        if time.monotonic() > deadline:
            raise TimeoutError(log.read_text())
        time.sleep(0.05)
