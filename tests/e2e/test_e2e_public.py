"""A public server in the browser: behind a proxy that names itself in Host, and with a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import async_playwright, expect
from testkit.plain_proxy import proxying
from testkit.tools import CHROMIUM

from tests.e2e.conftest import FLAGS, letter, open_message, running_server

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "ann@mail.example"


@pytest.mark.slow
async def test_behind_nginx_as_it_comes_the_page_reads_and_deletes(tmp_path: Path) -> None:
    """Its own name is a domain of the settings; Host is the upstream's address."""
    with running_server(tmp_path, EDGEMAIL_DOMAIN="mail.example") as server:
        await server.send(letter("Hello"), ANN)
        async with (
            proxying(server.web, server.web.removeprefix("http://")) as port,
            async_playwright() as playwright,
        ):
            rule = f"--host-resolver-rules=MAP mail.example:80 127.0.0.1:{port}"
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, rule])
            page = await browser.new_page()
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            await page.goto(f"http://mail.example/#/{ANN}")
            await open_message(page, "Hello")
            await page.get_by_role("button", name="Delete", exact=True).click()
            await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
            await expect(page.locator("a.message")).to_have_count(0)
            await browser.close()
            # Chromium says that of every page without TLS.
            assert [complaint for complaint in complaints if "Cross-Origin-Opener-Policy" not in complaint] == []


@pytest.mark.slow
async def test_behind_nginx_a_server_without_a_name_reads_and_says_what_to_set(tmp_path: Path) -> None:
    """The page is there; what is refused says why, in the page."""
    with running_server(tmp_path) as server:
        await server.send(letter("Hello"), ANN)
        async with (
            proxying(server.web, server.web.removeprefix("http://")) as port,
            async_playwright() as playwright,
        ):
            rule = f"--host-resolver-rules=MAP mail.example:80 127.0.0.1:{port}"
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, rule])
            page = await browser.new_page()
            await page.goto(f"http://mail.example/#/{ANN}")
            await open_message(page, "Hello")
            await page.get_by_role("button", name="Delete", exact=True).click()
            await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
            await expect(page.get_by_text("set allowed_host = mail.example")).to_be_visible()
            await browser.close()


@pytest.mark.slow
async def test_a_name_that_is_not_served_is_explained(tmp_path: Path, browser: Browser) -> None:
    """In place of a blank page there is what to set."""
    with running_server(tmp_path, EDGEMAIL_DOMAIN="mail.example") as server:
        async with proxying(server.web, "backend") as port:
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{port}/")
            await expect(page.get_by_text("set allowed_host = backend")).to_be_visible()
            await page.close()


@pytest.mark.slow
async def test_a_private_server_asks_a_browser_for_a_password_once(tmp_path: Path, browser: Browser) -> None:
    """Page, API and event stream then work; without deletion there is no button for it."""
    passwords = tmp_path / "passwords"
    passwords.write_text("kim:s3cret\n")
    passwords.chmod(0o600)
    environ = {"EDGEMAIL_PRIVATE": "on", "EDGEMAIL_PASSWORD_FILE": str(passwords), "EDGEMAIL_DELETION": "off"}
    with running_server(tmp_path, **environ) as server:
        context = await browser.new_context(
            base_url=server.web, http_credentials={"username": "kim", "password": "s3cret"}
        )
        page = await context.new_page()
        await page.goto(f"/#/{ANN}")
        await expect(page.locator(".live.on")).to_be_visible()
        await server.send(letter("Hello"), ANN)
        await open_message(page, "Hello")
        await expect(page.get_by_role("button", name="Delete", exact=True)).to_have_count(0)
        await context.close()
