"""The page below a path of a host that other programs share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect
from testkit.path_proxy import path_proxy
from testkit.running_app import ANN, running, settings_in

from tests.e2e.conftest import open_message

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


async def test_mail_is_read_below_a_path(page: Page, tmp_path: Path) -> None:
    """It arrives live, is parsed by the worker, and can be deleted; the page says nothing of what it misses."""
    settings = settings_in(tmp_path)
    settings = replace(settings, http=replace(settings.http, base_path="/team/mail"))
    async with running(settings) as program, path_proxy("/team/mail", program.url) as proxy:
        await page.goto(f"{proxy}/team/mail/#/{ANN}")
        await expect(page.locator(".live.on")).to_be_visible()
        await program.send_letter("Below a path")
        await open_message(page, "Below a path")
        await page.get_by_role("button", name="Delete", exact=True).click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.locator("a.message")).to_have_count(0)
        await page.goto("about:blank")
