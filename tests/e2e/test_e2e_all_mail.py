"""The list of all mail, on which the page opens where everybody may list it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import pytest
import pytest_asyncio
from playwright.async_api import expect
from testkit.running_app import resolved_in, running, settings_in
from testkit.sample_mail import letter as letter_octets
from testkit.waiting import until

from tests.e2e.test_e2e_look import violations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page, Request, Route
    from testkit.running_app import Program

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN, BEN = "ann@shop.example", "ben@bank.example"


@pytest_asyncio.fixture(loop_scope="session")
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    async with running(settings_in(tmp_path)) as program:
        yield program


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, program: Program) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="en-GB", base_url=program.url)
    context.set_default_timeout(30_000)
    yield await context.new_page()
    await context.close()


async def subjects(page: Page, *expected: str) -> None:
    await expect(page.locator("a.message .subject")).to_have_text(list(expected))


async def test_the_page_opens_on_all_mail_and_new_mail_shows_up_by_itself(page: Page, program: Program) -> None:
    await program.send(letter_octets("Before"), to=(ANN,))
    await page.goto("/")
    await expect(page.get_by_role("heading", level=1, name="All mail")).to_be_attached()
    await expect(page.locator(".live.on")).to_be_visible()
    await program.send(letter_octets("For both"), to=(BEN, ANN))
    await subjects(page, "For both", "Before")
    await expect(page.locator(".recipients").first.get_by_role("link")).to_have_text([BEN, ANN])
    await expect(page).to_have_title("(2) All mail - edgemail")
    await expect(page.locator(".mail-count")).to_have_text("2 messages, 2 unread")


async def test_the_list_is_asked_for_while_the_code_of_its_view_comes(page: Page, program: Program) -> None:
    """And once."""
    await program.send(letter_octets("Early"), to=(ANN,))
    asked: list[str] = []
    has_asked = asyncio.Event()

    def note(request: Request) -> None:
        if "/api/messages" in request.url:
            asked.append(request.url)
            has_asked.set()

    async def hold(route: Route) -> None:
        await asyncio.wait_for(has_asked.wait(), 10)
        await route.continue_()

    page.on("request", note)
    await page.route("**/assets/inbox-view-*.js", hold)
    await page.goto("/")
    await subjects(page, "Early")
    assert len(asked) == 1


@pytest.mark.slow
async def test_an_address_in_the_list_leads_to_its_inbox(page: Page, program: Program) -> None:
    await program.send(letter_octets("For Ann"), to=(ANN,))
    await program.send(letter_octets("For Ben"), to=(BEN,))
    await page.goto("/")
    await page.get_by_role("link", name=ANN).click()
    await expect(page.locator(".address")).to_have_text(ANN)
    await subjects(page, "For Ann")
    await page.go_back()
    await subjects(page, "For Ben", "For Ann")


@pytest.mark.slow
async def test_what_one_reader_opens_is_read_for_all(page: Page, browser: Browser, program: Program) -> None:
    await program.send(letter_octets("One"), to=(ANN,))
    await program.send(letter_octets("Two"), to=(BEN,))
    await page.goto("/")
    await page.locator("a.message", has_text="One").click()
    await expect(page.locator(".reader h2")).to_have_text("One")
    await expect(page.locator(".reader").get_by_role("link", name=ANN)).to_be_visible()
    await expect(page.locator(".row.unread .subject")).to_have_text(["Two"])
    context = await browser.new_context(locale="en-GB", base_url=program.url)

    async def is_read_there() -> bool:
        other = await context.new_page()
        await other.goto("/")
        await subjects(other, "Two", "One")
        return await other.locator(".row.unread .subject").all_text_contents() == ["Two"]

    await until(is_read_there)
    await context.close()


@pytest.mark.slow
async def test_operators_narrow_the_search(page: Page, program: Program) -> None:
    """Those that are typed, and those that are clicked; also for mail that is not listed yet."""
    await program.send(letter_octets("Parcel", "It waits at the harbour.", extra=f"Cc: {ANN}\r\n"), to=(ANN,))
    await program.send(letter_octets("Parcel"), to=(BEN,))
    for number in range(60):
        await program.send(letter_octets(f"Other {number}"), to=(BEN,))
    await page.goto("/")
    search = page.get_by_role("searchbox")
    await search.fill(f"subject:parcel cc:{ANN}")
    await subjects(page, "Parcel")
    await expect(page.locator(".recipients")).to_have_text([ANN])
    await search.fill("parcel")
    await expect(page.locator("a.message .subject")).to_have_count(2)
    await page.get_by_role("button", name="is:unread").click()
    await expect(search).to_have_value("parcel is:unread")
    await expect(search).to_be_focused()
    await page.locator("a.message").first.click()
    await expect(page.locator(".reader h2")).to_have_text("Parcel")
    await search.fill("parcel -harbour is:read")
    await subjects(page, "Parcel")
    await search.fill("to:nobody@else.example")
    await expect(page.get_by_text("Nothing here matches.")).to_be_visible()


@pytest.mark.slow
async def test_all_mail_is_deleted_after_asking_and_one_message_for_all_its_recipients(
    page: Page, program: Program
) -> None:
    for number in range(3):
        await program.send(letter_octets(f"No {number}"), to=(ANN, BEN))
    await page.goto("/")
    await page.locator("a.message").first.click()
    await page.locator(".reader .delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await subjects(page, "No 1", "No 0")
    assert len(await program.list_inbox(BEN)) == 2
    await page.get_by_role("button", name="Delete all").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Delete all mail of all inboxes?")
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Listening")).to_be_visible()
    assert await program.list_inbox(ANN) == []


async def test_another_name_is_one_click_away(page: Page, program: Program) -> None:
    await page.goto("/")
    await page.get_by_role("link", name="New").click()
    await expect(page.get_by_label("Inbox name")).to_be_focused()


async def test_public_the_page_opens_on_the_landing_page_and_strangers_do_not_see_all_mail(
    browser: Browser, tmp_path: Path
) -> None:
    settings = resolved_in(tmp_path, domain="example.org")
    async with running(settings) as program:
        context = await browser.new_context(locale="en-GB", base_url=program.url)
        page = await context.new_page()
        await page.goto("/")
        await expect(page.get_by_label("Inbox name")).to_be_visible()
        await page.goto("/#/all")
        await expect(page.locator(".list .state")).to_contain_text("This did not work")
        await context.close()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
async def test_the_list_has_no_barrier_and_is_not_wider_than_the_screen(
    browser: Browser, program: Program, theme: Literal["light", "dark"], width: int
) -> None:
    await program.send(letter_octets("Your code", "Your verification code is 481223."), to=(ANN,))
    long_name = f"{'long.' * 12}name@example.org"
    await program.send(letter_octets("A very long subject " * 20), to=(long_name, ANN, BEN))
    context = await browser.new_context(
        base_url=program.url, viewport={"width": width, "height": 800}, color_scheme=theme
    )
    page = await context.new_page()
    await page.goto("/")
    await expect(page.locator("a.message")).to_have_count(2)
    await expect(page.get_by_role("button", name="is:unread")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await violations(page) == []
    await context.close()
