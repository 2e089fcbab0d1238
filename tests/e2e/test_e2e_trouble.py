"""Messages, servers and networks that disappear, and what the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import letter, open_inbox, running_server

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import BrowserContext, Page, Route

    from tests.e2e.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.slow
async def test_a_message_that_is_gone_says_so(quiet_page: Page, server: Server, address: str) -> None:
    await server.send(letter("Short-lived"), address)
    await quiet_page.goto(f"/#/{address}")
    await quiet_page.locator("a.message").wait_for()
    assert (await quiet_page.request.delete(f"{server.web}/api/inboxes/{address}")).ok
    await quiet_page.locator("a.message").click()
    await expect(quiet_page.get_by_text("This message is gone")).to_be_visible()
    await quiet_page.goto(f"/#/{address}/999999999")
    await expect(quiet_page.get_by_text("This message is gone")).to_be_visible()
    await quiet_page.get_by_role("button", name="To the inbox").click()
    await expect(quiet_page.get_by_text("This message is gone")).to_have_count(0)


@pytest.mark.slow
async def test_a_server_that_goes_and_comes_back_costs_no_message(
    quiet_page: Page, tmp_path: Path, address: str
) -> None:
    with running_server(tmp_path) as first:
        await quiet_page.goto(f"{first.web}/#/{address}")
        await expect(quiet_page.locator(".live.on")).to_be_visible()
        await first.send(letter("Before"), address)
        await expect(quiet_page.locator("a.message .subject")).to_have_text(["Before"])
    await expect(quiet_page.locator(".live.lost")).to_contain_text("reconnecting in")
    http = first.web.removeprefix("http://")
    with running_server(tmp_path, smtp=f"127.0.0.1:{first.smtp_port}", http=http) as second:
        await second.send(letter("Meanwhile"), address)
        await expect(quiet_page.locator(".live.on")).to_be_visible(timeout=20_000)
        await expect(quiet_page.locator("a.message .subject")).to_have_text(["Meanwhile", "Before"])


async def test_a_listing_that_fails_says_why_and_is_tried_again(
    quiet_page: Page, server: Server, address: str
) -> None:
    failures = iter([503])
    await server.send(letter("There"), address)

    async def answer(route: Route) -> None:
        if (status := next(failures, None)) is None:
            await route.continue_()
            return
        problem = '{"title": "Service Unavailable", "status": 503, "detail": "The store is away."}'
        await route.fulfill(status=status, body=problem, content_type="application/problem+json")

    await quiet_page.route("**/messages?*", answer)
    await quiet_page.goto(f"/#/{address}")
    await expect(quiet_page.get_by_role("alert")).to_contain_text("The store is away.")
    await expect(quiet_page.get_by_role("alert")).to_contain_text("Trying again in")
    await expect(quiet_page.locator("a.message .subject")).to_have_text(["There"])


async def test_being_offline_is_said_and_mended(
    quiet_page: Page, context: BrowserContext, server: Server, address: str
) -> None:
    await open_inbox(quiet_page, address)
    await context.set_offline(True)
    await expect(quiet_page.locator(".live")).to_have_text("offline")
    await server.send(letter("Later"), address)
    await context.set_offline(False)
    await expect(quiet_page.locator("a.message .subject")).to_have_text(["Later"])
    await expect(quiet_page.locator(".live.on")).to_be_visible()


async def test_a_server_that_answers_counts_more_than_the_browsers_word(
    quiet_page: Page, server: Server, address: str
) -> None:
    """A browser without a network calls itself offline, and reaches a server on its own machine."""
    await quiet_page.add_init_script("Object.defineProperty(navigator, 'onLine', { get: () => false })")
    await open_inbox(quiet_page, address)
    await expect(quiet_page.locator(".live")).to_have_text("live")
    await server.send(letter("Here"), address)
    await expect(quiet_page.locator("a.message .subject")).to_have_text(["Here"])
