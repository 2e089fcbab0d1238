"""The documentation's site: what is staged for it, and, built by `make docs`, what Chromium shows of it."""

from __future__ import annotations

import http.server
import shutil
import threading
from functools import partial
from typing import TYPE_CHECKING, get_args

import pytest
from playwright.async_api import async_playwright, expect
from scripts.stage_site import find_pages, make_nav, read_title, rewrite_links
from testkit.clean_environment import ROOT, run
from testkit.one_at_a_time import one_at_a_time
from testkit.tools import CHROMIUM

from tests.e2e.conftest import FLAGS
from tests.e2e.screenshots import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.async_api import Page

HOST = "https://git.example/edgemail"
BUILD_S = 900.0
COMES_UP_MS = 60_000


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    files = {
        "README.md": "# `edgemail`\n",
        "ARCHITECTURE.md": "# Architecture\n",
        "docs/README.md": "# Contents\n",
        "docs/how-to/add-one.md": "# Add one\n",
        "docs/how-to/more/README.md": "# More of it\n",
        "docs/how-to/more/2.md": "# 2. Two\n",
        "docs/how-to/more/10.md": "# 10. Ten\n",
        "docs/images/a.svg": "<svg/>",
        "src/main.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("page", "link", "rewritten"),
    [
        ("README.md", "docs/how-to/add-one.md#a", "how-to/add-one.md#a"),
        ("README.md", "docs/images/a.svg", "images/a.svg"),
        ("README.md", "ARCHITECTURE.md", "project/architecture.md"),
        ("ARCHITECTURE.md", "README.md", "../index.md"),
        ("README.md", "docs/README.md", "contents.md"),
        ("README.md", "docs/how-to/more/README.md#a", "how-to/more/index.md#a"),
        ("docs/how-to/add-one.md", "../images/a.svg", "../images/a.svg"),
        ("docs/how-to/add-one.md", "../../README.md#start", "../index.md#start"),
        ("docs/how-to/add-one.md", "../../src/main.py#L3", f"{HOST}/blob/main/src/main.py#L3"),
        ("docs/how-to/add-one.md", "../../src", f"{HOST}/tree/main/src"),
        ("docs/how-to/add-one.md", "#here", "#here"),
        ("docs/how-to/add-one.md", "https://x.example/y.md", "https://x.example/y.md"),
    ],
)
def test_a_link_leads_to_the_page_or_to_the_repository(clone: Path, page: str, link: str, rewritten: str) -> None:
    given = rewrite_links(f"[`a`]({link}) b", clone / page, find_pages(clone), HOST, clone)
    assert given == f"[`a`]({rewritten}) b"


def test_code_stays_as_it_is_but_for_bars_in_a_table(clone: Path) -> None:
    """GitHub wants a backslash before a bar in a table's code; the site would show it."""
    text = "`[a](src)` `x\\|y`\n\n```md\n[b](src)\n| `x\\|y` |\n```\n\n| `x\\|y` | a \\| b |\n"
    given = rewrite_links(text, clone / "README.md", find_pages(clone), HOST, clone)
    assert given == text.removesuffix("| `x\\|y` | a \\| b |\n") + "| `x|y` | a \\| b |\n"


def test_folders_become_sections(clone: Path) -> None:
    titles = {name: read_title(path.read_text(encoding="utf-8")) for path, name in find_pages(clone).items()}
    assert make_nav(titles | {"tutorials/a.md": "A", "how-to/index.md": "Z"}) == [
        {"edgemail": "index.md"},
        {"Contents": "contents.md"},
        {"Tutorials": [{"A": "tutorials/a.md"}]},
        {
            "How to": [
                {"Z": "how-to/index.md"},
                {"Add one": "how-to/add-one.md"},
                {
                    "More": [
                        {"More of it": "how-to/more/index.md"},
                        {"2. Two": "how-to/more/2.md"},
                        {"10. Ten": "how-to/more/10.md"},
                    ]
                },
            ]
        },
        {"Project": [{"Architecture": "project/architecture.md"}]},
    ]


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the site and serve a copy of it."""
    built = tmp_path_factory.mktemp("built") / "site"
    with one_at_a_time("docs"):
        run("make", "docs", timeout_s=BUILD_S)
        shutil.copytree(ROOT / "build/site", built)
    handler = partial(Handler, directory=str(built))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


async def check_look(page: Page, *, dark: bool) -> None:
    """Check that a page is as wide as the window, in the theme asked for, without a picture that is missing."""
    widths = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    back = await page.evaluate(
        "[document.body, document.documentElement].map((part) => getComputedStyle(part).backgroundColor)"
        ".find((color) => color !== 'rgba(0, 0, 0, 0)') ?? 'rgb(255, 255, 255)'"
    )
    numbers = [int(part) for part in back.removeprefix("rgb(").removesuffix(")").split(", ")]
    assert (max(numbers) < 80) is dark, back
    missing = (
        "[...document.images].filter((image) => image.complete && !image.naturalWidth).map((image) => image.src)"
    )
    assert await page.evaluate(missing) == []


@pytest.mark.slow
@pytest.mark.needs_chromium
@pytest.mark.parametrize("theme", get_args(Theme))
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_site_looks_right_and_asks_no_other_host(site: str, theme: Theme, width: int) -> None:
    asked: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)
        context.set_default_timeout(COMES_UP_MS)
        page = await context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        for path, heading in (
            ("", "edgemail"),
            ("how-to/lock-an-inbox/", "Lock an inbox"),
            ("reference/settings/", "Settings"),
        ):
            await page.goto(site + path, wait_until="load")
            await expect(page.locator("h1")).to_contain_text(heading, timeout=COMES_UP_MS)
            await check_look(page, dark=theme == "dark")
        await page.goto(f"{site}reference/openapi/", wait_until="load")
        route = page.get_by_text("/api/inboxes/{address}/wait", exact=True).first
        await expect(route).to_be_visible(timeout=COMES_UP_MS)
        await check_look(page, dark=theme == "dark")
        await browser.close()
    assert asked
    assert [url for url in asked if not url.startswith((site, "data:", "blob:"))] == []


@pytest.mark.slow
@pytest.mark.needs_chromium
async def test_the_search_finds_a_page(site: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport={"width": 1280, "height": 844})
        page.set_default_timeout(COMES_UP_MS)
        await page.goto(site, wait_until="load")
        await page.wait_for_function("[...document.querySelectorAll('body > div')].some((part) => part.shadowRoot)")
        await page.keyboard.press("Control+k")
        await page.locator("dialog[open] input").fill("lock an inbox")
        result = page.locator("dialog[open] a[href*='how-to/lock-an-inbox/']").first
        await expect(result).to_be_visible(timeout=COMES_UP_MS)
        await browser.close()
