"""The exported page in a browser: on a static host, in the preview, in the background."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect
from testkit.server_process import THIS_PYTHON, previewing
from testkit.waiting import until

from edgemail.store.remote.hrana import HranaClient, Step
from tests.e2e.conftest import letter, open_message, scroll_to_the_end
from tests.e2e.edge import Valve, static_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.async_api import Page

    from tests.e2e.edge import Edge

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


@pytest.fixture
def no_sockets(edge: Edge) -> Iterator[Valve]:
    """Give a way to the primary that lets no WebSocket through."""
    valve = Valve(edge.primary.http_port, refuses_sockets=True)
    yield valve
    valve.close()


@contextmanager
def host_below_a_path(site: Path) -> Iterator[str]:
    """Serve the folder above the site, as GitHub Pages does for a project."""
    with static_host(site.parent) as origin:
        yield f"{origin}/{site.name}"


@contextmanager
def preview(site: Path) -> Iterator[str]:
    with previewing(site) as (url, _):
        yield url


@pytest.mark.parametrize("host", [host_below_a_path, preview])
async def test_the_exported_page_reads_its_database_and_reaches_nobody_else(
    page: Page, edge: Edge, address: str, tmp_path: Path, host: Callable[[Path], AbstractContextManager[str]]
) -> None:
    """The page of the command loads every file that it requests from its host."""
    token, site = tmp_path / "ro.jwt", tmp_path / "site"
    token.write_text(edge.primary.token("ro"))
    command = [
        *THIS_PYTHON,
        "web",
        "export",
        "--out",
        str(site),
        "--db-url",
        edge.primary.url,
        "--token-file",
        str(token),
    ]
    command += ["--domain", "example.com", "--max-age", "7d"]
    done = await asyncio.to_thread(lambda: subprocess.run(command, timeout=30, check=False))
    assert done.returncode == 0
    asked: dict[str, int] = {}
    sockets: list[str] = []
    page.on("response", lambda answer: asked.update({answer.url: answer.status}))
    page.on("websocket", lambda socket: sockets.append(urlsplit(socket.url).netloc))
    await edge.server.send(letter("Hello"), address)
    with host(site) as url:
        await page.goto(f"{url}/#/{address}")
        await expect(page.locator(".live.on")).to_be_visible()
        await open_message(page, "Hello")
        assert {urlsplit(url_asked).netloc for url_asked in asked} == {urlsplit(url).netloc}
        assert sockets == [urlsplit(edge.primary.url).netloc]
        assert {url_asked: status for url_asked, status in asked.items() if status != 200} == {}


MANY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45)
INSERT INTO mail (date, sender, recipients, size, data)
SELECT '2026-11-24 12:00:00.000', '<>', '<' || ? || '>, ' || hex(zeroblob(120000)), 20,
    'Subject: No ' || i || x'0d0a0d0a' FROM n"""
"""Mail to very many, whose recipients take 240 kB each: sqld's answers have 10 MB at most."""
PUT_IN = "INSERT INTO inbox SELECT ?, id FROM mail WHERE recipients LIKE '<' || ? || '>, %'"


async def test_a_list_too_large_for_one_answer_comes_in_several(page: Page, edge: Edge, address: str) -> None:
    """Strangers can make it that large. sqld refuses to answer then, and the page asks for fewer lines."""
    async with HranaClient(edge.primary.url, edge.primary.token()) as client:
        await client.run([Step(MANY, [address]), Step(PUT_IN, [address, address])], timeout_s=20)
    answers: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: answers.append(str(text))))
    await page.goto(f"{edge.publish([edge.primary.url])}/#/{address}")
    subjects = page.locator("a.message .subject")
    await expect(subjects.first).to_have_text("No 45")
    assert [answer for answer in answers if "RESPONSE_TOO_LARGE" in answer]
    await scroll_to_the_end(page)
    await expect(page.get_by_role("searchbox", name="Search 45 messages")).to_be_visible()
    await scroll_to_the_end(page)
    await expect(subjects.last).to_have_text("No 1")


WATCH = """() => {
  Object.assign(window, { waits: [], asked: 0 });
  const fetched = window.fetch;
  window.fetch = (url, init) => {
    if (/FROM inbox/.test(init?.body)) window.asked++;
    return fetched(url, init);
  };
  const real = window.setTimeout;
  window.setTimeout = (work, ms, ...more) => { window.waits.push(ms); return real(work, ms, ...more); };
  Math.random = () => 0;
}"""
HIDE = """(hidden) => {  // a browser without a window hides no page, so it is told to say so
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
VISIBLE_MS = 2_000


async def test_a_page_in_the_background_asks_less_and_one_that_fails_ever_less(
    quiet_page: Page, edge: Edge, address: str, no_sockets: Valve
) -> None:
    """By requests it polls every 2 s while visible, not at all while hidden, and at once when shown again."""
    page, site = quiet_page, edge.publish([no_sockets.url])
    await page.clock.install()
    await page.goto(f"{site}/#/{address}")
    await expect(page.locator(".live.on")).to_be_visible()
    await page.evaluate(WATCH)

    async def waits_for(ms: int) -> None:
        """Wait until the page has set a timer of that length for its next request."""
        await until(lambda: page.evaluate("(ms) => waits.includes(ms)", ms))
        await page.evaluate("waits.length = 0")

    async def asks_after(ms: int) -> None:
        """Advance the clock; the page makes its request at the end and not earlier."""
        before = await page.evaluate("asked")
        await page.clock.run_for(ms - 1)
        assert await page.evaluate("asked") == before
        await page.clock.run_for(1)
        await until(lambda: page.evaluate("(count) => asked === count", before + 1))  # a socket may be tried first

    await page.clock.pause_at(await page.evaluate("Date.now() + 60_000"))
    await page.evaluate("() => { waits.length = 0; dispatchEvent(new Event('focus')); }")
    await waits_for(VISIBLE_MS)
    await asks_after(VISIBLE_MS)
    await waits_for(VISIBLE_MS)
    await page.evaluate(HIDE, True)
    before = await page.evaluate("asked")
    await page.clock.run_for(150_000)
    assert await page.evaluate("asked") == before
    await page.evaluate(HIDE, False)  # and no time passes
    await waits_for(VISIBLE_MS)
    await page.route(f"{no_sockets.url}/**", lambda route: route.abort())
    waited_ms = VISIBLE_MS
    for longer_ms in (750, 1_500, 3_000):
        await asks_after(waited_ms)
        await waits_for(longer_ms)
        waited_ms = longer_ms
    await page.unroute_all()
    await asks_after(waited_ms)
    await waits_for(VISIBLE_MS)
    await expect(page.locator(".live.on")).to_be_visible()
