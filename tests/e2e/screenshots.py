"""`make screenshots`: writes a picture of every state of the page, in both themes, for a desk and for a phone."""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import sys
import tempfile
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright, expect
from testkit.tools import CHROMIUM

from tests.e2e.conftest import FLAGS
from tests.e2e.screenshot_states import STATES, Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from playwright.async_api import Browser, Page

    Take = Callable[[Browser, Stage, str, Path], Awaitable[list[Path]]]

Theme = Literal["light", "dark"]

THEMES: tuple[Theme, ...] = get_args(Theme)
SIZES = {1280: 800, 390: 844}
COMES_UP_MS = 10_000
DOCS_FOLDER = Path(__file__).parents[2] / "docs" / "images"
DOCS: dict[str, tuple[Theme, ...]] = {
    "all-mail": ("light", "dark"),
    "inbox": ("light",),
    "inbox-locked": ("light",),
    "message-code": ("light",),
    "message-checks": ("light",),
    "message-links": ("light",),
    "message-parts": ("light",),
    "message-preview": ("light",),
}
"""The pictures of the docs. They are WebP, a quarter of the size of PNG."""
DOCS_WIDTH = 1280
WEBP_QUALITY = 70


@asynccontextmanager
async def showing(browser: Browser, stage: Stage, name: str, theme: Theme, width: int) -> AsyncIterator[Page]:
    """Bring a state up, in a window of its own.

    Raises:
        AssertionError: it did not come up.
        PlaywrightError: neither did a step of the way there.
    """
    context = await browser.new_context(
        viewport={"width": width, "height": SIZES[width]}, color_scheme=theme, locale="en-GB"
    )
    context.set_default_timeout(COMES_UP_MS)
    try:
        page = await context.new_page()
        for step in STATES[name]:
            await step(page, stage)
        await page.evaluate("document.fonts.ready")
        yield page
    finally:
        await context.close()


async def take(browser: Browser, stage: Stage, name: str, folder: Path) -> list[Path]:
    """Return the pictures of a state that were written, in each theme and size."""
    pictures = []
    for theme, width in itertools.product(THEMES, SIZES):
        async with showing(browser, stage, name, theme, width) as page:
            picture = folder / f"{name}-{theme}-{width}.png"
            await page.screenshot(path=picture, animations="disabled", caret="hide")
            pictures.append(picture)
    return pictures


async def take_for_docs(browser: Browser, stage: Stage, name: str, folder: Path) -> list[Path]:
    """Return the pictures of a state that were written, in the themes that the docs show, for a desk."""
    pictures = []
    for theme in DOCS[name]:
        async with showing(browser, stage, name, theme, DOCS_WIDTH) as page:
            session = await page.context.new_cdp_session(page)
            options = {"format": "webp", "quality": WEBP_QUALITY}
            picture = folder / f"{name}-{theme}.webp"
            picture.write_bytes(base64.b64decode((await session.send("Page.captureScreenshot", options))["data"]))
            pictures.append(picture)
    return pictures


async def take_all(folder: Path, names: list[str], take: Take = take) -> int:
    """Take the pictures of some states; return the number of states that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=COMES_UP_MS)
    taken = failed = 0
    with tempfile.TemporaryDirectory() as work, ExitStack() as stack:
        stage = Stage(Path(work), stack)
        print("Sending the mail...")
        await stage.prepare()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for at, name in enumerate(names, 1):
                print(f"[{at}/{len(names)}] {name}", flush=True)
                try:
                    taken += len(await take(browser, stage, name, folder))
                except (AssertionError, PlaywrightError) as error:
                    failed += 1
                    print(f"  did not come up: {error}", file=sys.stderr)
            await browser.close()
    print(
        f"{taken} pictures of {len(names) - failed} states in {folder}/" + (f"; {failed} FAILED" if failed else "")
    )
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path(".screenshots"))
    parser.add_argument("--docs", action="store_true", help="write those of docs/images alone")
    parser.add_argument("states", nargs="*", help="which ones; all where none is named")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.states if name not in STATES]:
        parser.error(f"no such state: {', '.join(unknown)}; there are: {', '.join(STATES)}")
    if arguments.docs:
        failed = asyncio.run(take_all(DOCS_FOLDER, list(DOCS), take_for_docs))
    else:
        failed = asyncio.run(take_all(arguments.dir, arguments.states or list(STATES)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
