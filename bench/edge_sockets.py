"""Measures what a page reads by sockets: near, far, by TLS, beside a page from memory, and in octets."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import smtplib
import ssl
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright
from testkit.certificate_authority import Authority
from testkit.page_sockets import PageSocket
from testkit.tools import CHROMIUM
from tests.e2e.conftest import FLAGS

from bench.delay import Delay, end_tasks
from bench.edge_reading import DELAY_S, address_of, host, publish, spread
from bench.results import Aim
from bench.servers import run_edgemail
from bench.socket_watch import WATCH_SOCKETS
from edgemail.store import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page
    from testkit.sqld import Sqld

READS = 30
NAVIGATIONS = 20
FIRST_LISTS = 10
_PAUSE_S = 1.2
"""A person's pause: the page keeps a stream for a second, and opens another one after it."""
_BODY = b"Subject: Your code is 481223\r\nFrom: Shop <shop@shop.example>\r\n\r\n" + b"Some words.\r\n" * 160

_GO_AND_READ = """hash => new Promise((resolve) => {
  const note = () => {
    const read = window.reads.at(-1);
    if (read.kind !== "list") return;
    removeEventListener("read", note);
    resolve(read);
  };
  addEventListener("read", note);
  location.hash = hash;
})"""
"""To wait for a condition would draw a frame after the other, which takes the page's time."""
_COUNT = "kind => window.reads.filter((read) => read.kind === kind).length"
_MORE = "([kind, count]) => window.reads.filter((read) => read.kind === kind).length > count"


def measure(replica: Sqld, folder: Path, say: Callable[[str], None]) -> list[Aim]:
    """Measure all of it on databases that `edge_reading.seed` has filled."""
    token = replica.token("ro")
    by_script = asyncio.run(_by_script(replica))  # before Playwright, which has an event loop in this thread
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(host(folder))
        far = stack.enter_context(Delay(replica.http_port, DELAY_S))
        tls = stack.enter_context(_tls(folder, replica.http_port))
        far_tls = stack.enter_context(Delay(tls, DELAY_S))
        memory = stack.enter_context(run_edgemail(folder, "memory"))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            # With an exception for one context Chromium connects twice: once to find the unknown authority.
            executable_path=CHROMIUM,
            args=[*FLAGS, "--ignore-certificate-errors"],
        )
        stack.callback(browser.close)
        near_site = publish(folder, origin, "socket-near", replica.url, token)
        far_site = publish(folder, origin, "socket-far", f"http://127.0.0.1:{far.port}", token)
        tls_site = publish(folder, origin, "socket-tls", f"https://127.0.0.1:{far_tls.port}", token)
        say("an inbox, socket open")
        aims = [by_script, _near(browser, near_site)]
        say("navigation, beside a page from memory")
        aims.append(_navigation(browser, near_site, f"http://127.0.0.1:{memory.http_port}/", memory.port))
        say(f"each read behind {DELAY_S * 1e3:.0f} ms")
        aims.append(_far_reads(browser, far_site))
        for scheme, site, trips in (("ws", far_site, 3.3), ("wss", tls_site, 4.3)):
            say(f"the first list by {scheme}://")
            aims.append(_first_list(browser, site, scheme, trips))
        return aims


def _near(browser: Browser, site: str) -> Aim:
    with open_page(browser) as page:
        page.goto(f"{site}#/{address_of(0)}")
        page.locator("a.message").first.wait_for()
        lists_ms = [read["ms"] for read in (_read_list(page, number) for number in range(1, READS + 5))][4:]
    p50, p95 = spread(lists_ms)
    return Aim(
        "inbox of 50 among 100,000, page to replica, socket open: p50 <= 2.5 ms, p95 <= 5.87 ms",
        f"{p50:.1f} and {p95:.1f} ms",
        p50 <= 2.5 and p95 <= 5.87,
    )


async def _by_script(replica: Sqld) -> Aim:
    """Read as the page does, without a browser: what the socket and the replica take of it."""
    took_ms = []
    async with PageSocket.connect(replica.url, replica.token("ro")) as socket:
        for number in range(4 * READS):
            began = time.perf_counter()
            await socket.ask(schema.LIST_NEWEST_FIRST, [address_of(number), 2**53 - 1, 0, 51])
            took_ms.append((time.perf_counter() - began) * 1e3)
    p50, p95 = spread(took_ms[4:])
    return Aim(
        "the same inbox by a script, without a browser: p50 <= 2.5 ms, p95 <= 5.87 ms",
        f"{p50:.1f} and {p95:.1f} ms",
        p50 <= 2.5 and p95 <= 5.87,
    )


def _navigation(browser: Browser, site: str, memory: str, smtp_port: int) -> Aim:
    with smtplib.SMTP("127.0.0.1", smtp_port, timeout=30) as smtp:
        for _ in range(50):
            smtp.sendmail("shop@shop.example", [address_of(7)], _BODY)
    with open_page(browser) as page:
        times: dict[str, list[float]] = {site: [], memory: []}
        for _ in range(NAVIGATIONS + 3):
            for url, found in times.items():  # by turns: the machine's other work meets both
                page.goto("about:blank")
                page.goto(f"{url}#/{address_of(7)}")
                page.locator("a.message").nth(5).wait_for()
                found.append(float(page.evaluate("() => new Promise(done => requestAnimationFrame(done))")))
    replica_ms, memory_ms = (spread(found[3:])[0] for found in times.values())
    return Aim(
        "from navigation to rows on the screen: within 40 ms of the same page from memory (p50)",
        f"{replica_ms:.0f} beside {memory_ms:.0f} ms",
        replica_ms <= memory_ms + 40,
    )


def _far_reads(browser: Browser, site: str) -> Aim:
    with open_page(browser) as page:
        page.goto(f"{site}#/{address_of(0)}")
        page.locator("a.message").first.wait_for()
        reads_ms = [_read_list(page, number)["ms"] for number in range(1, READS // 2)]
        for at in range(1, 6):
            count = page.evaluate(_COUNT, "message")
            page.locator("a.message").nth(at).click()
            page.wait_for_function(_MORE, arg=["message", count])
            reads_ms.append(_last(page, "message")["ms"])
    trips = spread(reads_ms)[0] / (DELAY_S * 1e3)
    return Aim("each read at 100 ms round trip: <= 1.1 round trips (p50)", f"{trips:.2f}", trips <= 1.1)


def _first_list(browser: Browser, site: str, scheme: str, most: float) -> Aim:
    found = []
    for number in range(FIRST_LISTS):
        with open_page(browser) as page:  # a new context has no connection, and no session of TLS
            page.goto(f"{site}#/{address_of(number)}")
            page.locator("a.message").first.wait_for()
            found.append(_last(page, "list")["opened_ms"] / (DELAY_S * 1e3))
    trips = spread(found)[0]
    return Aim(
        f"first list from opening a {scheme}:// socket at 100 ms: <= {most} round trips (p50)",
        f"{trips:.2f}",
        trips <= most,
    )


@contextlib.contextmanager
def open_page(browser: Browser) -> Iterator[Page]:
    """Open a page in a new context; it notes what it asks by sockets."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH_SOCKETS)
    yield context.new_page()
    context.close()


def _read_list(page: Page, number: int) -> dict[str, Any]:
    """Go to another inbox after a person's pause; return its reading."""
    page.wait_for_timeout(_PAUSE_S * 1e3)
    read: dict[str, Any] = page.evaluate(_GO_AND_READ, f"#/{address_of(number)}")
    return read


def _last(page: Page, kind: str) -> dict[str, Any]:
    read: dict[str, Any] = page.evaluate("kind => window.reads.findLast((read) => read.kind === kind)", kind)
    return read


@contextlib.contextmanager
def _tls(folder: Path, to_port: int) -> Iterator[int]:
    """Run a proxy that ends TLS, as one with a certificate does before a replica; yield its port."""
    (folder / "tls").mkdir()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Authority(folder / "tls").issue("127.0.0.1"))
    port: Future[int] = Future()
    loop = asyncio.new_event_loop()

    async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while octets := await source.read(2**16):
                sink.write(octets)
                await sink.drain()
        sink.close()

    async def serve(near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):  # cancelled only to end: asyncio would log it
            far, to_far = await asyncio.open_connection("127.0.0.1", to_port)
            await asyncio.gather(pass_on(near, to_far), pass_on(far, to_near))

    async def start() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port.set_result(server.sockets[0].getsockname()[1])

    thread = threading.Thread(target=functools.partial(_run, loop, start), daemon=True)
    thread.start()
    try:
        yield port.result(10)
    finally:
        asyncio.run_coroutine_threadsafe(end_tasks(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _run(loop: asyncio.AbstractEventLoop, start: Callable[[], Any]) -> None:
    loop.run_until_complete(start())
    loop.run_forever()
