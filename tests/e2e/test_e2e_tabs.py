"""Many tabs of one browser, which has six connections to a host: they share one for what arrives."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect
from testkit.running_app import running, settings_in
from testkit.sample_mail import letter as letter_octets
from testkit.waiting import until

from tests.e2e.conftest import letter, open_message, running_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext, Page
    from testkit.running_app import Program

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

NO_WORKER = "delete window.SharedWorker"
NO_LOCKS = f"{NO_WORKER}; Object.defineProperty(navigator, 'locks', {{ value: undefined }})"
WAYS = {"shared worker": "", "elected tab": NO_WORKER}


def addresses(count: int) -> list[str]:
    return [f"tab{number}@example.org" for number in range(count)]


def count_streams(program: Program) -> int:
    """Return how many event streams are open."""
    topics = program.app._inbox._notifier._subscriptions.values()
    return len({subscription._bell for topic in topics for subscription in topic._subscriptions})


def followed(program: Program) -> set[str]:
    return set(program.app._inbox._notifier._subscriptions)


@asynccontextmanager
async def tabs_of(browser: Browser, script: str) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(locale="en-GB")
    context.set_default_timeout(30_000)
    if script:
        await context.add_init_script(script)
    yield context
    await context.close()


async def open_tab(context: BrowserContext, url: str, address: str) -> Page:
    page = await context.new_page()
    await page.goto(f"{url}/#/{address}")
    await expect(page.locator(".live.on")).to_be_visible()
    return page


async def subjects(page: Page, *expected: str) -> None:
    await expect(page.locator("a.message .subject")).to_have_text(list(expected))


@pytest.mark.parametrize("way", WAYS)
async def test_eight_tabs_get_their_mail_by_one_connection(way: str, browser: Browser, tmp_path: Path) -> None:
    """Each of them live, each its own, each once; and messages can still be loaded."""
    async with running(settings_in(tmp_path)) as program, tabs_of(browser, WAYS[way]) as context:
        names = addresses(8)
        pages = [await open_tab(context, program.url, name) for name in names]
        await until(lambda: count_streams(program) == 1 and followed(program) == set(names))
        for round_number in range(2):
            for name in names:
                await program.send(letter_octets(f"{round_number} for {name}"), to=(name,))
        for name, page in zip(names, pages, strict=True):
            await subjects(page, f"1 for {name}", f"0 for {name}")
            await open_message(page, f"0 for {name}")
        assert count_streams(program) == 1
        await pages[0].reload()
        await expect(pages[0].locator(".live.on")).to_be_visible()
        await program.send(letter_octets("To all"), to=tuple(names))
        for page in pages:
            await expect(page.locator("a.message .subject").first).to_have_text("To all")


@pytest.mark.parametrize("way", WAYS)
async def test_tabs_come_and_go(way: str, browser: Browser, tmp_path: Path) -> None:
    """The first one, which has the connection where tabs elect one, closes; another goes to other addresses."""
    async with running(settings_in(tmp_path)) as program, tabs_of(browser, WAYS[way]) as context:
        names = addresses(4)
        pages = [await open_tab(context, program.url, name) for name in names[:3]]
        await pages[0].close()
        await program.send(letter_octets("While nobody leads"), to=(names[1],))
        await subjects(pages[1], "While nobody leads")
        await until(lambda: count_streams(program) == 1 and followed(program) == set(names[1:3]))
        await pages[2].goto(f"{program.url}/#/{names[3]}")
        await expect(pages[2].locator(".live.on")).to_be_visible()
        await until(lambda: followed(program) == {names[1], names[3]})
        for name, page in ((names[1], pages[1]), (names[3], pages[2])):
            await program.send(letter_octets("Later"), to=(name,))
            await expect(page.locator("a.message .subject").first).to_have_text("Later")
        await pages[2].goto(f"{program.url}/#/new")
        await until(lambda: followed(program) == {names[1]})
        await pages[1].close()
        await until(lambda: not followed(program))


@pytest.mark.parametrize("way", WAYS)
async def test_two_tabs_of_one_inbox_show_each_message_once(way: str, browser: Browser, tmp_path: Path) -> None:
    async with running(settings_in(tmp_path)) as program, tabs_of(browser, WAYS[way]) as context:
        (name,) = addresses(1)
        first = await open_tab(context, program.url, name)
        await program.send(letter_octets("One"), to=(name,))
        await subjects(first, "One")
        second = await open_tab(context, program.url, name)
        await program.send(letter_octets("Two"), to=(name,))
        for page in (first, second):
            await subjects(page, "Two", "One")
        await first.close()
        await program.send(letter_octets("Three"), to=(name,))
        await subjects(second, "Three", "Two", "One")


@pytest.mark.parametrize("way", WAYS)
async def test_all_tabs_come_back_after_a_restart(way: str, browser: Browser, tmp_path: Path) -> None:
    """Each says that the connection is lost, and misses nothing."""
    names = addresses(8)
    async with tabs_of(browser, WAYS[way]) as context:
        with running_server(tmp_path) as first:
            pages = [await open_tab(context, first.web, name) for name in names]
        for page in pages:
            await expect(page.locator(".live.lost")).to_contain_text("reconnecting in")
        http = first.web.removeprefix("http://")
        with running_server(tmp_path, smtp=f"127.0.0.1:{first.smtp_port}", http=http) as second:
            for name in names:
                await second.send(letter(f"Meanwhile for {name}"), name)
            for page in pages:
                await expect(page.locator(".live.on")).to_be_visible(timeout=40_000)
            for name, page in zip(names, pages, strict=True):
                await subjects(page, f"Meanwhile for {name}")


async def test_more_tabs_than_one_stream_has_addresses_use_another(browser: Browser, tmp_path: Path) -> None:
    async with running(settings_in(tmp_path)) as program, tabs_of(browser, "") as context:
        names = addresses(22)
        pages = [await open_tab(context, program.url, name) for name in names]
        await until(lambda: count_streams(program) == 2 and followed(program) == set(names))
        for name, page in list(zip(names, pages, strict=True))[18:]:
            await program.send(letter_octets("Hello"), to=(name,))
            await subjects(page, "Hello")


async def test_a_browser_without_either_has_a_stream_for_each_tab(browser: Browser, tmp_path: Path) -> None:
    """As pages without TLS have on browsers without shared workers."""
    async with running(settings_in(tmp_path)) as program, tabs_of(browser, NO_LOCKS) as context:
        names = addresses(3)
        pages = [await open_tab(context, program.url, name) for name in names]
        await until(lambda: count_streams(program) == 3)
        for name, page in zip(names, pages, strict=True):
            await program.send(letter_octets(f"For {name}"), to=(name,))
            await subjects(page, f"For {name}")


async def test_a_tab_that_is_gone_without_a_word_is_forgotten_and_keeps_nobody_waiting(
    browser: Browser, tmp_path: Path
) -> None:
    """Its process is killed, in the elected tab too: the others go on at once."""
    async with running(settings_in(tmp_path)) as program, tabs_of(browser, NO_WORKER) as context:
        names = addresses(2)
        leader, other = [await open_tab(context, program.url, name) for name in names]
        crashed = asyncio.get_running_loop().create_future()
        leader.on("crash", lambda _: crashed.set_result(None))
        session = await context.new_cdp_session(leader)
        crash = asyncio.ensure_future(session.send("Page.crash"))
        await crashed
        await program.send(letter_octets("Still live"), to=(names[1],))
        await subjects(other, "Still live")
        await until(lambda: followed(program) == {names[1]})
        crash.cancel()


async def test_an_elected_tab_that_does_not_answer_is_replaced(browser: Browser, tmp_path: Path) -> None:
    """The others notice its silence and elect another one; it follows that once it goes on."""
    async with running(settings_in(tmp_path)) as program, tabs_of(browser, NO_WORKER) as context:
        names = addresses(2)
        leader = await open_tab(context, program.url, names[0])
        other = await context.new_page()
        await other.clock.install()
        await other.goto(f"{program.url}/#/{names[1]}")
        await expect(other.locator(".live.on")).to_be_visible()
        await leader.evaluate(
            "() => { window.post = BroadcastChannel.prototype.postMessage;"
            " BroadcastChannel.prototype.postMessage = () => undefined; }"
        )
        for _ in range(4):
            await other.clock.run_for(20_000)
        await until(lambda: followed(program) == {names[1]} and count_streams(program) == 1)
        await program.send(letter_octets("While it is silent"), to=tuple(names))
        await subjects(other, "While it is silent")
        await leader.evaluate(
            "() => { BroadcastChannel.prototype.postMessage = window.post; dispatchEvent(new Event('online')); }"
        )
        await subjects(leader, "While it is silent")
        await until(lambda: followed(program) == set(names) and count_streams(program) == 1)


async def test_no_other_script_becomes_a_worker_of_all_tabs(browser: Browser, tmp_path: Path) -> None:
    """The page's policy takes the URL of its own worker alone."""
    async with running(settings_in(tmp_path)) as program, tabs_of(browser, "") as context:
        page = await open_tab(context, program.url, *addresses(1))
        for url in ("/healthz", "data:text/javascript,1", "https://example.org/a.js", "assets/main.js"):
            failed = await page.evaluate(
                "url => { try { new SharedWorker(url); return ''; } catch (error) { return String(error); } }", url
            )
            assert "TrustedScriptURL" in failed, url
