"""Every state of the page that a person can come to: its name, and the steps that lead to it.

A step that does not come up fails the state. Add a state to `STATES`, and a message to `screenshot_mail`.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
from playwright.async_api import expect

from edgemail.policy.inbox_lock import make_lock
from tests.e2e import screenshot_mail as mail
from tests.e2e.conftest import open_message, running_server
from tests.e2e.edge import running_edge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import ExitStack

    from playwright.async_api import Page, Route

    from tests.e2e.conftest import Server
    from tests.e2e.edge import Edge

    Step = Callable[["Page", "Stage"], Awaitable[None]]

INBOX = "brave_otter_1987@example.org"
ODD = "odd_puffin_1911@example.org"
LONG = "busy_ferret_2004@example.org"
NEW = "quiet_heron_1962@example.org"
LONG_MESSAGES = 300


SCROLL_TO = """async (element) => {
  element.scrollIntoView({ block: "start" });
  const paint = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  await new Promise((go) => requestIdleCallback(go, { timeout: 1000 }));
  await paint(); // a click before that may go to the frame that stood there
}"""


@dataclass
class Stage:
    """What the pictures are taken of: a server with mail in it, and what only some states need."""

    folder: Path
    stack: ExitStack
    server: Server = field(init=False)

    async def prepare(self) -> None:
        """Start the server, and send the mail."""
        self.server = self.stack.enter_context(running_server(self.make_folder("server")))
        for make, hours in mail.EVERYDAY:
            await self.server.send(make(), INBOX)
            self._make_older(hours)
        for odd in mail.ODD:
            await self.server.send(odd(), ODD)
        small = [mail.code, mail.failure, mail.invitation, mail.one_time_password]
        await self.server.send_all([small[at % len(small)]() for at in range(LONG_MESSAGES)], LONG)

    @cached_property
    def public(self) -> Server:
        """A server with a domain, where inboxes can be locked."""
        return self.stack.enter_context(running_server(self.make_folder("public"), EDGEMAIL_DOMAIN="mail.example"))

    @cached_property
    def edge(self) -> Edge:
        return self.stack.enter_context(running_edge(self.make_folder("edge")))

    def make_folder(self, name: str) -> Path:
        made = self.folder / name
        made.mkdir(exist_ok=True)
        return made

    def _make_older(self, hours: float) -> None:
        """Backdate the newest message, as in a real inbox not all mail is from this minute."""
        then = f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%d %H:%M:%S}.000"
        database = apsw.Connection(str(self.make_folder("server") / "mail.db"))
        database.set_busy_timeout(5_000)
        database.execute("UPDATE mail SET date = ? WHERE id = (SELECT max(id) FROM mail)", [then])
        database.close()


def go(hash_: str) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await page.goto(f"{stage.server.web}/{hash_}")
        await expect(page.locator("main")).to_be_visible()

    return step


def see(text: str) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await expect(page.get_by_text(text).locator("visible=true").first).to_be_visible()

    return step


def find(selector: str) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await expect(page.locator(selector).first).to_be_visible()

    return step


def see_in_frame(text: str) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await expect(page.frame_locator(".frame iframe").get_by_text(text)).to_be_visible()

    return step


def wait_out(text: str) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await expect(page.get_by_text(text)).to_have_count(0)

    return step


def press(name: str) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await page.get_by_role("button", name=name, exact=True).locator("visible=true").first.click()

    return step


def choose(label: str, value: str) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await page.get_by_label(label).select_option(value)

    return step


def fill(label: str, text: str) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await page.get_by_label(label).first.fill(text)

    return step


def tab(name: str) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await page.get_by_role("tab", name=name).click()

    return step


def show(selector: str) -> Step:
    """Scroll to what is further down, to the top of the window."""

    async def step(page: Page, stage: Stage) -> None:
        await page.locator(selector).first.evaluate(SCROLL_TO)

    return step


def read(subject: str, address: str = INBOX) -> Step:
    async def step(page: Page, stage: Stage) -> None:
        await go(f"#/{address}")(page, stage)
        await open_message(page, subject)

    return step


def large_text(step: Step) -> Step:
    """Set twice the browser's font size."""

    async def larger(page: Page, stage: Stage) -> None:
        large = "addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = '32px')"
        await page.add_init_script(large)
        await step(page, stage)

    return larger


def narrow(step: Step) -> Step:
    async def narrower(page: Page, stage: Stage) -> None:
        await page.set_viewport_size({"width": 320, "height": 640})
        await step(page, stage)

    return narrower


async def visit_before(page: Page, stage: Stage) -> None:
    """Visit two inboxes."""
    for name in (LONG, INBOX):
        await page.goto(f"{stage.server.web}/#/new")
        await page.get_by_label("Inbox name").fill(name)
        await page.get_by_label("Inbox name").press("Enter")
        await expect(page.locator("a.message").first).to_be_visible()


async def hold_answers(page: Page, stage: Stage) -> None:
    """Delay the listing, as a slow network does."""

    async def hold(route: Route) -> None:
        """Never answer."""

    await page.route("**/messages?*", hold)


async def go_offline(page: Page, stage: Stage) -> None:
    await page.context.set_offline(True)
    await expect(page.locator(".live")).to_have_text("offline")


async def get_mail(page: Page, stage: Stage) -> None:
    """Have mail arrive while the inbox is open."""
    await expect(page.locator(".live.on")).to_be_visible()
    await stage.server.send(mail.emoji(), NEW)
    await expect(page.locator(".toast")).to_be_visible()


async def empty_again(page: Page, stage: Stage) -> None:
    assert (await page.request.delete(f"{stage.server.web}/api/inboxes/{NEW}")).ok


async def lose_the_server(page: Page, stage: Stage) -> None:
    """Open an inbox of a server that then goes away."""
    with tempfile.TemporaryDirectory(dir=stage.folder) as folder, running_server(Path(folder)) as leaving:
        await leaving.send(mail.code(), INBOX)
        await page.goto(f"{leaving.web}/#/{INBOX}")
        await expect(page.locator(".live.on")).to_be_visible()
    await expect(page.locator(".live.lost")).to_contain_text("reconnecting")


async def come_too_late(page: Page, stage: Stage) -> None:
    """Read a database with a token that has expired."""
    edge = stage.edge
    token = edge.primary.token("ro", exp=int(time.time()) - 86_400)
    await page.goto(f"{edge.publish([edge.primary.url], token)}/#/{INBOX}")
    await expect(page.get_by_role("alert")).to_contain_text("token expired")


async def read_a_database(page: Page, stage: Stage) -> None:
    edge = stage.edge
    address = f"otter_{uuid.uuid4().hex[:4]}@example.org"
    for make, _ in mail.EVERYDAY:
        await edge.server.send(make(), address)
    await page.goto(f"{edge.publish([edge.primary.url])}/#/{address}")
    await expect(page.locator(".host-status")).to_contain_text(" ms")
    await expect(page.locator("a.message").first).to_be_visible()


async def see_all_mail(page: Page, stage: Stage) -> None:
    """Open the list of all mail of a server that takes any address, with mail for a few of them."""
    server = stage.stack.enter_context(running_server(Path(tempfile.mkdtemp(dir=stage.folder))))
    for at, (make, _) in enumerate(mail.EVERYDAY):
        await server.send(make(), ("kim@example.org", "billing@example.net", INBOX)[at % 3])
    await page.goto(f"{server.web}/#/all")
    await expect(page.locator("a.message")).to_have_count(len(mail.EVERYDAY))
    await expect(page.locator(".live.on")).to_be_visible()


async def check_links(page: Page, stage: Stage) -> None:
    """Let the server seem to have asked the links of a message."""

    async def offer(route: Route) -> None:
        await route.fulfill(json=await (await route.fetch()).json() | {"link_check": True})

    async def answer(route: Route) -> None:
        await route.fulfill(json=LINK_CHECK)

    await page.route("**/config.json", offer)
    await page.route("**/link-check", answer)


async def meet_a_lock(page: Page, stage: Stage) -> None:
    """Open a locked inbox without its key."""
    locked, _ = make_lock("shop")
    await page.goto(f"{stage.public.web}/#/{locked}@mail.example")
    await expect(page.get_by_role("heading", name="This inbox is locked")).to_be_visible()


async def stop_workers(page: Page, stage: Stage) -> None:
    """Let the page load no worker, so that it cannot read messages."""
    await page.route("**/assets/worker-*.js", lambda route: route.abort())


async def open_first(page: Page, stage: Stage) -> None:
    await page.locator("a.message").first.click()


ORDER = "Your order FF-20417"
EXPIRED = 999_999_999

LINK_CHECK = {
    "links": [
        {
            "url": "https://fernandfell.example/orders/FF-20417",
            "status": 200,
            "status_text": "OK",
            "error": None,
            "hops": [],
        },
        {
            "url": "http://fernandfell.example/help",
            "status": 404,
            "status_text": "Not Found",
            "error": None,
            "hops": [
                {"url": "http://fernandfell.example/help", "status": 301},
                {"url": "https://fernandfell.example/support", "status": 404},
            ],
        },
        {
            "url": "https://track.parcel.example/FF-20417",
            "status": None,
            "status_text": "",
            "error": "no such host",
            "hops": [],
        },
    ],
    "errors": 2,
    "left_out": 0,
}

STATES: dict[str, list[Step]] = {
    "landing": [go("#/"), find(".address-form")],
    "landing-again": [visit_before, go("#/"), see("Recent inboxes")],
    "landing-wrong-name": [go("#/"), fill("Inbox name", "two words"), press("Go"), see("That is no address")],
    "inbox-empty": [empty_again, go(f"#/{NEW}"), see("Listening")],
    "inbox-loading": [hold_answers, go(f"#/{INBOX}"), find(".skeleton")],
    "inbox": [go(f"#/{INBOX}"), find("a.message"), find(".live.on")],
    "inbox-locked": [meet_a_lock],
    "all-mail": [see_all_mail],
    "inbox-long": [go(f"#/{LONG}"), find("a.message")],
    "inbox-search": [go(f"#/{INBOX}"), fill("Search", "kettle"), see(ORDER), wait_out("Looking through")],
    "inbox-search-nothing": [
        go(f"#/{INBOX}"),
        fill("Search", "zebra"),
        see("Nothing here matches"),
        wait_out("Looking through"),
    ],
    "inbox-toast": [empty_again, go(f"#/{NEW}"), get_mail],
    "inbox-odd": [go(f"#/{ODD}"), find("a.message")],
    "message-html": [read(ORDER), see("remote images blocked"), find(".frame iframe")],
    "message-preview": [
        read("Small tools that last"),
        press("375 pixels wide"),
        press("Dark"),
        see_in_frame("Small tools that last"),
    ],
    "message-code": [read("Verify your account"), find(".mail .chips")],
    "message-plain": [read("[acme/rocket]"), find(".plain")],
    "message-text": [read(ORDER), tab("Text"), find(".text-view")],
    "message-headers": [read(ORDER), tab("Headers"), find("table.headers")],
    "message-raw": [read(ORDER), tab("Raw"), find("pre.raw")],
    "message-parts": [read(ORDER), tab("Parts"), see("multipart/mixed")],
    "message-envelope": [read(ORDER), tab("Parts"), see("Sent from"), show("#envelope-title")],
    "message-unsubscribe": [read(ORDER), tab("Parts"), see("One click"), show("#auth-title")],
    "message-checks": [read(ORDER), tab("Checks"), find(".warning")],
    "message-checks-line": [read(ORDER), tab("Checks"), press("Line 1"), find(".html-source mark")],
    "message-links": [
        check_links,
        read(ORDER),
        tab("Checks"),
        find(".warning"),
        press("Check links"),
        see("3 links, 2 fail"),
        see("no such host"),
        show(".panel:has-text('no such host')"),
    ],
    "message-attachments": [
        read(ORDER),
        find(".frame iframe"),
        show(".attachments"),
        press("Preview kettle on the hill.png"),
        press("Preview order.csv"),
        find("img.preview-image"),
        show(".attachments"),
    ],
    "message-50-attachments": [read("50 scans", ODD), see("scan 2026-02-001.png"), show(".attachments")],
    "message-what-it-would-have-done": [read("Urgent", ODD), see("would have done"), show(".panel")],
    "message-right-to-left": [read("مرحبًا", ODD), find(".frame iframe")],
    "message-emoji": [read("Free croissant", ODD), find(".plain")],
    "message-no-subject": [read("(no subject)", ODD), find(".plain")],
    "message-endless-subject": [read("A subject that", ODD), find(".plain")],
    "message-invitation": [read("Invitation: Planning", ODD), find(".event")],
    "message-attached": [
        read("Fwd: as discussed", ODD),
        press("Open Your order FF-20417 is on its way.eml"),
        see("attached message"),
        see_in_frame("Thank you"),
    ],
    "message-unparsable": [stop_workers, read_a_database, open_first, see("could not be taken apart")],
    "message-too-large": [read("The whole report", ODD), see("too large or too odd to show")],
    "message-gone": [go(f"#/{INBOX}/{EXPIRED}"), see("This message is gone")],
    "dialog-delete": [read(ORDER), press("Delete"), find("dialog[open]")],
    "dialog-delete-all": [go(f"#/{INBOX}"), find("a.message"), press("Delete all"), find("dialog[open]")],
    "dialog-keyboard": [go(f"#/{INBOX}"), find("a.message"), press("Keyboard"), find("dialog[open]")],
    "dialog-share": [go(f"#/{INBOX}"), find("a.message"), press("Share"), find("dialog[open] .qr")],
    "trouble-offline": [go(f"#/{INBOX}"), find(".live.on"), go_offline],
    "trouble-server-gone": [lose_the_server],
    "trouble-token-expired": [come_too_late],
    "database": [read_a_database],
    "arabic-landing": [go("#/"), choose("Language", "ar"), find("html[dir=rtl]")],
    "arabic-message": [
        go("#/"),
        choose("Language", "ar"),
        find("html[dir=rtl]"),
        read(ORDER),
        find(".frame iframe"),
    ],
    "narrow-inbox": [narrow(go(f"#/{INBOX}")), find("a.message")],
    "narrow-message": [narrow(read(ORDER)), find(".frame iframe")],
    "large-text-landing": [large_text(go("#/")), find(".address-form")],
    "large-text-inbox": [large_text(go(f"#/{INBOX}")), find("a.message")],
    "large-text-message": [large_text(read(ORDER)), find(".frame iframe")],
}
