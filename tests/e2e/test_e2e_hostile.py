"""Mail that means harm: nothing runs, nothing is asked for, nothing goes anywhere.

Two walls stand around a message's HTML: the policy (of the frame and of the page) and the sanitiser. Each is
tested with the other one taken out of the bundle, and a bundle without both shows that the vectors are sharp.
"""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from conftest import ROOT, letter
from hostile_vectors import VECTORS, write_out
from playwright.async_api import expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from conftest import Server
    from playwright.async_api import BrowserContext, Page, Route

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = sorted(VECTORS)
HERE = "frame went to http://127.0.0.1:"


class Canary:
    """Counts connections, of HTTP, of TLS and of nothing at all: none may come."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[str] = []

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = self.heard
        heard.append("a connection")
        place = len(heard) - 1
        head = await reader.read(1000)
        heard[place] = head.split(b"\r\n")[0].decode("latin-1") if head[:1].isalpha() else "TLS"
        writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def canary() -> AsyncIterator[Canary]:
    made = Canary()
    listening = await asyncio.start_server(made.hear, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hostile_inbox(server: Server, canary: Canary) -> str:
    """An inbox that holds each vector, aimed over TLS, which the page's policy allows, and over plain HTTP."""
    address = "hostile@example.com"
    html = [f"{write_out(VECTORS[name], f'127.0.0.1:{canary.port}')}<p>the end of it</p>" for name in ALL]
    await server.send_all([letter(name, None, body) for name, body in zip(ALL, html, strict=True)], address)
    return address


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    return Bundles(tmp_path_factory.mktemp("bundles"))


class Bundles:
    """The page with a wall left out, built once each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, *doubles: str) -> Path:
        out = self._folder / "-".join(doubles)
        if not out.exists():
            flags = [flag for name in doubles for flag in ("--double", name)]
            without = ["--without-policy"] if "policy" in doubles else []
            build = ["node", "build.mjs", "--out", str(out), *flags, *without]
            subprocess.run(build, cwd=ROOT / "web", check=True, capture_output=True)
        return out


async def serve_instead(context: BrowserContext, folder: Path) -> None:
    """Answer for the page from another bundle, without the server's headers; the API stays the server's."""

    async def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        file = folder / (path.lstrip("/") or "index.html")
        if file.is_file():
            await route.fulfill(path=file)
        else:
            await route.continue_()

    await context.route(lambda url: url.startswith("http://127.0.0.1"), answer)


class Watch:
    """What a message did to the page that showed it."""

    def __init__(self, page: Page, canary: Canary) -> None:
        self._page = page
        self._canary = canary
        self._events: list[str] = []
        page.on("dialog", lambda dialog: self._note(f"dialog {dialog.message}", dialog.dismiss()))
        page.context.on("page", lambda opened: self._note(f"window {opened.url}"))
        page.on("framenavigated", lambda frame: self._note(f"frame went to {frame.url}"))

    def _note(self, event: str, *_: object) -> None:
        if not event.startswith(("frame went to about:srcdoc", "frame went to about:blank", HERE)):
            self._events.append(event)

    async def read(self, hash_: str, subject: str) -> list[str]:
        """Open a message, wait until its frame has come to rest, and tell what happened."""
        self._events.clear()
        self._canary.heard = []
        await self._page.evaluate("hash => { location.hash = hash }", hash_)
        await expect(self._page.locator(".title")).to_have_text(subject)
        frame = await (await self._page.wait_for_selector("iframe")).content_frame()
        assert frame is not None
        await frame.wait_for_load_state("load")
        await self._page.evaluate(REST)
        ran = await self._page.evaluate("window.ran !== undefined")
        inner = [f"frame of {frame.url}" for frame in self._page.frames[2:]]
        at = urlsplit(self._page.url).fragment
        moved = [] if at == hash_.lstrip("#") else [f"page at {self._page.url}"]
        return [*sorted(self._canary.heard), *self._events, *(["a script ran"] if ran else []), *inner, *moved]


# Long enough for the browser to have started what it would start: it is idle, and has painted, twice.
REST = """async () => {
  const idle = () => new Promise((go) => requestIdleCallback(go, { timeout: 300 }));
  const paint = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  await idle(); await paint(); await idle(); await paint();
}"""


async def read_all(page: Page, canary: Canary, address: str, server: Server) -> dict[str, list[str]]:
    """Open every vector in turn; return what each did, those that did nothing left out."""
    watch = Watch(page, canary)
    ids = await list_ids(page, server, address)
    assert sorted(ids) == ALL
    await page.goto(f"/#/{address}")
    await expect(page.locator("a.message").first).to_be_visible()
    done = {subject: await watch.read(f"#/{address}/{number}", subject) for subject, number in ids.items()}
    return {subject: what for subject, what in done.items() if what}


async def list_ids(page: Page, server: Server, address: str) -> dict[str, int]:
    answer = await page.request.get(f"{server.web}/api/inboxes/{address}/messages?limit=100")
    return {message["subject"]: message["id"] for message in (await answer.json())["messages"]}


async def test_there_are_enough_vectors() -> None:
    assert len(VECTORS) >= 60


async def test_with_both_walls_up_no_vector_does_anything(
    quiet_page: Page, canary: Canary, hostile_inbox: str, server: Server
) -> None:
    assert await read_all(quiet_page, canary, hostile_inbox, server) == {}


async def test_with_the_sanitiser_off_the_policy_holds(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    await serve_instead(context, bundles.build("sanitise"))
    assert await read_all(quiet_page, canary, hostile_inbox, server) == {}


async def test_with_the_policy_off_the_sanitiser_holds(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    await serve_instead(context, bundles.build("policy"))
    assert await read_all(quiet_page, canary, hostile_inbox, server) == {}


async def test_with_both_walls_down_the_vectors_bite(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    """Otherwise the three tests above would show nothing."""
    await serve_instead(context, bundles.build("sanitise", "policy"))
    bitten = await read_all(quiet_page, canary, hostile_inbox, server)
    assert len(bitten) >= 40, sorted(bitten)
    assert not any("a script ran" in what for what in bitten.values()), "the sandbox alone stops scripts"
