"""Mail from SMTP to the screen."""

from __future__ import annotations

import asyncio
import re
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect
from testkit.waiting import until

from tests.e2e.conftest import PNG, letter, open_inbox, open_message, scroll_to_the_end

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Route

    from tests.e2e.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def has_copied(page: Page, text: str) -> None:
    """Wait until the clipboard has a text."""
    await until(lambda: page.evaluate("text => navigator.clipboard.readText().then(has => has === text)", text))


async def test_enter_on_the_empty_field_takes_the_name_that_was_hinted(page: Page, server: Server) -> None:
    await page.goto("/#/new")
    field = page.get_by_label("Inbox name")
    await expect(field).to_be_focused()
    hint = await field.get_attribute("placeholder")
    await field.press("Enter")
    await expect(page.locator(".address")).to_have_text(f"{hint}@example.org")
    await expect(page.get_by_text("Listening")).to_be_visible()
    await expect(page.locator(".command")).to_contain_text(f"127.0.0.1:{server.smtp_port} --to {hint}@example.org")


async def test_any_name_and_domain_or_a_whole_address_can_be_typed(page: Page) -> None:
    await page.goto("/#/new")
    await page.get_by_label("Inbox name").fill("Ann")
    await page.get_by_label("Domain").fill("Ex.org")
    await page.get_by_role("button", name="Go").click()
    await expect(page.locator(".address")).to_have_text("ann@ex.org")
    await page.get_by_role("link", name="New").click()
    await page.get_by_label("Inbox name").fill("two words")
    await page.get_by_label("Inbox name").press("Enter")
    await expect(page.get_by_text("That is no address")).to_be_visible()
    await page.get_by_label("Inbox name").fill("bob@else.example")
    await page.get_by_label("Inbox name").press("Enter")
    await expect(page.locator(".address")).to_have_text("bob@else.example")


async def test_mail_shows_up_by_itself_and_is_announced(page: Page, server: Server, address: str) -> None:
    await open_inbox(page, address)
    await server.send(letter("First"), address)
    await expect(page.locator("a.message")).to_contain_text("Bob Builder")
    await expect(page.locator(".toasts")).to_contain_text("New message from Bob Builder: First")
    await expect(page).to_have_title(f"(1) {address} - edgemail")
    await server.send(letter("Second"), address)
    await expect(page.locator("a.message .subject")).to_have_text(["Second", "First"])
    await page.locator(".toast").get_by_role("link", name="Open").click()
    await expect(page.locator(".title")).to_have_text("Second")
    await expect(page).to_have_title(f"(1) {address} - edgemail")


async def test_a_message_goes_to_its_recipient_and_to_nobody_else(page: Page, server: Server, address: str) -> None:
    await server.send(letter("Mine"), address)
    await open_inbox(page, f"not_{address}")
    await expect(page.get_by_text("Listening")).to_be_visible()
    await open_inbox(page, address.upper())
    await expect(page.locator("a.message .subject")).to_have_text(["Mine"])


@pytest.mark.slow
async def test_a_deep_link_opens_the_message_and_reload_stays_there(
    page: Page, server: Server, address: str
) -> None:
    await server.send(letter("Deep", "Deep text."), address)
    await page.goto(f"/#/{address}")
    await page.locator("a.message").click()
    link = page.url
    await page.goto("about:blank")
    await page.goto(link)
    await expect(page.locator(".plain")).to_have_text("Deep text.\n")
    await page.reload()
    await expect(page.locator(".plain")).to_have_text("Deep text.\n")


@pytest.mark.slow
async def test_a_deep_link_reaches_below_what_is_listed_and_older_mail_can_be_loaded(
    page: Page, server: Server, address: str
) -> None:
    await server.send(letter("No 0", "The oldest."), address)
    await page.goto(f"/#/{address}")
    await page.locator("a.message").click()
    await expect(page.locator(".plain")).to_have_text("The oldest.\n")
    await server.send_all([letter(f"No {number}") for number in range(1, 61)], address)
    await expect(page.get_by_role("searchbox", name="Search 61 messages")).to_be_visible()
    await page.reload()
    await expect(page.locator(".plain")).to_have_text("The oldest.\n")
    await expect(page.get_by_role("searchbox", name="Search 50+ messages")).to_be_visible()
    await scroll_to_the_end(page)
    await expect(page.get_by_role("searchbox", name="Search 61 messages")).to_be_visible()
    await expect(page.get_by_role("button", name="Load older")).to_have_count(0)
    await scroll_to_the_end(page)
    await expect(page.locator("a.message .subject").last).to_have_text("No 0")


async def test_a_message_reads_as_html_text_headers_and_raw(page: Page, server: Server, address: str) -> None:
    message = letter("Four", "Plain words: https://ex.org/a.", "<h1 style='color:#ff0000'>Rich words</h1>")
    message["X-Odd"] = "one two"
    await server.send(message, address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Four")
    heading = page.frame_locator("iframe[title='Message body']").get_by_role("heading", name="Rich words")
    await expect(heading).to_have_css("color", "rgb(255, 0, 0)")
    await page.get_by_role("tab", name="HTML").press("ArrowRight")
    await expect(page.locator(".plain")).to_contain_text("Plain words: https://ex.org/a.")
    await expect(page.locator(".plain a")).to_have_attribute("href", "https://ex.org/a")
    await page.get_by_role("tab", name="Headers").click()
    await expect(page.get_by_role("row", name="X-Odd")).to_contain_text("one two")
    await page.get_by_role("tab", name="Raw").click()
    await expect(page.locator("pre.raw")).to_contain_text("Return-Path: <bounce@sender.example>")
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download .eml").click()
    saved = (await (await downloading.value).path()).read_bytes()
    assert saved.endswith(message.as_bytes(policy=SMTP))


async def test_text_is_made_from_html_where_there_is_no_other(page: Page, server: Server, address: str) -> None:
    await server.send(letter("Rich", None, "<style>p{color:red}</style><p>One</p><p>Two</p>"), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Rich")
    await page.get_by_role("tab", name="Text").click()
    await expect(page.locator(".plain")).to_have_text("One\nTwo")


async def test_a_code_and_a_confirmation_link_are_at_hand_in_list_and_message(
    page: Page, context: BrowserContext, server: Server, address: str
) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    html = "<p>Your code is 481223</p><a href='https://shop.example/verify?t=1'>Confirm your e-mail</a>"
    await server.send(letter("Verify your account", "Your verification code is 481223", html), address)
    await page.goto(f"/#/{address}")
    await page.locator(".list").get_by_role("button", name="481223 Copy code").click()
    await has_copied(page, "481223")
    await open_message(page, "Verify")
    chips = page.locator(".mail .chips")
    await expect(chips.get_by_role("button", name="481223 Copy code")).to_have_attribute("title", re.compile("."))
    link = chips.get_by_role("link", name="Confirm your e-mail")
    await expect(link).to_have_attribute("href", "https://shop.example/verify?t=1")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(link).to_contain_text("shop.example")


async def test_the_address_is_copied(page: Page, context: BrowserContext, address: str) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(f"/#/{address}")
    await page.get_by_role("button", name="Copy address").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    await has_copied(page, address)


async def test_attachments_download_as_they_were_sent_and_images_and_text_preview(
    page: Page, server: Server, address: str
) -> None:
    octets = bytes(range(256)) * 50
    message = letter("Files")
    message.add_attachment(octets, maintype="application", subtype="zip", filename="all.zip")
    message.add_attachment(PNG, maintype="image", subtype="png", filename="dot.png")
    message.add_attachment("naïve ☂\n", subtype="plain", filename="note.txt")
    await server.send(message, address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Files")
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download all.zip").click()
    download = await downloading.value
    assert download.suggested_filename == "all.zip"
    assert (await download.path()).read_bytes() == octets
    await page.get_by_role("button", name="Preview dot.png").click()
    await expect(page.get_by_role("img", name="dot.png")).to_have_js_property("naturalWidth", 1)
    await page.get_by_role("button", name="Preview note.txt").click()
    await expect(page.locator(".attachments pre")).to_have_text("naïve ☂\n")


@pytest.mark.slow
async def test_one_message_is_deleted_after_asking(page: Page, server: Server, address: str) -> None:
    await server.send_all([letter("Keep"), letter("Drop")], address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Drop")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("button", name="Keep").click()
    await expect(page.locator("a.message")).to_have_count(2)
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.locator("a.message .subject")).to_have_text(["Keep"])
    await expect(page.locator("a.message")).to_be_focused()
    await page.reload()
    await expect(page.locator("a.message .subject")).to_have_text(["Keep"])


@pytest.mark.slow
async def test_another_recipient_keeps_a_deleted_message(page: Page, server: Server, address: str) -> None:
    other = f"other-{address}"
    for to in (address, other):
        await server.send(letter("Alone"), to)
    await asyncio.to_thread(server.send_to_both, letter("Shared"), (address, other))
    await page.goto(f"/#/{address}")
    await open_message(page, "Shared")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.locator("a.message .subject")).to_have_text(["Alone"])
    await page.goto(f"/#/{other}")
    await expect(page.locator("a.message .subject")).to_have_text(["Shared", "Alone"])
    await open_message(page, "Shared")
    await expect(page.locator(".mail .title")).to_have_text("Shared")


async def test_a_whole_inbox_is_deleted_after_asking(page: Page, server: Server, address: str) -> None:
    await server.send_all([letter("One"), letter("Two")], address)
    await page.goto(f"/#/{address}")
    await page.get_by_role("button", name="Delete all").click()
    await expect(page.get_by_role("dialog")).to_contain_text(address)
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Listening")).to_be_visible()
    await server.send(letter("Three"), address)
    await expect(page.locator("a.message .subject")).to_have_text(["Three"])


@pytest.mark.slow
async def test_what_is_read_stays_read_and_other_tabs_know(
    page: Page, context: BrowserContext, server: Server, address: str
) -> None:
    await server.send(letter("Unread"), address)
    other = await context.new_page()
    for tab in (page, other):
        await tab.goto(f"/#/{address}")
        await expect(tab.locator(".row.unread")).to_have_count(1)
    await page.locator("a.message").click()
    for tab in (page, other):
        await expect(tab.locator(".row.unread")).to_have_count(0)
    await page.reload()
    await expect(page.locator(".row")).to_have_count(1)
    await expect(page.locator(".row.unread")).to_have_count(0)


async def test_the_inbox_can_be_searched_and_sorted(page: Page, server: Server, address: str) -> None:
    await server.send_all([letter("Apples"), letter("Pears"), letter("Plums")], address)
    await page.goto(f"/#/{address}")
    await page.get_by_label("Order").select_option("oldest")
    await expect(page.locator("a.message .subject")).to_have_text(["Apples", "Pears", "Plums"])
    await page.keyboard.press("/")
    await page.get_by_label("Search").fill("PEAR")
    await expect(page.locator("a.message .subject")).to_have_text(["Pears"])
    await page.get_by_label("Search").fill("nothing of the kind")
    await expect(page.get_by_text("Nothing here matches")).to_be_visible()


@pytest.mark.slow
async def test_the_keyboard_is_enough(page: Page, server: Server, address: str) -> None:
    await server.send_all([letter("One"), letter("Two")], address)
    await open_inbox(page, address)
    await expect(page.locator("a.message")).to_have_count(2)
    await page.keyboard.press("j")
    await expect(page.locator("a.message").filter(has_text="Two")).to_be_focused()
    await page.keyboard.press("j")
    await expect(page.locator("a.message").filter(has_text="One")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".title")).to_have_text("One")
    await expect(page.locator(".title")).to_be_focused()
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await expect(page.locator(".title")).to_have_text("Two")
    await page.keyboard.press("Escape")
    await expect(page.locator(".title")).to_have_count(0)
    await expect(page.locator("a.message").filter(has_text="Two")).to_be_focused()
    await page.keyboard.press("?")
    await page.get_by_role("checkbox", name="Use these keys").uncheck()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_button_that_saves_all_keeps_the_focus(page: Page, server: Server, address: str) -> None:
    """It says that it is busy, as those beside it do: a disabled button would lose the keyboard's place."""
    message = letter("Two files")
    for name in ("a.txt", "b.txt"):
        message.add_attachment("x\n", subtype="plain", filename=name)
    await server.send(message, address)
    may_answer = asyncio.Event()

    async def hold(route: Route) -> None:
        await may_answer.wait()
        await route.continue_()

    await page.route("**/attachments/*", hold)
    await page.goto(f"/#/{address}")
    await open_message(page, "Two files")
    await page.get_by_role("button", name="Save all as .zip").focus()
    async with page.expect_download() as downloading:
        await page.keyboard.press("Enter")
        packing = page.get_by_role("button", name="Packing…")
        await expect(packing).to_have_attribute("aria-busy", "true")
        await expect(packing).to_be_enabled()
        await expect(packing).to_be_focused()
        may_answer.set()
    assert (await downloading.value).suggested_filename.endswith(".zip")
