"""Locked inboxes in the browser, on a public server: made, shared, opened by a link and by a pasted key."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import pytest_asyncio
from playwright.async_api import expect

from edgemail.policy.inbox_lock import find_lock, make_lock
from tests.e2e.conftest import PNG, letter, open_message, running_server
from tests.e2e.test_e2e_look import violations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser, BrowserContext, Page, Request

    from tests.e2e.conftest import Server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

_VECTOR: Final = json.loads((Path(__file__).parents[1] / "vectors/inbox-locks.json").read_text("utf-8"))["locks"][0]


@dataclass
class Reader:
    """A browser of its own, and what it asked the server."""

    page: Page
    urls: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("locked"), EDGEMAIL_DOMAIN="mail.example") as server:
        yield server


async def new_reader(context: BrowserContext) -> Reader:
    reader = Reader(await context.new_page())

    def note(request: Request) -> None:
        reader.urls.append(request.url)

    reader.page.on("request", note)
    reader.page.on("response", lambda answer: reader.refused.append(answer.url) if answer.status == 404 else None)
    return reader


@pytest_asyncio.fixture(loop_scope="session")
async def reader(browser: Browser, public: Server) -> AsyncIterator[Reader]:
    """A reader who has never been here."""
    context = await browser.new_context(base_url=public.web, permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(30_000)
    yield await new_reader(context)
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(browser: Browser, public: Server) -> AsyncIterator[Reader]:
    """Another one."""
    context = await browser.new_context(base_url=public.web)
    context.set_default_timeout(30_000)
    yield await new_reader(context)
    await context.close()


async def make_locked(reader: Reader, name: str) -> str:
    """Make a locked inbox on the landing page; return its address."""
    page = reader.page
    await page.goto("/#/")
    await page.get_by_label("Inbox name").fill(name)
    await page.get_by_label("Lock it").check()
    await page.get_by_role("button", name="Go").click()
    await expect(page.locator(".live.on")).to_be_visible()
    address = await page.locator(".bar .address").inner_text()
    assert re.fullmatch(rf"{name}-k[a-z2-7]{{16}}@mail\.example", address)
    return address


async def read_link(page: Page) -> str:
    """Return the link that the share dialog offers."""
    await page.get_by_role("button", name="Share").click()
    link = await page.locator(".share-link").inner_text()
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    return link


def assert_no_key_was_sent(reader: Reader, key: str) -> None:
    assert len(reader.urls) > 3
    assert not [url for url in reader.urls if key in url.partition("#")[0]]


async def test_an_inbox_is_locked_on_the_landing_page_and_works_as_others_do(
    public: Server, reader: Reader
) -> None:
    """Mail arrives live, opens, downloads and is deleted; the key is in no URL that the server sees."""
    page = reader.page
    address = await make_locked(reader, "shop")
    await expect(page.get_by_text("Locked inbox: anyone who has the key can read it.")).to_be_visible()
    mail = letter("Your code", "Your code is 481223.")
    mail.add_attachment(PNG, maintype="image", subtype="png", filename="dot.png")
    await public.send(mail, address)
    await open_message(page, "Your code")
    async with page.expect_download() as download:
        await page.locator(".attachments").get_by_role("button", name="Download").first.click()
    assert Path(await (await download.value).path()).read_bytes() == PNG
    link = await read_link(page)
    key = link.partition("?key=")[2]
    lock = find_lock(address.partition("@")[0])
    assert lock is not None
    assert lock.opens_by([key])
    await page.reload()  # the browser keeps the key
    await open_message(page, "Your code")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.locator("a.message")).to_have_count(0)
    assert reader.refused == []
    assert_no_key_was_sent(reader, key)


async def test_a_link_with_the_key_opens_it_elsewhere(public: Server, reader: Reader, stranger: Reader) -> None:
    """The key goes out of the address bar at once, and stays in that browser; a link to a message works too."""
    address = await make_locked(reader, "two")
    await public.send(letter("For two"), address)
    link = await read_link(reader.page)
    key = link.partition("?key=")[2]
    page = stranger.page
    await page.goto(link)
    await open_message(page, "For two")
    opened = page.url
    assert "key" not in opened
    await page.goto("about:blank")
    await page.goto(f"{opened}?key={key}")
    await expect(page.get_by_role("tablist")).to_be_visible()
    assert page.url == opened
    await page.goto(f"{public.web}/#/{address}")
    await expect(page.locator(".live.on")).to_be_visible()
    assert stranger.refused == []
    assert_no_key_was_sent(stranger, key)


async def test_without_the_key_the_page_says_what_is_missing_and_takes_it(
    public: Server, reader: Reader, stranger: Reader
) -> None:
    """One refusal and no more: it does not ask again by itself, nor for what cannot be the key."""
    address = await make_locked(reader, "paste")
    await public.send(letter("Pasted"), address)
    link = await read_link(reader.page)
    page = stranger.page
    await page.goto(f"/#/{address}")
    await expect(page.get_by_role("heading", name="This inbox is locked")).to_be_visible()
    await expect(page.locator("p.live")).to_have_count(0)  # it waits for the key, not for a connection
    assert await page.locator("a.message").count() == 0
    assert await violations(page) == []
    field = page.get_by_label("Key of this inbox")
    await expect(field).to_be_focused()
    for text, said in (
        ("nonsense", "That is no key"),
        (make_lock("paste")[1], "does not open this inbox"),
        (_VECTOR["key"].upper(), "That is no key"),
    ):
        await field.fill(text)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text(said)).to_be_visible()
    assert len(stranger.refused) == 1
    await field.fill(f"  {link} ")
    await page.keyboard.press("Enter")
    await open_message(page, "Pasted")
    await page.goto("/#/")
    await page.goto(f"/#/{address}")
    await expect(page.locator("a.message")).to_have_count(1)
    assert len(stranger.refused) == 1


async def test_a_link_pasted_into_an_open_page_works(public: Server, stranger: Reader) -> None:
    """Where only the hash changes the page starts again, and takes the key first."""
    address, key = f"{_VECTOR['local']}@mail.example", _VECTOR["key"]
    await public.send(letter("By hash"), address)
    page = stranger.page
    await page.goto("/#/")
    await expect(page.get_by_role("button", name="Go")).to_be_visible()
    await page.evaluate("hash => { location.hash = hash; }", f"#/{address}?key={key}")
    await open_message(page, "By hash")
    assert "key" not in page.url
    assert_no_key_was_sent(stranger, key)


async def test_a_wrong_key_in_a_link_is_not_kept_for_good(public: Server, stranger: Reader) -> None:
    """The page says that it does not open the inbox; the right one then does."""
    address = f"{_VECTOR['local']}@mail.example"
    page = stranger.page
    await page.goto(f"/#/{address}?key={make_lock('shop')[1]}")
    await expect(page.get_by_text("That key does not open this inbox.")).to_be_visible()
    await page.get_by_label("Key of this inbox").fill(_VECTOR["key"])
    await page.get_by_role("button", name="Open").click()
    await expect(page.locator(".live.on")).to_be_visible()


async def test_tabs_of_locked_and_open_inboxes_share_their_stream(public: Server, reader: Reader) -> None:
    """Each hears of its own mail; more tabs than a browser has connections to a host."""
    addresses = [await make_locked(reader, f"tab{n}") for n in range(3)]
    addresses += [f"open{n}@mail.example" for n in range(5)]
    pages = []
    for address in addresses:
        page = await reader.page.context.new_page()
        await page.goto(f"/#/{address}")
        await expect(page.locator(".live.on")).to_be_visible()
        pages.append(page)
    for n, (address, page) in enumerate(zip(addresses, pages, strict=True)):
        await public.send(letter(f"Mail {n}"), address)
        await expect(page.locator("a.message")).to_have_count(1)
        await expect(page.get_by_text(f"Mail {n}").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_the_views_are_accessible(public: Server, browser: Browser, scheme: str, width: int) -> None:
    """The landing page with its lock, the page of a locked inbox, and the inbox; by keyboard too."""
    context = await browser.new_context(
        base_url=public.web,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.set_default_timeout(30_000)
    page = await context.new_page()
    await page.goto("/#/")
    box = page.get_by_label("Lock it")
    await expect(box).to_be_visible()
    assert await violations(page) == []
    await box.focus()
    await page.keyboard.press("Space")
    await page.get_by_label("Inbox name").fill("keys")
    await page.keyboard.press("Enter")
    await expect(page.locator(".live.on")).to_be_visible()
    assert await violations(page) == []
    await page.goto(f"/#/{_VECTOR['local']}@mail.example")
    await expect(page.get_by_role("heading", name="This inbox is locked")).to_be_visible()
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await context.close()


async def test_in_dev_mode_no_lock_is_offered(server: Server, page: Page) -> None:
    """Nor does the page say that an inbox is locked: it opens to everyone there."""
    await page.goto("/#/new")
    await expect(page.get_by_role("button", name="Go")).to_be_visible()
    await expect(page.get_by_text("any domain")).to_be_visible()  # the server has said what it is
    await expect(page.get_by_label("Lock it")).to_have_count(0)
    address = f"{_VECTOR['local']}@example.com"
    await server.send(letter("Open"), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Open")
    await expect(page.get_by_text("Public inbox")).to_be_visible()
