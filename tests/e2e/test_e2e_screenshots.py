"""`make screenshots` works, for one of its states."""

from __future__ import annotations

import struct
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.e2e.screenshot_states import STATES, Stage, go, see
from tests.e2e.screenshots import SIZES, THEMES, take

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


async def test_a_state_is_pictured_in_each_theme_and_size(browser: Browser, tmp_path: Path) -> None:
    with ExitStack() as stack:
        stage = Stage(tmp_path, stack)
        await stage.prepare()
        pictures = await take(browser, stage, "message-html", tmp_path)
    assert len(pictures) == len(set(pictures)) == len(THEMES) * len(SIZES)
    sizes = {struct.unpack(">II", picture.read_bytes()[16:24]) for picture in pictures}
    assert sizes == set(SIZES.items())
    assert len({picture.read_bytes() for picture in pictures}) == len(pictures), "light and dark differ"


async def test_a_state_that_does_not_come_up_fails(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        stage = Stage(tmp_path, stack)
        monkeypatch.setattr("tests.e2e.screenshot_mail.EVERYDAY", [])
        monkeypatch.setattr("tests.e2e.screenshot_mail.ODD", [])
        await stage.prepare()
        monkeypatch.setitem(STATES, "never", [go("#/"), see("What never stands there")])
        with pytest.raises(AssertionError):
            await take(browser, stage, "never", tmp_path)
