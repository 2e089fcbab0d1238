"""What a message has besides its text, where the server takes it apart: loaded when it is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PNG, letter, open_message
from tests.e2e.mail_with_parts import (
    CRLF_TEXT,
    INVITATION,
    with_attached_messages,
    with_inline_image,
    with_invitation,
)

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page, Route

    from tests.e2e.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def open_only(page: Page, address: str, subject: str, site: str = "") -> None:
    """Open an inbox's message."""
    await page.goto(f"{site}/#/{address}")
    await open_message(page, subject)


async def download(page: Page, button: str) -> bytes:
    """Press a button that saves a file; return the file."""
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name=button).click()
    path: Path = await (await downloading.value).path()
    return path.read_bytes()


async def test_the_servers_reading_is_shown_and_nothing_else_is_loaded(
    page: Page, server: Server, address: str
) -> None:
    """No worker runs, and neither the source nor an attachment is fetched before somebody asks for it."""
    message = letter("Verify", "Your verification code is 481223.")
    message.add_attachment(CRLF_TEXT, maintype="application", subtype="x-lines", filename="lines.txt")
    await server.send(message, address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    workers: list[str] = []
    page.on("worker", lambda worker: workers.append(worker.url))  # the one of all tabs is a shared worker
    await open_only(page, address, "Verify")
    chip = page.locator(".mail .chips").get_by_role("button", name="481223 Copy code")
    listed = await page.evaluate(
        "(path) => fetch(path).then((answer) => answer.json())", f"api/inboxes/{address}/messages"
    )
    assert await chip.get_attribute("title") == listed["messages"][0]["codes"][0]["reason"]
    await expect(page.get_by_role("button", name="Download lines.txt")).to_be_visible()
    assert not [url for url in asked if re.search(r"/raw$|/attachments/|/assets/worker|postal", url)]
    assert workers == []
    assert await download(page, "Download lines.txt") == CRLF_TEXT
    await page.get_by_role("tab", name="Raw").click()
    await expect(page.locator("pre.raw")).to_contain_text("Subject: Verify")
    assert [
        url.rpartition("/messages/")[2].partition("/")[2] for url in asked if re.search("/raw$|/attachments/", url)
    ] == [
        "attachments/0",
        "raw",
    ]


async def test_a_chip_is_the_servers(page: Page, server: Server, address: str) -> None:
    """The page looks for no codes: what the server says is what is shown."""

    async def answer(route: Route) -> None:
        reading = await (await route.fetch()).json()
        reading["codes"] = [{"code": "OTHER-1", "reason": "the server says so"}]
        await route.fulfill(json=reading)

    await server.send(letter("Verify", "Your verification code is 481223."), address)
    await page.route("**/api/inboxes/*/messages/*", answer)
    await open_only(page, address, "Verify")
    chips = page.locator(".mail .chips .chip")
    await expect(chips).to_have_count(1)
    await expect(chips).to_have_attribute("title", "the server says so")


async def test_inline_images_show_and_are_no_attachments(page: Page, server: Server, address: str) -> None:
    await server.send(with_inline_image(), address)
    await open_only(page, address, "Inline")
    await shows_inline_image(page)


async def shows_inline_image(page: Page) -> None:
    frame = page.frame_locator("iframe")
    await expect(frame.get_by_alt_text("logo")).to_have_js_property("naturalWidth", 1)
    assert await frame.get_by_alt_text("svg").get_attribute("src") is None
    await expect(page.get_by_role("heading", name="Attachments")).to_have_count(0)


async def test_attached_messages_open_as_messages_and_lead_back(page: Page, server: Server, address: str) -> None:
    await server.send(with_attached_messages(), address)
    await open_only(page, address, "First")
    await opens_attached_messages(page, has_codes=True)


async def opens_attached_messages(page: Page, *, has_codes: bool) -> None:
    """Open each message in the other, save a file of the last one, and go all the way back."""
    chips = page.locator(".mail .chips")
    await expect(chips).to_have_count(0)  # the codes of an attached message are not this one's
    await page.get_by_role("button", name="Open Second.eml").click()
    title = page.locator(".title")
    await expect(title).to_have_text("Second")
    await expect(title).to_be_focused()
    await expect(page.locator(".origin")).to_contain_text("attached message")
    await expect(page.locator(".origin")).to_contain_text("Mon, 23 Nov 2026 20:51:00 +0100")
    await expect(page.locator(".plain")).to_have_text("In the middle.\n")
    await expect(page.get_by_role("button", name="dot.png")).to_have_count(0)
    await page.get_by_role("button", name="Open Third.eml").click()
    await expect(title).to_have_text("Third")
    await expect(chips.get_by_role("button", name="481223 Copy code")).to_have_count(int(has_codes))
    assert await download(page, "Download lines.txt") == CRLF_TEXT
    await page.get_by_role("tab", name="Raw").click()
    await expect(page.locator("pre.raw")).to_contain_text("Subject: Third")
    await expect(page.locator("pre.raw")).not_to_contain_text("Subject: Second")
    await page.get_by_role("button", name="Back to Second").click()
    await expect(title).to_have_text("Second")
    await page.get_by_role("button", name="Back to First").click()
    await expect(title).to_have_text("First")
    assert await download(page, "Download dot.png") == PNG


async def test_another_message_is_opened_from_within_an_attached_one(
    page: Page, server: Server, address: str
) -> None:
    """It is that message that shows, with its own heading."""
    await server.send_all([letter("Plain", "Other text."), with_attached_messages()], address)
    await open_only(page, address, "First")
    await page.get_by_role("button", name="Open Second.eml").click()
    await expect(page.locator(".title")).to_have_text("Second")
    await open_message(page, "Plain")
    await expect(page.locator(".title")).to_have_text("Plain")
    await expect(page.locator(".plain")).to_have_text("Other text.\n")
    await expect(page.get_by_role("button", name="Back to")).to_have_count(0)


@pytest.mark.slow
async def test_an_invitation_is_a_card_and_an_attachment(browser: Browser, server: Server, address: str) -> None:
    """The time stands there in its zone, and in the reader's where that is another one."""
    await server.send(with_invitation(), address)
    for zone, own in {"Europe/Zurich": None, "Asia/Tokyo": re.compile("In your time zone: .*22:00.*23:30")}.items():
        context = await browser.new_context(base_url=server.web, locale="en-GB", timezone_id=zone)
        page = await context.new_page()
        await open_only(page, address, "Invitation")
        await shows_invitation(page, own)
        await context.close()


async def shows_invitation(page: Page, own: re.Pattern[str] | None) -> None:
    """Check the card, and save the invitation."""
    card = page.get_by_role("region", name="Invitation")
    await expect(card.get_by_role("heading")).to_have_text("Planning, part two")
    await expect(card).to_contain_text(re.compile(r"27 November 2026.*14:00.*15:30 \(Europe/Zurich\)"))
    if own is None:
        await expect(card).not_to_contain_text("your time zone")
    else:
        await expect(card).to_contain_text(own)
    await expect(card.get_by_role("link")).to_have_attribute("href", "https://meet.example/abc")
    await expect(card).to_contain_text("Ann Lee")
    await expect(card).to_contain_text("bo@example.com")
    assert await download(page, "Download invite.ics") == INVITATION.encode()
