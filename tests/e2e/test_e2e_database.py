"""The exported page reads a real database: a primary, replicas, tokens."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from contextlib import ExitStack
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect
from testkit.ports import free_port
from testkit.sqld import Sqld
from testkit.waiting import until

from tests.e2e.conftest import PNG, WATCH_PROGRESS, letter, open_message, scroll_to_the_end
from tests.e2e.edge import Frames, Valve, caught_up, open_at, running_edge, running_replica, static_host
from tests.e2e.hostile_vectors import LETTERS
from tests.e2e.test_e2e_hostile import Deeds, Watch, list_ids, send_letters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.async_api import Page, Route

    from tests.e2e.canary import Canary
    from tests.e2e.edge import Edge

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOVED_MS = 20_000
"""A database that does not answer is given up after 5 s; then another one is asked."""
LARGE_MS = 60_000
"""25 MiB come in 25 answers."""
FAR_FUTURE = 4_000_000_000
MEASURED_MS = 60_000
"""Databases are compared every 30 s, and a laggard again 5 s later."""


@pytest.fixture
def far(edge: Edge) -> Iterator[Valve]:
    """The primary as it is seen from another continent: 60 ms there and 60 ms back."""
    valve = Valve(edge.primary.http_port, delay_s=0.06)
    yield valve
    valve.close()


@pytest.fixture
def closed_port() -> int:
    return free_port()


async def test_mail_is_listed_opened_and_followed_without_a_server_of_ours(
    page: Page, edge: Edge, replica: Sqld, address: str
) -> None:
    """A replica's page lists the primary's mail, and shows new mail by itself."""
    html = "<p>Your code is 481223</p><a href='https://shop.example/verify?t=1'>Confirm your e-mail</a>"
    message = letter("Verify your account", "Your verification code is 481223", html)
    message.add_attachment(PNG, maintype="image", subtype="png", filename="dot.png")
    await edge.server.send(message, address)
    await open_at(page, edge.publish([replica.url]), address)
    await expect(page.locator("a.message .subject")).to_have_text(["Verify your account"])
    await expect(page.locator(".list").get_by_role("button", name="481223 Copy code")).to_be_visible()
    await expect(page.locator("a.message .clip")).to_be_visible()
    await expect(page.locator(".host-status")).to_have_text(
        re.compile(rf"127\.0\.0\.1:{replica.http_port} \d+(\.\d)? ms")
    )
    await open_message(page, "Verify")
    await expect(page.locator(".mail .chips").get_by_role("link", name="Confirm your e-mail")).to_be_visible()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download dot.png").click()
    assert (await (await downloading.value).path()).read_bytes() == PNG
    await page.get_by_role("tab", name="Raw").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download .eml").click()
    assert (await (await downloading.value).path()).read_bytes().endswith(message.as_bytes(policy=SMTP))
    await expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    await expect(page.locator(".notice")).to_contain_text("everyone can read all mail in it")
    await edge.server.send_all([letter("Second"), letter("Third")], address)
    await expect(page.locator("a.message .subject")).to_have_text(["Third", "Second", "Verify your account"])
    await expect(page.locator(".toasts")).to_contain_text("New message from Bob Builder: Third")


async def test_an_expired_token_is_called_expired(quiet_page: Page, edge: Edge, address: str) -> None:
    """The page says that its token expired, and when."""
    token = edge.primary.token("ro", exp=int(time.time()) - 86_400)
    await quiet_page.goto(f"{edge.publish([edge.primary.url], token)}/#/{address}")
    await expect(quiet_page.get_by_role("alert")).to_contain_text("This page's token expired on ")
    await expect(quiet_page.locator(".live")).to_have_text("not live")


@pytest.mark.slow
async def test_a_message_larger_than_one_value_comes_in_pieces_that_are_counted(
    page: Page, edge: Edge, replica: Sqld, address: str
) -> None:
    """25 MiB come back octet for octet, as a part and as a whole, and a reader sees how much has come."""
    octets = os.urandom(19_000_000)
    message = letter("Large")
    message.add_attachment(octets, maintype="application", subtype="zip", filename="large.zip")
    await edge.server.send(message, address)
    await open_at(page, edge.publish([replica.url]), address)
    await page.evaluate(WATCH_PROGRESS)
    await page.locator("a.message").click()
    await expect(page.get_by_role("tablist")).to_be_visible(timeout=LARGE_MS)
    seen = await page.evaluate("window.seen")
    assert [text for text in seen if re.fullmatch(r"[12]\d MB of 26 MB…", text)], seen
    async with page.expect_download(timeout=LARGE_MS) as downloading:
        await page.get_by_role("button", name="Download large.zip").click()
    assert (await (await downloading.value).path()).read_bytes() == octets
    await page.get_by_role("tab", name="Raw").click()
    async with page.expect_download(timeout=LARGE_MS) as downloading:
        await page.get_by_role("button", name="Download .eml").click()
    assert (await (await downloading.value).path()).read_bytes().endswith(message.as_bytes(policy=SMTP))


@pytest.mark.slow
async def test_what_is_below_the_first_page_can_be_loaded_and_linked_to(
    page: Page, edge: Edge, replica: Sqld, address: str
) -> None:
    """Paging and deep links work as they do with a server; an id that is not there is gone."""
    site = edge.publish([replica.url])
    await edge.server.send_all([letter(f"No {number}") for number in range(60)], address)
    await caught_up(replica, edge.primary)
    await open_at(page, site, address)
    await expect(page.get_by_role("searchbox", name="Search 50+ messages")).to_be_visible()
    await scroll_to_the_end(page)
    await expect(page.get_by_role("searchbox", name="Search 60 messages")).to_be_visible()
    await scroll_to_the_end(page)
    await page.locator("a.message").last.click()
    await expect(page.locator(".title")).to_have_text("No 0")
    await page.reload()
    await expect(page.locator(".title")).to_have_text("No 0")
    await expect(page.get_by_role("searchbox", name="Search 50+ messages")).to_be_visible()
    await page.goto(f"{site}/#/{address}/999999999")
    await expect(page.get_by_text("This message is gone")).to_be_visible()


@pytest.mark.slow
async def test_a_search_is_the_databases(page: Page, edge: Edge, replica: Sqld, address: str) -> None:
    """The search covers whole texts and unlisted mail, as with a server."""
    text = f"{'Lorem ipsum dolor sit amet. ' * 30} The parcel waits at the Übergabe."
    await edge.server.send(letter("Oldest", text), address)
    await edge.server.send_all([letter(f"No {number}") for number in range(60)], address)
    await caught_up(replica, edge.primary)
    await open_at(page, edge.publish([replica.url]), address)
    await page.get_by_role("searchbox", name="Search 50+ messages").fill("ÜBERGABE bob")
    await expect(page.locator("a.message .subject")).to_have_text(["Oldest"])


async def test_opening_an_inbox_asks_the_database_once(page: Page, edge: Edge, replica: Sqld, address: str) -> None:
    """Listing and opening cost one round trip each, in a socket that the page opens while it loads."""
    await edge.server.send(letter("One"), address)
    await caught_up(replica, edge.primary)
    site = edge.publish([replica.url])
    frames = Frames(page)
    await page.goto(f"{site}/#/{address}")
    await open_message(page, "One")
    asked = [" ".join(batch) for batch in frames.batches]
    assert len([sql for sql in asked if "FROM inbox i" in sql and "DESC" in sql]) == 1
    assert len([sql for sql in asked if "FROM mail WHERE" in sql]) == 1
    assert (len(frames.sockets), frames.posts) == (1, [])


@pytest.mark.parametrize("follows", ["the same", "another inbox"])
async def test_an_inbox_is_asked_for_before_the_pages_code_is_there(
    page: Page, edge: Edge, replica: Sqld, address: str, follows: str
) -> None:
    """With `config.json`. The answer is the first list, unless the reader has gone elsewhere in the meantime."""
    other = f"other-{address}"
    await edge.server.send(letter("One"), address)
    await edge.server.send(letter("Other"), other)
    await caught_up(replica, edge.primary)
    frames = Frames(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    code_may_come = await _hold_code(page)
    await page.goto(f"{edge.publish([replica.url])}/#/{address}", wait_until="commit")
    await until(lambda: len(frames.batches) == 1 and frames.answers > 0 and "config.json" in asked)
    if follows == "another inbox":
        await page.evaluate("hash => { location.hash = hash }", f"#/{other}")
    code_may_come.set()
    await expect(page.locator("a.message .subject")).to_have_text(["One" if follows == "the same" else "Other"])
    lists = [batch for batch in frames.batches if "DESC" in " ".join(batch)]
    assert len(lists) == (1 if follows == "the same" else 2)
    assert asked.count("config.json") == 1
    assert (len(frames.sockets), frames.posts) == (1, [])


async def test_of_answers_that_came_before_the_code_the_quickest_is_taken(
    page: Page, edge: Edge, replica: Sqld, address: str, far: Valve
) -> None:
    """The nearer database is read from the start: the page never says that it has moved there."""
    frames = Frames(page)
    code_may_come = await _hold_code(page)
    await page.goto(f"{edge.publish([far.url, replica.url])}/#/{address}", wait_until="commit")
    await until(lambda: frames.answers == 2)
    code_may_come.set()
    await expect(page.locator(".host-status")).to_have_text(
        re.compile(rf"^127\.0\.0\.1:{replica.http_port} \d+(\.\d)? ms$")
    )


async def _hold_code(page: Page) -> asyncio.Event:
    """Keep the page's code back until the event is set."""
    code_may_come = asyncio.Event()

    async def hold(route: Route) -> None:
        await code_may_come.wait()
        await route.continue_()

    await page.route("**/assets/main-*.js", hold)
    return code_may_come


async def test_a_page_whose_configuration_was_changed_by_hand_asks_as_it_says(
    page: Page, edge: Edge, replica: Sqld, address: str
) -> None:
    """The early question had the old token: its answer is not the page's."""
    await edge.server.send(letter("One"), address)
    await caught_up(replica, edge.primary)
    site = edge.publish([replica.url], token=edge.primary.token("ro", exp=FAR_FUTURE))
    config = edge.folder / site.rpartition("/")[2] / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"token": edge.primary.token("ro")}))
    frames = Frames(page)
    await open_at(page, site, address)
    await expect(page.locator("a.message .subject")).to_have_text(["One"])
    assert len(frames.sockets) == 2
    assert frames.sockets[0].is_closed()


@pytest.mark.slow
async def test_where_no_socket_passes_the_page_asks_by_requests(
    quiet_page: Page, edge: Edge, replica: Sqld, address: str
) -> None:
    """It lists, follows and opens as before."""
    await edge.server.send(letter("One"), address)
    await caught_up(replica, edge.primary)
    proxy = Valve(replica.http_port, refuses_sockets=True)
    try:
        frames = Frames(quiet_page)
        await open_at(quiet_page, edge.publish([proxy.url]), address)
        await open_message(quiet_page, "One")
        await edge.server.send(letter("Two"), address)
        await expect(quiet_page.locator("a.message .subject")).to_have_text(["Two", "One"])
        assert frames.batches == []
        assert frames.posts
    finally:
        proxy.close()


@pytest.mark.slow
async def test_a_socket_that_is_cut_is_opened_again(
    quiet_page: Page, edge: Edge, replica: Sqld, address: str
) -> None:
    """What it was asked is asked by a request; nothing is lost, and the page stays live."""
    await edge.server.send(letter("Needle", "in a haystack"), address)
    await caught_up(replica, edge.primary)
    proxy = Valve(replica.http_port)
    try:
        frames = Frames(quiet_page)
        await open_at(quiet_page, edge.publish([proxy.url]), address)
        proxy.shut()
        asked = len(frames.batches)
        await quiet_page.get_by_role("searchbox").fill("haystack")
        await until(lambda: any("FROM inbox i" in sql for batch in frames.batches[asked:] for sql in batch))
        proxy.cut()
        proxy.reopen()
        await expect(quiet_page.locator("a.message .subject")).to_have_text(["Needle"])
        await quiet_page.get_by_role("searchbox").fill("")
        await until(lambda: len(frames.sockets) > 1)
        asked = len(frames.batches)
        await until(lambda: len(frames.batches) > asked)
        proxy.cut()  # as a proxy does that closes idle sockets
        await edge.server.send(letter("After"), address)
        await expect(quiet_page.locator("a.message .subject")).to_have_text(["After", "Needle"])
        await expect(quiet_page.locator(".live.on")).to_be_visible()
    finally:
        proxy.close()


@pytest.mark.slow
async def test_the_nearest_database_is_read_and_shown(
    page: Page, edge: Edge, replica: Sqld, address: str, far: Valve
) -> None:
    """The faster of two databases is read, and its round-trip time is shown."""
    await open_at(page, edge.publish([far.url, replica.url]), address)
    place = page.locator(".host-status")
    await expect(place).to_have_text(re.compile(rf"^127\.0\.0\.1:{replica.http_port} \d+(\.\d)? ms$"))
    await open_at(page, edge.publish([far.url]), address)
    await expect(place).to_have_text(re.compile(rf"^127\.0\.0\.1:{far.port} \d{{3,}} ms$"))


@pytest.mark.slow
async def test_a_database_that_dies_is_left_for_the_next_and_the_page_says_so(
    quiet_page: Page, edge: Edge, replica: Sqld, address: str, tmp_path: Path, far: Valve
) -> None:
    """When a database fails, the page moves to another one without losing mail."""
    with running_replica(tmp_path / "mortal", edge.primary) as mortal:
        await edge.server.send(letter("Before"), address)
        await caught_up(mortal, edge.primary)
        await open_at(quiet_page, edge.publish([far.url, mortal.url]), address)
        await expect(quiet_page.locator(".host-status")).to_contain_text(f":{mortal.http_port} ")
        await expect(quiet_page.locator("a.message .subject")).to_have_text(["Before"])
        mortal.kill()
    await expect(quiet_page.locator(".host-status")).to_contain_text(
        f"The database at 127.0.0.1:{mortal.http_port} cannot be reached. Reading from 127.0.0.1:{far.port}."
    )
    await edge.server.send(letter("After"), address)
    await expect(quiet_page.locator("a.message .subject")).to_have_text(["After", "Before"])
    await expect(quiet_page.locator(".live.on")).to_be_visible()


@pytest.mark.slow
async def test_a_database_that_hangs_is_left_for_the_next(
    quiet_page: Page, edge: Edge, address: str, tmp_path: Path, far: Valve
) -> None:
    """The page gives up on a database that accepts connections and never answers."""
    with running_replica(tmp_path / "hanging", edge.primary) as hanging:
        await caught_up(hanging, edge.primary)
        await open_at(quiet_page, edge.publish([far.url, hanging.url]), address)
        await expect(quiet_page.locator(".host-status")).to_contain_text(f":{hanging.http_port} ")
        hanging.pause()
        await expect(quiet_page.locator(".host-status")).to_contain_text(
            "cannot be reached. Reading from", timeout=MOVED_MS
        )
        await edge.server.send(letter("After"), address)
        await expect(quiet_page.locator("a.message .subject")).to_have_text(["After"])
        hanging.resume()


@pytest.mark.slow
async def test_a_replica_that_lags_is_left_and_takes_nothing_back(
    quiet_page: Page, address: str, tmp_path: Path
) -> None:
    """The nearest one stops following its primary. The page moves on; when only the laggard is left, mail stays.

    Its primary has little mail: a replica of sqld that has just taken much of it answers nobody while its
    primary hangs.
    """
    with ExitStack() as stack:
        edge = stack.enter_context(running_edge(tmp_path))
        valve, far = Valve(edge.primary.grpc_port), Valve(edge.primary.http_port, delay_s=0.06)
        stack.callback(valve.close)
        stack.callback(far.close)
        await edge.server.send(letter("Before"), address)
        lagging = stack.enter_context(running_replica(tmp_path / "lagging", edge.primary, through=valve))
        await caught_up(lagging, edge.primary)
        await open_at(quiet_page, edge.publish([far.url, lagging.url]), address)
        await expect(quiet_page.locator(".host-status")).to_contain_text(f":{lagging.http_port} ")
        await expect(quiet_page.locator("a.message .subject")).to_have_text(["Before"])
        valve.shut()
        await edge.server.send(letter("Unseen by the replica"), address)
        # On a busy machine it may take too long to answer before it is found to lag.
        left = rf"127\.0\.0\.1:{lagging.http_port} (lags behind|cannot be reached)\. Reading from \S+:{far.port}\."
        await expect(quiet_page.locator(".host-status")).to_contain_text(re.compile(left), timeout=MEASURED_MS)
        await expect(quiet_page.locator("a.message")).to_have_count(2)
        far.shut()
        await expect(quiet_page.locator(".host-status")).to_contain_text(
            f":{far.port} cannot be reached. Reading from", timeout=MOVED_MS
        )
        await quiet_page.keyboard.press("r")
        await expect(quiet_page.locator(".live.on")).to_be_visible()
        await expect(quiet_page.locator("a.message")).to_have_count(2)


async def test_troubles_are_told_apart_in_words(
    quiet_page: Page, edge: Edge, address: str, tmp_path: Path, closed_port: int
) -> None:
    """A wrong token, no server and no CORS give three different messages."""
    alert = quiet_page.get_by_role("alert")
    foreign = Sqld(tmp_path).token("ro")
    await quiet_page.goto(f"{edge.publish([edge.primary.url], foreign)}/#/{address}")
    await expect(alert).to_contain_text("refuses this page's token")
    nobody = f"http://127.0.0.1:{closed_port}"
    await quiet_page.goto(f"{edge.publish([nobody])}/#/{address}")
    await expect(alert).to_contain_text(f"The database at 127.0.0.1:{closed_port} cannot be reached.")
    await quiet_page.goto(f"{edge.publish([nobody, nobody + '/two'])}/#/{address}")
    await expect(alert).to_contain_text("None of the databases can be reached")
    with static_host(tmp_path) as stranger:
        await quiet_page.goto(f"{edge.publish([stranger])}/#/{address}")
        await expect(alert).to_contain_text("answers, but does not let this page read it (CORS)")
    await quiet_page.goto(f"{edge.publish([])}/")
    await expect(quiet_page.get_by_text("config.json names no database")).to_be_visible()


@pytest.mark.slow
async def test_a_token_that_expires_while_the_page_is_open_says_so(
    quiet_page: Page, edge: Edge, address: str
) -> None:
    """Listed mail stays visible, with the reason why no more arrives."""
    await edge.server.send(letter("Here"), address)
    leeway_s = 60  # sqld accepts a token for so much longer
    token = edge.primary.token("ro", exp=int(time.time()) - leeway_s + 5)
    await open_at(quiet_page, edge.publish([edge.primary.url], token), address)
    await expect(quiet_page.locator(".host-status")).to_contain_text("This page's token expired", timeout=MOVED_MS)
    await expect(quiet_page.locator("a.message .subject")).to_have_text(["Here"])
    await expect(quiet_page.locator(".live.lost")).to_be_visible()


async def test_the_page_reaches_no_host_that_it_was_not_given(quiet_page: Page, edge: Edge, replica: Sqld) -> None:
    """The page's policy names only the databases of config.json."""
    await quiet_page.goto(edge.publish([replica.url]))
    reach = "url => fetch(url + '/health').then(() => 'let out', () => 'held back')"
    assert await quiet_page.evaluate(reach, replica.url) == "let out"
    assert await quiet_page.evaluate(reach, edge.primary.url) == "held back"


@pytest.mark.slow
async def test_hostile_mail_does_nothing_over_this_source_either(
    quiet_page: Page, canary: Canary, edge: Edge, replica: Sqld
) -> None:
    """Hostile mail from a database is stopped as well as from a server."""
    address = "hostile@example.com"
    await send_letters(edge.server, canary, address)
    ids = await list_ids(quiet_page, edge.server, address)
    await open_at(quiet_page, edge.publish([replica.url]), address)
    watch = Watch(quiet_page, canary)
    done = {subject: await watch.read(f"#/{address}/{ids[subject]}", subject) for subject in LETTERS}
    assert {subject: deeds for subject, deeds in done.items() if deeds != Deeds()} == {}
