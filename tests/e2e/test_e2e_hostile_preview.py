"""Hostile mail in a dark preview and in a picture: nothing runs, nothing is asked for, nothing goes anywhere.

The walls are those of `test_e2e_hostile`. A picture has one more: in an image browsers run and fetch nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.hostile_pictures import PICTURES
from tests.e2e.hostile_vectors import ASKING, LETTERS
from tests.e2e.test_e2e_hostile import Bundles, Deeds, bundles, hostile_inbox, read_all, serve_instead

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

    from tests.e2e.canary import Canary
    from tests.e2e.conftest import Server

__all__ = ["bundles", "hostile_inbox"]

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

FRAMES_STAY_EMPTY = "Object.defineProperty(HTMLIFrameElement.prototype, 'srcdoc', { set() {} })"


class Previews:
    """Looks at letters in the dark scheme on a narrow page, makes a picture of each, and counts the pictures."""

    def __init__(self) -> None:
        self.pictures = 0
        self.failures = 0

    async def __call__(self, page: Page) -> None:
        await page.get_by_role("button", name="320 pixels wide").click()
        await page.get_by_role("button", name="Dark").click()
        button = page.get_by_role("button", name="Save as PNG")
        await button.click()
        await expect(button).to_have_attribute("aria-busy", "false")
        note = await page.locator(".preview-tools [role=status]").inner_text()
        if note.startswith("Saved"):
            self.pictures += 1
        else:
            assert note == "This browser cannot make a picture of this message."
            self.failures += 1


async def test_with_both_walls_up_no_preview_does_anything(
    quiet_page: Page, canary: Canary, hostile_inbox: str, server: Server
) -> None:
    previews = Previews()
    subjects = ["rewritten 1", *PICTURES]
    assert await read_all(quiet_page, canary, hostile_inbox, server, subjects, previews) == {}
    assert previews.pictures == len(subjects), "what the sanitiser lets through is drawn"


async def test_with_the_policy_off_the_sanitiser_holds_in_the_dark(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    """The dark changes style sheets alone: the letters that run scripts are those of `test_e2e_hostile`."""
    await serve_instead(context, bundles.build("policy"))
    previews = Previews()
    assert await read_all(quiet_page, canary, hostile_inbox, server, ASKING, previews) == {}
    assert previews.pictures == len(ASKING)


async def test_with_the_sanitiser_off_the_policy_holds_in_the_dark(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    """No request goes out. A bare connection may: Chromium opens one ahead for a frame that it then blocks."""
    await serve_instead(context, bundles.build("sanitise"))
    await quiet_page.emulate_media(color_scheme="dark")
    done = await read_all(quiet_page, canary, hostile_inbox, server, ASKING, Previews())
    assert {subject: deeds for subject, deeds in done.items() if replace(deeds, connections=0) != Deeds()} == {}


async def test_with_both_walls_down_a_picture_by_itself_does_nothing(
    quiet_page: Page, context: BrowserContext, canary: Canary, hostile_inbox: str, server: Server, bundles: Bundles
) -> None:
    """The frames stay empty, so that whatever comes out comes out of the picture."""
    await serve_instead(context, bundles.build("sanitise", "policy"))
    await context.add_init_script(FRAMES_STAY_EMPTY)
    previews = Previews()
    assert await read_all(quiet_page, canary, hostile_inbox, server, look=previews) == {}
    assert previews.pictures >= len(LETTERS) / 2, previews.failures
