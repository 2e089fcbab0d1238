"""Measures reading 50 of 100,000 messages in Chromium: from a database, and by an edge reader."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.server
import statistics
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from playwright.sync_api import Request, sync_playwright
from testkit.nginx import running_nginx
from testkit.tools import CHROMIUM, find_nginx

from bench.delay import Delay
from bench.processes import ProcessTree
from bench.servers import run_edge_reader
from bench.socket_watch import WATCH_SOCKETS
from edgemail import mime
from edgemail.edge.export import SiteConfig, export_site, read_database_url
from edgemail.model import Address, Envelope
from edgemail.settings import StoreSettings
from edgemail.store.open import open_store
from edgemail.store.remote.hrana import HranaClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page
    from testkit.sqld import Sqld

MESSAGES = 100_000
INBOX_MESSAGES = 50
OPENINGS = 40
DELAY_S = 0.1
_SEED_ROWS = 2_000
_SETTLES_S = 60.0
_TYPES = (
    "text/html html; text/css css; application/javascript js; application/json json; image/svg+xml svg; "
    "application/manifest+json webmanifest;"
)
_BODY = (
    b"Subject: Your code is 481223\r\nFrom: Shop <shop@shop.example>\r\n\r\n" + b"Some words of a message.\r\n" * 80
)


@dataclass(frozen=True)
class Reading:
    """The times of one way of reading: of the list's request, and until the list is visible."""

    way: str
    request_ms: list[float]
    visible_ms: list[float]

    def cells(self) -> list[str]:
        """Return a row of the table."""
        return [
            self.way,
            *[f"{figure:.1f}" for times_ms in (self.request_ms, self.visible_ms) for figure in spread(times_ms)],
        ]


def seed(primary: Sqld, say: Callable[[str], None]) -> None:
    """Fill a database with messages and their summaries."""
    summary = mime.summarize(_BODY)

    async def work() -> None:
        store = await open_store(StoreSettings(db=primary.url, token=primary.token()))
        try:
            for start in range(0, MESSAGES, _SEED_ROWS):
                say(f"seeding, {start:,} of {MESSAGES:,}")
                ids = await asyncio.gather(
                    *[store.add(_envelope(number)) for number in range(start, start + _SEED_ROWS)]
                )
                await store.add_summaries([(mail_id, summary) for mail_id in ids])
        finally:
            await store.close()

    asyncio.run(work())


def wait_for_replica(replica: Sqld, primary: Sqld) -> None:
    """Return once a replica has every message with its summary, and both servers are idle.

    A primary goes on for seconds: it writes a snapshot of what was added. Reads then take twice the time.
    """

    async def work() -> None:
        async with HranaClient(replica.url, replica.token("ro")) as client, asyncio.timeout(120):
            while True:
                with contextlib.suppress(Exception):
                    if await client.query("SELECT count(*) FROM summary") == [(MESSAGES,)]:
                        return
                await asyncio.sleep(0.2)

    asyncio.run(work())
    for server in (primary, replica):
        ProcessTree(server.pid).settle(_SETTLES_S)


def measure(primary: Sqld, replica: Sqld, folder: Path, say: Callable[[str], None]) -> list[Reading]:
    """Read the inbox in each of the ways, by turns."""
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(host(folder))
        token = primary.token("ro")
        far = stack.enter_context(Delay(primary.http_port, DELAY_S))
        reader = stack.enter_context(run_edge_reader(replica.url, token))
        far_reader = stack.enter_context(Delay(reader.http_port, DELAY_S))
        ways = {
            "straight from a replica": publish(folder, origin, "near", replica.url, token),
            "through an edge reader": f"http://127.0.0.1:{reader.http_port}/",
            f"straight from a primary behind {DELAY_S * 1e3:.0f} ms": publish(
                folder, origin, "far", f"http://127.0.0.1:{far.port}", token
            ),
            f"through a reader behind {DELAY_S * 1e3:.0f} ms": f"http://127.0.0.1:{far_reader.port}/",
        }
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        stack.callback(browser.close)
        readings: list[Reading] = []
        for way, url in ways.items():
            say(way)
            page = browser.new_context().new_page()
            page.add_init_script(WATCH_SOCKETS)
            both = [_open(page, url) for _ in range(OPENINGS)][5:]  # the first ones warm the browser's caches
            readings.append(Reading(way, [reading for reading, _ in both], [two for _, two in both]))
            page.close()
        return readings


def _open(page: Page, url: str) -> tuple[float, float]:
    """Open the inbox; return the ms of the list's request, and until the list is visible."""
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    page.on("requestfinished", note)
    page.goto("about:blank")
    page.goto(f"{url}#/{address_of(7)}")
    page.locator("a.message").first.wait_for()
    visible_ms = page.evaluate("() => performance.now()")
    page.remove_listener("requestfinished", note)
    by_socket = page.evaluate("() => window.reads.find((read) => read.kind === 'list')?.ms")
    if by_socket is not None:
        return float(by_socket), float(visible_ms)
    (listing, *_) = [request for request in requests if _is_listing(request)]
    timing = listing.timing
    return timing["responseEnd"] - timing["requestStart"], float(visible_ms)


def _is_listing(request: Request) -> bool:
    return "/messages?" in request.url or (request.method == "POST" and "FROM inbox" in (request.post_data or ""))


def address_of(number: int) -> str:
    """Return the address of an inbox of `seed`."""
    return f"inbox{number}@mail.example"


def _envelope(number: int) -> Envelope:
    inbox = address_of(number % (MESSAGES // INBOX_MESSAGES))
    return Envelope(Address("shop", "shop.example"), (inbox,), _BODY, datetime.now(UTC))


def publish(folder: Path, origin: str, name: str, url: str, token: str) -> str:
    """Export the page for a database into the folder of a host; return its URL."""
    export_site(SiteConfig((read_database_url(url),), token, (), None), folder / name)
    return f"{origin}/{name}/"


class _Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing."""


@contextlib.contextmanager
def host(folder: Path) -> Iterator[str]:
    """Serve a folder as static hosts do, by nginx where it is installed; yield its origin."""
    if find_nginx() is not None:
        with running_nginx(folder / "nginx", f"root {folder}; types {{ {_TYPES} }}") as url:
            yield url.rstrip("/")
        return
    handler = functools.partial(_Files, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def spread(series: list[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile."""
    return statistics.median(series), statistics.quantiles(series, n=20)[-1]
