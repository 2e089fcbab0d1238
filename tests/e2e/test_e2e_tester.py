"""What a tester looks at beside the message: its parts, its way here, its source, checks of its HTML and links."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.checks_mail import newsletter, plain_newsletter
from tests.e2e.conftest import letter, open_message, running_server
from tests.e2e.mail_with_parts import CRLF_TEXT, with_attached_messages
from tests.e2e.test_e2e_look import SIZES, THEMES, violations
from tests.e2e.test_e2e_parts import download, open_only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Literal

    from playwright.async_api import Browser, BrowserContext, Page, Route

    from tests.e2e.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINKS = {
    "links": [
        {"url": "https://a.example/", "status": 200, "status_text": "OK", "error": None, "hops": []},
        {
            "url": "https://b.example/old",
            "status": 404,
            "status_text": "Not Found",
            "error": None,
            "hops": [
                {"url": "https://b.example/old", "status": 301},
                {"url": "https://b.example/new", "status": 404},
            ],
        },
        {"url": "https://c.example/", "status": None, "status_text": "", "error": "no such host", "hops": []},
    ],
    "errors": 2,
    "left_out": 1,
}


def fetch(url: str) -> bytes:
    return subprocess.run(["curl", "-s", "--fail", url], capture_output=True, check=True, timeout=60).stdout


async def open_tab(page: Page, name: str) -> None:
    await page.get_by_role("tab", name=name).click()
    await expect(page.get_by_role("tab", name=name, selected=True)).to_be_visible()


async def list_parts(page: Page) -> list[str]:
    """Return what the page shows of each part, in its lines."""
    rows = page.locator(".parts-view .attachments .file")
    await expect(rows.first).to_be_visible()
    return await rows.all_inner_texts()


async def test_parts_are_shown_as_a_tree_and_saved_from_it(page: Page, server: Server, address: str) -> None:
    """A file of a message in a message too, octet for octet."""
    await server.send(with_attached_messages(), address)
    await open_only(page, address, "First")
    await open_tab(page, "Parts")
    await shows_parts(page)
    assert await download(page, "Download part 3.2.2 lines.txt") == CRLF_TEXT
    await page.get_by_role("button", name="Open Second.eml").click()
    await expect(page.locator(".title")).to_have_text("Second")
    await open_tab(page, "Parts")
    numbers = [text.split("\n")[-1].split(" · ")[0] for text in await list_parts(page)]
    assert numbers == ["multipart/mixed", "1", "2", "multipart/mixed", "2.1", "2.2"]
    await expect(page.get_by_role("heading", name="Envelope")).to_have_count(0)
    assert await download(page, "Download part 2.2 lines.txt") == CRLF_TEXT


async def shows_parts(page: Page) -> None:
    assert [text.split("\n") for text in await list_parts(page)] == [
        ["multipart/mixed"],
        ["text/plain text", "1 · utf-8 · 7bit · 19 B"],
        ["image/png attachment", "dot.png", "2 · base64 · attachment · 69 B"],
        ["message/rfc822 attachment", "Second.eml", "3 · 8bit · attachment · 1.2 kB"],
        ["multipart/mixed"],
        ["text/plain text", "3.1 · utf-8 · 7bit · 16 B"],
        ["message/rfc822 attachment", "Third.eml", "3.2 · 8bit · attachment · 593 B"],
        ["multipart/mixed"],
        ["text/plain text", "3.2.1 · utf-8 · 7bit · 35 B"],
        ["application/x-lines attachment", "lines.txt", "3.2.2 · base64 · attachment · 18 B"],
    ]


@pytest.mark.slow
async def test_the_way_of_a_message_is_shown_and_nobody_is_asked(page: Page, server: Server, address: str) -> None:
    """Its envelope, what headers say of its sender, and how to leave the list."""
    await server.send(newsletter(), address)
    await server.send(plain_newsletter(), address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await open_only(page, address, "Newsletter")
    await expect(page.locator(".auth-results")).to_contain_text("ARC pass")
    await open_tab(page, "Parts")
    envelope = page.get_by_role("region", name="Envelope")
    for row in ("bounce@sender.example", address, "127.0.0.1", "ESMTP, not encrypted"):
        await expect(envelope).to_contain_text(row)
    checks = page.get_by_role("region", name="SPF, DKIM, DMARC and ARC")
    await expect(checks).to_contain_text("by mx.sender.example")
    await expect(checks.locator("li").nth(1)).to_have_text(
        'DKIM failreason="signature; broken" header.d=sender.example'
    )
    leave = page.get_by_role("region", name="Unsubscribe")
    await expect(leave).to_contain_text("https://sender.example/leave/8f2")
    await expect(leave).to_contain_text("One click The headers are as RFC 8058 asks")
    await expect(leave.locator(".warn")).to_have_count(0)
    await expect(leave.get_by_role("link")).to_have_count(0)
    await page.goto(f"/#/{address}")
    await open_message(page, "Plain")
    await open_tab(page, "Parts")
    for problem in ("without encryption", "There is no https: address", "no List-Unsubscribe-Post"):
        await expect(leave).to_contain_text(problem)
    assert not [url for url in asked if not url.startswith(server.web)]


@pytest.mark.slow
async def test_the_source_is_fetched_by_the_command_and_opens_in_a_mail_program(
    page: Page, context: BrowserContext, server: Server, address: str
) -> None:
    """The command runs as it is copied. The file that is saved has a mail's type, and files have not."""
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    message = letter("Source", "Text.")
    message.add_attachment(b"<html>", maintype="text", subtype="html", filename="a.html")
    await server.send(message, address)
    await page.goto(f"/#/{address}")
    await page.evaluate(
        """() => {
          window.types = [];
          const make = URL.createObjectURL;
          URL.createObjectURL = (blob) => (window.types.push(blob.type), make.call(URL, blob));
        }"""
    )
    await open_message(page, "Source")
    await open_tab(page, "Raw")
    await page.get_by_role("button", name="Copy as curl").click()
    command = shlex.split(await page.evaluate("navigator.clipboard.readText()"))
    assert command[:3] == ["curl", "--fail", "-o"]
    fetched = await asyncio.to_thread(fetch, command[4])
    assert await download(page, "Download .eml") == fetched
    await download(page, "Download a.html")
    assert await page.evaluate("window.types") == ["message/rfc822", "application/octet-stream"]


@pytest.mark.slow
async def test_warnings_lead_into_the_source(page: Page, server: Server, address: str) -> None:
    """The server's own check, by the keyboard: a family, a warning's programs, and a line of the HTML."""
    await server.send(newsletter(), address)
    await open_only(page, address, "Newsletter")
    await page.get_by_role("tab", name="HTML").focus()
    await expect(page.get_by_role("tab", name="Checks")).to_be_visible()
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("tab", name="Checks", selected=True)).to_be_focused()
    score = page.get_by_role("group", name="What mail programs support")
    for word in ("% supported", "% in part", "% not supported"):
        await expect(score).to_contain_text(word)
    warnings = page.locator(".warning")
    grid = warnings.filter(has_text="grid").first
    await expect(grid).to_be_visible()
    all_warnings = await warnings.count()
    await page.get_by_role("combobox", name="Mail programs").select_option("apple-mail")
    await expect(warnings).not_to_have_count(all_warnings)
    await page.get_by_role("combobox", name="Mail programs").select_option("outlook")
    await grid.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(grid.locator("li").filter(has_text="Outlook").first).to_be_visible()
    await grid.get_by_role("button", name="Line 3", exact=True).focus()
    await page.keyboard.press("Enter")
    mark = page.locator(".html-source mark")
    await expect(mark).to_have_text(".hero { display: grid; gap: 8px }")
    await expect(mark).to_be_focused()
    await expect(mark).to_be_in_viewport()


@pytest.mark.slow
async def test_a_message_without_html_says_so(page: Page, server: Server, address: str) -> None:
    await server.send(letter("Text alone"), address)
    await open_only(page, address, "Text alone")
    await open_tab(page, "Checks")
    await expect(page.get_by_text("This message has no HTML.")).to_be_visible()
    await expect(page.get_by_role("button", name="Check links")).to_have_count(0)


async def offer(page: Page, links: dict[str, Any] | None, **config: bool) -> list[str]:
    """Let the server seem to offer other checks; return the requests for checks of links, as they come."""
    asked: list[str] = []

    async def configure(route: Route) -> None:
        await route.fulfill(json=await (await route.fetch()).json() | config)

    async def answer(route: Route) -> None:
        asked.append(route.request.method)
        if links is None:
            await route.fulfill(status=503, json={"detail": "Too many checks at once. Try again."})
        else:
            await route.fulfill(json=links)

    await page.route("**/config.json", configure)
    await page.route("**/link-check", answer)
    return asked


@pytest.mark.slow
async def test_links_are_checked_when_somebody_asks(page: Page, server: Server, address: str) -> None:
    """Once for each press; each answer and each error is shown."""
    asked = await offer(page, LINKS, link_check=True)
    await server.send(newsletter(), address)
    await open_only(page, address, "Newsletter")
    await open_tab(page, "Checks")
    panel = page.get_by_role("region", name="Link check")
    await expect(panel).to_contain_text("It asks only when you press the button.")
    await expect(page.locator(".warning").first).to_be_visible()
    assert asked == []
    await page.get_by_role("button", name="Check links").click()
    await expect(panel.get_by_role("status")).to_have_text("3 links, 2 fail")
    assert asked == ["POST"]
    for text in ("200 OK", "404 Not Found", "by 1 redirect", "no such host", "1 more link was not asked."):
        await expect(panel).to_contain_text(text)
    await page.get_by_role("button", name="Check again").click()
    await expect(panel.get_by_role("status")).to_have_text("3 links, 2 fail")
    assert asked == ["POST", "POST"]


@pytest.mark.slow
async def test_a_check_that_fails_says_why(quiet_page: Page, server: Server, address: str) -> None:
    page = quiet_page
    await offer(page, None, link_check=True)
    await server.send(newsletter(), address)
    await page.route("**/html-check", lambda route: route.fulfill(status=500, json={"detail": "Out of order."}))
    await open_only(page, address, "Newsletter")
    await open_tab(page, "Checks")
    await expect(page.get_by_text("Out of order.")).to_be_visible()
    await page.get_by_role("button", name="Check links").click()
    await expect(page.get_by_role("alert").filter(has_text="Too many checks")).to_be_visible()
    await page.unroute("**/html-check")
    await page.get_by_role("button", name="Retry").click()
    await expect(page.locator(".warning").first).to_be_visible()


@pytest.mark.slow
async def test_without_checks_there_is_no_tab(page: Page, server: Server, address: str) -> None:
    await offer(page, None, html_check=False, link_check=False)
    await server.send(newsletter(), address)
    async with page.expect_response("**/config.json"):
        await open_only(page, address, "Newsletter")
    await open_tab(page, "Parts")
    await list_parts(page)
    await expect(page.get_by_role("tab", name="Checks")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", ["wide", "phone"])
async def test_no_new_tab_has_a_barrier_and_none_is_wider_than_the_screen(
    browser: Browser, server: Server, address: str, theme: Literal["light", "dark"], size: str
) -> None:
    width, height = SIZES[size]
    await server.send(newsletter(), address)
    context = await browser.new_context(
        base_url=server.web, viewport={"width": width, "height": height}, color_scheme=theme
    )
    page = await context.new_page()
    await offer(page, LINKS, link_check=True)
    await open_only(page, address, "Newsletter")
    await open_tab(page, "Parts")
    await list_parts(page)
    found = {"parts": await violations(page)}
    await open_tab(page, "Checks")
    await page.get_by_role("button", name="Check links").click()
    await expect(page.get_by_text("404 Not Found")).to_be_visible()
    for summary in (await page.locator(".warning summary").all())[:2]:
        await summary.click()
    await page.get_by_role("button", name="Line 3", exact=True).first.click()
    found["checks"] = await violations(page)
    over = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    await context.close()
    assert (found, over) == ({"parts": [], "checks": []}, 0)


@pytest.fixture(scope="module")
def asking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server that checks links."""
    with running_server(tmp_path_factory.mktemp("asking"), EDGEMAIL_LINK_CHECK="on") as running:
        fetch(f"{running.web}/config.json")  # the first request loads the API: no page waits for that
        yield running


@pytest.mark.slow
async def test_the_server_asks_no_private_address(page: Page, asking_server: Server, address: str) -> None:
    """The whole way, without doubles: the link leads to this machine, and the page says why it was not asked."""
    await asking_server.send(newsletter(), address)
    await open_only(page, address, "Newsletter", asking_server.web)
    await open_tab(page, "Checks")
    await page.get_by_role("button", name="Check links").click()
    panel = page.get_by_role("region", name="Link check")
    await expect(panel.get_by_role("status")).to_have_text("1 link, 1 fails")
    await expect(panel).to_contain_text("an address that is not public")
