"""Mail that means harm: nothing runs, nothing is asked for, nothing goes anywhere.

Two walls stand around a message's HTML: the policy (of the frame and of the page) and the sanitiser. Each is
tested with the other one taken out of the bundle, and a bundle without both shows that the vectors are sharp.
A hand presses what asks for one.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import expect

from tests.e2e.conftest import ROOT, letter
from tests.e2e.hostile_vectors import ASKING, LETTERS, RUNNING, VECTORS, name_of, write_letter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from playwright.async_api import BrowserContext, Dialog, Page, Route

    from tests.e2e.canary import Canary
    from tests.e2e.conftest import Server

    Look = Callable[[Page], Awaitable[None]]

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRESS_MS = 500


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hostile_inbox(server: Server, canary: Canary) -> str:
    """Fill an inbox with each letter, aimed at HTTPS (which the policy allows) and at HTTP."""
    address = "hostile@example.com"
    await send_letters(server, canary, address)
    return address


async def send_letters(server: Server, canary: Canary, address: str) -> None:
    origins = [canary.https, canary.http]
    await server.send_all([letter(subject, None, write_letter(subject, origins)) for subject in LETTERS], address)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    return Bundles(tmp_path_factory.mktemp("bundles"))


class Bundles:
    """Builds the page without one of its defences, once each."""

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
    """Serve the page from another bundle without headers; the API stays the server's."""

    async def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        file = folder / (path.lstrip("/") or "index.html")
        if file.is_file():
            await route.fulfill(path=file)
        else:
            await route.continue_()

    await context.route(lambda url: url.startswith("http://127.0.0.1"), answer)


@dataclass
class Deeds:
    """The effects of a letter."""

    connections: int = 0
    requests: list[str] = field(default_factory=list)
    """Requests to the canary."""
    ran: list[int] = field(default_factory=list)
    """Numbers of the vectors whose script ran and reported it."""
    moves: list[str] = field(default_factory=list)
    """Dialogs, windows, and navigated frames, without those that the browser blocked."""

    def fetched(self) -> set[str]:
        return {name_of(request) for request in self.requests if not request.endswith("/ran")}

    def has_run(self) -> set[str]:
        """Return the vectors whose script ran; some can report it by a request only."""
        return {name_of(number) for number in self.ran} | {
            name_of(request) for request in self.requests if request.endswith("/ran")
        }


async def look_once(page: Page) -> None:
    """Look at a letter as it is first shown."""


class Watch:
    """Opens letters and records the effects of each."""

    def __init__(self, page: Page, canary: Canary, look: Look = look_once) -> None:
        self._page = page
        self._canary = canary
        self._look = look
        self._moves: list[str] = []
        page.on("dialog", self._dismiss)
        page.context.on("page", self._close)
        page.on("framenavigated", lambda frame: self._moves.append(f"frame {frame.url}"))

    async def _dismiss(self, dialog: Dialog) -> None:
        self._moves.append(f"dialog {dialog.message}")
        await dialog.dismiss()

    async def _close(self, opened: Page) -> None:
        self._moves.append(f"window {opened.url}")
        await opened.close()

    async def read(self, hash_: str, subject: str) -> Deeds:
        """Open a letter, click its targets, and wait until its frame is idle."""
        self._moves.clear()
        self._canary.forget()
        await self._page.evaluate("hash => { delete window.ran; location.hash = hash }", hash_)
        await expect(self._page.locator(".title")).to_have_text(subject)
        element = await self._page.locator(".frame iframe").element_handle()
        frame = await element.content_frame()
        assert frame is not None
        await frame.wait_for_load_state("load")
        for place in await frame.locator(".press").all():
            with suppress(PlaywrightError):  # nothing that shows, or gone by what was pressed before
                await place.click(force=True, timeout=PRESS_MS)
        await self._look(self._page)
        await self._page.evaluate(REST)
        here = f"frame {self._page.url}"
        return Deeds(
            self._canary.connections,
            self._canary.requests,
            await self._page.evaluate("window.ran ?? []"),
            [move for move in self._moves if move != here and move not in HARMLESS],
        )


HARMLESS = {f"frame {url}" for url in ("", "about:blank", "about:srcdoc", "chrome-error://chromewebdata/")}

# Long enough for the browser to have started what it would start: it has been idle, and has painted.
REST = """async () => {
  const idle = () => new Promise((go) => requestIdleCallback(go, { timeout: 300 }));
  const paint = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  await idle(); await paint();
}"""


async def read_all(
    page: Page,
    canary: Canary,
    address: str,
    server: Server,
    subjects: Iterable[str] = LETTERS,
    look: Look = look_once,
) -> dict[str, Deeds]:
    """Open each letter and look at it; return the effects of those that had any."""
    watch = Watch(page, canary, look)
    ids = await list_ids(page, server, address)
    assert sorted(ids) == sorted(LETTERS)
    await page.goto(f"/#/{address}")
    await expect(page.locator("a.message").first).to_be_visible()
    done = {subject: await watch.read(f"#/{address}/{ids[subject]}", subject) for subject in subjects}
    return {subject: deeds for subject, deeds in done.items() if deeds != Deeds()}


async def list_ids(page: Page, server: Server, address: str) -> dict[str, int]:
    """Return the id of each letter by its subject."""
    answer = await page.request.get(f"{server.web}/api/inboxes/{address}/messages?limit=200")
    return {message["subject"]: message["id"] for message in (await answer.json())["messages"]}


async def test_there_are_enough_vectors() -> None:
    assert len(VECTORS) >= 300
    assert len(LETTERS) <= 200, "as many as one page of the API lists"


@pytest.mark.slow
async def test_with_both_walls_up_no_vector_does_anything(
    quiet_page: Page, canary: Canary, hostile_inbox: str, server: Server
) -> None:
    assert await read_all(quiet_page, canary, hostile_inbox, server) == {}


@pytest.mark.slow
async def test_with_the_policy_off_the_sanitiser_holds(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    await serve_instead(context, bundles.build("policy"))
    assert await read_all(quiet_page, canary, hostile_inbox, server) == {}


@pytest.mark.slow
async def test_with_the_sanitiser_off_the_policy_holds(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    """No request goes out. A bare connection may: Chromium opens one ahead for a frame that it then blocks."""
    await serve_instead(context, bundles.build("sanitise"))
    done = await read_all(quiet_page, canary, hostile_inbox, server)
    assert {subject: deeds for subject, deeds in done.items() if replace(deeds, connections=0) != Deeds()} == {}
    assert set(done) <= {"frames 1", "frame set"}


@pytest.mark.slow
async def test_with_both_walls_down_the_vectors_fetch(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    """Otherwise the tests above would show nothing."""
    await serve_instead(context, bundles.build("sanitise", "policy"))
    done = await read_all(quiet_page, canary, hostile_inbox, server, ASKING)
    fetched = set().union(*[deeds.fetched() for deeds in done.values()])
    assert len(fetched) >= 100, sorted(fetched)
    assert not any(deeds.ran for deeds in done.values()), "the sandbox by itself stops scripts"


@pytest.mark.slow
async def test_with_the_sandbox_open_as_well_the_vectors_run(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    """Otherwise the tests above would show nothing."""
    await serve_instead(context, bundles.build("sanitise", "policy", "sandbox"))
    done = await read_all(quiet_page, canary, hostile_inbox, server, RUNNING)
    ran = set().union(*[deeds.has_run() for deeds in done.values()])
    assert len(ran) >= 90, sorted(ran)
