"""The page of an edge reader: it reads, and has no buttons to delete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect
from testkit.running_app import ANN, running, settings_in

from edgemail.settings import SmtpSettings
from tests.e2e.conftest import open_inbox, open_message

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


async def test_a_reader_without_smtp_has_no_buttons_to_delete(browser: Browser, tmp_path: Path) -> None:
    """An edge reader's page has no delete buttons; the receiving server's page has."""
    settings = settings_in(tmp_path)
    async with running(settings) as filling:
        await filling.send_letter("Hello")
        async with running(replace(settings, smtp=SmtpSettings(listen=()))) as reading:
            for program, buttons in ((filling, 1), (reading, 0)):
                context = await browser.new_context(base_url=program.url, locale="en-GB")
                page = await context.new_page()
                await open_inbox(page, ANN)
                await open_message(page, "Hello")
                await expect(page.get_by_role("button", name="Delete all")).to_have_count(buttons)
                await expect(page.get_by_role("button", name="Delete", exact=True)).to_have_count(buttons)
                await context.close()
