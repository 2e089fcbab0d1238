"""What a message has besides its text, where the page reads a database and takes it apart itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import letter, open_message
from tests.e2e.mail_with_parts import CRLF_TEXT, with_attached_messages, with_inline_image, with_invitation
from tests.e2e.test_e2e_parts import download, opens_attached_messages, shows_inline_image, shows_invitation
from tests.e2e.test_e2e_tester import open_tab, shows_parts

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.e2e.edge import Edge

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

READ_BADLY_BEFORE = b"".join(
    line + b"\r\n"
    for line in (
        b"From: Ann <ann@sender.example>",
        b"Subject: Gr\xfc\xdfe =?utf-8?B?0JI=?= =?utf-8?B?0LDRiA==?=",
        b"Content-Type: multipart/mixed; boundary=named",
        b"",
        b"--used",
        b"Content-Type: text/plain; charset=us-ascii",
        b"",
        "Größe: 5 €".encode(),
        b"--used",
        b"Content-Type: text/plain; name=notes.txt",
        b"",
        b"A file.",
        b"--used--",
    )
)
"""Raw Latin-1 in a header, encoded words, a boundary that is not the one named, a wrong label, a file of text."""


async def open_only(page: Page, edge: Edge, address: str, subject: str) -> None:
    await page.goto(f"{edge.publish([edge.primary.url])}/#/{address}")
    await open_message(page, subject)


async def test_inline_images_show(page: Page, edge: Edge, address: str) -> None:
    await edge.server.send(with_inline_image(), address)
    await open_only(page, edge, address, "Inline")
    await shows_inline_image(page)


async def test_attached_messages_open_as_messages(page: Page, edge: Edge, address: str) -> None:
    """The codes of what is attached are nobody's: only the server looks for codes."""
    await edge.server.send(with_attached_messages(), address)
    await open_only(page, edge, address, "First")
    await opens_attached_messages(page, has_codes=False)


async def test_parts_are_listed_as_the_server_lists_them(page: Page, edge: Edge, address: str) -> None:
    """A file of a message in a message can be saved too. What only a server has is not offered."""
    await edge.server.send(with_attached_messages(), address)
    await open_only(page, edge, address, "First")
    await open_tab(page, "Parts")
    await shows_parts(page)
    assert await download(page, "Download part 3.2.2 lines.txt") == CRLF_TEXT
    await expect(page.get_by_role("region", name="Envelope")).to_contain_text("ESMTP, not encrypted")
    await open_tab(page, "Raw")
    await expect(page.get_by_role("button", name="Download .eml")).to_be_visible()
    await expect(page.get_by_role("button", name="curl")).to_have_count(0)
    await expect(page.get_by_role("tab", name="Checks")).to_have_count(0)


async def test_an_invitation_is_a_card(browser: Browser, edge: Edge, address: str) -> None:
    """Its data is the server's, from the summary."""
    await edge.server.send(with_invitation(), address)
    context = await browser.new_context(locale="en-GB", timezone_id="Asia/Tokyo")
    page = await context.new_page()
    await open_only(page, edge, address, "Invitation")
    await shows_invitation(page, re.compile("In your time zone: .*22:00.*23:30"))
    await context.close()


async def test_a_broken_message_reads_as_the_server_reads_it(page: Page, edge: Edge, address: str) -> None:
    await edge.server.send(READ_BADLY_BEFORE, address)
    await open_only(page, edge, address, "")
    await expect(page.locator(".title")).to_have_text("Grüße Ваш")
    await expect(page.locator("a.message .subject")).to_have_text("Grüße Ваш")
    await expect(page.locator(".plain")).to_have_text("Größe: 5 €")
    await expect(page.locator(".file > bdi")).to_have_text("notes.txt")


async def test_links_are_listed_from_what_is_shown(page: Page, edge: Edge, address: str) -> None:
    """A list of links needs no finder: it has every link, with its real host."""
    html = "<a href='https://evil.example/x'>bank.example</a><a href='mailto:a@b.example'>mail</a>"
    await edge.server.send(letter("Links", "See https://plain.example/p.", html), address)
    await open_only(page, edge, address, "Links")
    links = page.locator(".links li")
    await expect(links.locator(".host")).to_have_text(["evil.example", "plain.example"])
    await expect(links.first).to_contain_text("text says bank.example")


async def test_a_message_that_cannot_be_taken_apart_is_shown_raw(
    quiet_page: Page, edge: Edge, address: str
) -> None:
    """With the reason; here the worker cannot even start."""
    await edge.server.send(letter("Stuck"), address)
    await quiet_page.route("**/assets/worker-*.js", lambda route: route.abort())
    await open_only(quiet_page, edge, address, "Stuck")
    await expect(quiet_page.get_by_text("could not be taken apart")).to_be_visible()
    await expect(quiet_page.locator("pre.raw")).to_contain_text("Subject: Stuck")
