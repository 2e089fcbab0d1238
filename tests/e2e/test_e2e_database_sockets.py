"""The exported page's sockets to a primary and two replicas, while servers, proxies and streams come and go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect
from testkit.waiting import until

from tests.e2e.conftest import letter, open_message
from tests.e2e.edge import Frames, Valve, caught_up, open_at, running_replica

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page
    from testkit.sqld import Sqld

    from tests.e2e.edge import Edge

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

MEASURED_MS = 60_000
"""Databases are compared every 30 s."""

SHOW_OR_HIDE = """isHidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

DROP_A_STREAM = """() => {
  window.WebSocket = class extends WebSocket {
    constructor(url) { super(url, ["hrana3"]); }
  };
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    const { request } = JSON.parse(text);
    if (window.drops && request?.type === "batch" && request.batch.steps.length > 1) {
      window.drops = false;
      const drop = { type: "close_stream", stream_id: request.stream_id };
      send.call(this, JSON.stringify({ type: "request", request_id: 2 ** 30, request: drop }));
    }
    send.call(this, text);
  };
}"""
"""Speak JSON. Before the next reading, let the server drop the stream in which it is asked."""


async def test_a_replica_that_comes_back_is_read_again(
    quiet_page: Page, edge: Edge, replica: Sqld, address: str, tmp_path: Path
) -> None:
    """The nearer of two replicas dies and is started again: the page goes to the other one, and back."""
    far = Valve(replica.http_port, delay_s=0.06)
    subjects, place = quiet_page.locator("a.message .subject"), quiet_page.locator(".host-status")
    try:
        with running_replica(tmp_path / "mortal", edge.primary) as mortal:
            await edge.server.send(letter("Before"), address)
            await caught_up(mortal, edge.primary)
            frames = Frames(quiet_page)
            await open_at(quiet_page, edge.publish([far.url, mortal.url]), address)
            await expect(place).to_contain_text(f":{mortal.http_port} ")
            mortal.kill()
            await expect(place).to_contain_text(f"Reading from 127.0.0.1:{far.port}.")
            await edge.server.send(letter("Meanwhile"), address)
            await expect(subjects).to_have_text(["Meanwhile", "Before"])
            sockets = len(frames.sockets)
            mortal.start()
            await caught_up(mortal, edge.primary)
            await expect(place).to_have_text(re.compile(rf"^127\.0\.0\.1:{mortal.http_port} "), timeout=MEASURED_MS)
            await edge.server.send(letter("After"), address)
            await expect(subjects).to_have_text(["After", "Meanwhile", "Before"])
            assert [f":{mortal.http_port}/" in socket.url for socket in frames.sockets[sockets:]].count(True)
            await expect(quiet_page.locator(".live.on")).to_be_visible()
    finally:
        far.close()


async def test_the_only_replica_comes_back(quiet_page: Page, edge: Edge, address: str, tmp_path: Path) -> None:
    """What is listed stays; what comes while the replica is away is there as soon as it is back."""
    subjects = quiet_page.locator("a.message .subject")
    with running_replica(tmp_path / "mortal", edge.primary) as mortal:
        await edge.server.send(letter("Before"), address)
        await caught_up(mortal, edge.primary)
        frames = Frames(quiet_page)
        await open_at(quiet_page, edge.publish([mortal.url]), address)
        mortal.kill()
        await expect(quiet_page.locator(".host-status")).to_contain_text("cannot be reached")
        await edge.server.send(letter("Meanwhile"), address)
        await expect(subjects).to_have_text(["Before"])
        sockets, batches = len(frames.sockets), len(frames.batches)
        mortal.start()
        await expect(subjects).to_have_text(["Meanwhile", "Before"], timeout=MEASURED_MS)
        await expect(quiet_page.locator(".live.on")).to_be_visible()
        await until(lambda: len(frames.sockets) > sockets and len(frames.batches) > batches)


async def test_a_proxy_that_closes_idle_sockets_costs_a_new_socket_and_no_request(
    page: Page, edge: Edge, replica: Sqld, address: str
) -> None:
    """A page that is not seen asks nothing, so its socket is closed. Seen again, it opens another one."""
    proxy = Valve(replica.http_port, idle_s=1.5)  # longer than between two questions of a page that is seen
    try:
        await edge.server.send(letter("Before"), address)
        await caught_up(replica, edge.primary)
        frames = Frames(page)
        await open_at(page, edge.publish([proxy.url]), address)
        async with frames.sockets[0].expect_event("close"):
            await page.evaluate(SHOW_OR_HIDE, True)
        await edge.server.send(letter("Unseen"), address)
        await caught_up(replica, edge.primary)
        await page.evaluate(SHOW_OR_HIDE, False)
        await expect(page.locator("a.message .subject")).to_have_text(["Unseen", "Before"])
        await until(lambda: len(frames.sockets) == 2)
        asked = len(frames.batches)
        await until(lambda: len(frames.batches) > asked)
        await expect(page.locator(".live.on")).to_be_visible()
        assert frames.posts == []
    finally:
        proxy.close()


async def test_a_stream_that_the_server_has_dropped_costs_a_request(
    quiet_page: Page, edge: Edge, replica: Sqld, address: str
) -> None:
    """The message is read by a request; the next socket takes over."""
    await edge.server.send(letter("Needle"), address)
    await caught_up(replica, edge.primary)
    await quiet_page.add_init_script(f"({DROP_A_STREAM})()")
    frames = Frames(quiet_page)
    await open_at(quiet_page, edge.publish([replica.url]), address)
    assert (len(frames.sockets), frames.posts) == (1, [])
    await quiet_page.evaluate("window.drops = true")
    await open_message(quiet_page, "Needle")
    assert await quiet_page.evaluate("window.drops") is False
    assert [post for post in frames.posts if "FROM mail WHERE" in post]
    await until(lambda: len(frames.sockets) == 2)
    asked = len(frames.batches)
    await until(lambda: len(frames.batches) > asked)
    await edge.server.send(letter("After"), address)
    await expect(quiet_page.locator("a.message .subject")).to_have_text(["After", "Needle"])
    await expect(quiet_page.locator(".live.on")).to_be_visible()
