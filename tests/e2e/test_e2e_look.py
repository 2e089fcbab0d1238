"""The page's appearance: themes, widths, accessibility, size."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import PNG, ROOT, letter, open_message
from tests.e2e.mail_with_parts import with_attached_messages, with_invitation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Literal

    from playwright.async_api import Browser, BrowserContext, Page

    from tests.e2e.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
SHOWN = "look@example.com"
THEMES = ["light", "dark"]
SIZES = {"wide": (1280, 800), "phone": (390, 844), "narrow": (320, 640)}
LOOKS = [(size, theme) for size in SIZES for theme in THEMES]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inbox(server: Server) -> str:
    html = "<h1>Welcome</h1><img src='https://images.example/a.png' alt=''><a href='https://x.example/verify'>Confirm</a>"
    rich = letter("Verify your account", "Your verification code is 481223.", html)
    rich.add_attachment(PNG, maintype="image", subtype="png", filename="dot.png")
    parts = [with_invitation(), with_attached_messages()]
    await server.send_all([*parts, letter("مرحبا بك", "أهلا"), letter("Short"), rich], SHOWN)
    return SHOWN


@pytest_asyncio.fixture(loop_scope="session")
async def themed(
    browser: Browser, server: Server, theme: Literal["light", "dark"], size: str
) -> AsyncIterator[Page]:
    width, height = SIZES[size]
    context = await browser.new_context(
        base_url=server.web, viewport={"width": width, "height": height}, color_scheme=theme
    )
    context.set_default_timeout(30_000)
    yield await context.new_page()
    await context.close()


async def violations(page: Page) -> list[str]:
    """Run axe-core on the page as it stands, outside the frame of the message, which is the sender's."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options = {"iframes": False, "runOnly": {"type": "tag", "values": tags}}
    result: dict[str, Any] = await page.evaluate("options => axe.run(document, options)", options)
    return [f"{found['id']}: {node['html']}" for found in result["violations"] for node in found["nodes"]]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_no_view_has_a_barrier_and_none_is_wider_than_the_screen(themed: Page, inbox: str, size: str) -> None:
    page = themed
    found: dict[str, list[str]] = {}

    async def look(view: str) -> None:
        found[view] = await violations(page)
        over = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            found[view].append(f"{over} px too wide")

    await page.goto("/#/new")
    await expect(page.get_by_label("Inbox name")).to_be_visible()
    await look("landing")
    await page.goto("/#/nobody@example.com")
    await expect(page.get_by_text("Listening")).to_be_visible()
    await look("empty inbox")
    await page.goto(f"/#/{inbox}")
    await expect(page.locator("a.message")).to_have_count(5)
    await look("inbox")
    await open_message(page, "Verify your account")
    await expect(page.get_by_text("remote image blocked")).to_be_visible()
    await look("message")
    await page.get_by_role("button", name="Preview dot.png").click()
    for tab in ("Text", "Headers", "Raw"):
        await page.get_by_role("tab", name=tab).click()
        await look(tab)
    for subject in ("Invitation: Planning", "First"):
        await page.goto(f"/#/{inbox}")
        await open_message(page, subject)
        await look(subject)
    await expect(page.get_by_role("button", name="Open Second.eml")).to_be_visible()
    await page.get_by_role("button", name="Open Second.eml").click()
    await expect(page.locator(".title")).to_have_text("Second")
    await look("attached message")
    await page.goto(f"/#/{inbox}")
    await open_message(page, "Verify your account")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await look("dialog")
    await page.keyboard.press("Escape")
    await page.goto(f"/#/{inbox}/999999999")
    await expect(page.get_by_text("This message is gone")).to_be_visible()
    await look("gone")
    await page.goto(f"/#/{inbox}")
    await page.get_by_role("button", name="Share").click()
    await expect(page.locator(".qr")).to_be_visible()
    await look("share")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Keyboard").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await look("keyboard")
    await page.keyboard.press("Escape")
    await page.get_by_label("Search").fill("nothing of the kind")
    await expect(page.get_by_text("Nothing here matches")).to_be_visible()
    await look("nothing found")
    await page.route("**/messages?*", lambda route: route.abort())
    await page.goto("/#/somebody@example.com")
    await expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    await look("failed")
    assert {view: barriers for view, barriers in found.items() if barriers} == {}


@pytest.mark.parametrize("theme", ["light"])
@pytest.mark.parametrize("size", ["phone"])
async def test_on_a_phone_a_message_takes_the_screen_and_back_leads_to_the_list(themed: Page, inbox: str) -> None:
    await themed.goto(f"/#/{inbox}")
    await open_message(themed, "Short")
    await expect(themed.locator(".list")).to_be_hidden()
    await expect(themed.locator(".bar")).to_be_hidden()
    await themed.get_by_role("button", name="Back").click()
    await expect(themed.locator(".list")).to_be_visible()
    await expect(themed.locator(".reader")).to_be_hidden()


async def test_the_theme_follows_the_system_until_a_person_chooses(page: Page) -> None:
    await page.emulate_media(color_scheme="dark")
    await page.goto("/#/new")
    body = page.locator("body")
    await expect(body).to_have_css("background-color", "rgb(17, 19, 21)")
    await page.get_by_role("button", name="Theme: as the system").click()
    await expect(body).to_have_css("background-color", "rgb(250, 250, 249)")
    await page.reload()
    await expect(body).to_have_css("background-color", "rgb(250, 250, 249)")
    await page.get_by_role("button", name="Theme: light").click()
    await page.emulate_media(color_scheme="light")
    await expect(body).to_have_css("background-color", "rgb(17, 19, 21)")


@pytest.mark.slow
async def test_the_api_docs_show_the_api_and_ask_nobody_else(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).netloc))
    await page.goto("/docs/")
    await expect(page.get_by_text("/api/messages/{").first).to_be_visible()
    assert set(asked) == {urlsplit(server.web).netloc}


async def test_the_page_asks_nobody_but_its_server(page: Page, inbox: str, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).netloc))
    await page.goto(f"/#/{inbox}")
    await open_message(page, "Verify")
    await expect(page.get_by_text("remote image blocked")).to_be_visible()
    assert {host for host in asked if host} == {urlsplit(server.web).netloc}


async def test_the_page_says_its_policy_itself_and_the_server_says_it_too(
    context: BrowserContext, server: Server
) -> None:
    answer = await context.request.get(f"{server.web}/")
    said = answer.headers["content-security-policy"]
    page = await answer.text()
    for rule in ("script-src 'self'", "frame-src 'none'", "require-trusted-types-for 'script'", "base-uri 'none'"):
        assert rule in said
        assert rule in page
    assert "frame-ancestors 'none'" in said
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_what_a_browser_has_to_fetch_keeps_its_budget() -> None:
    weighing = await asyncio.create_subprocess_exec(
        "node", "budget.mjs", cwd=ROOT / "web", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await weighing.communicate()
    assert weighing.returncode == 0, said.decode()
