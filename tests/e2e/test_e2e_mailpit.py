"""Mailpit's API in a browser: its views of hostile mail, and pages of other origins that would use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PNG, letter

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.e2e.canary import Canary
    from tests.e2e.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

LISTEN = """(url) => new Promise((done) => {
  const socket = new WebSocket(url);
  socket.onmessage = (event) => done(JSON.parse(event.data).Type);
  socket.onclose = () => done("closed");
})"""
ATTACK = """async (url) => {
  const body = JSON.stringify({ From: { Email: "evil@evil.example" }, Bcc: ["kim@evil.example"], ids: [] });
  const ask = (method, path, mode) =>
    fetch(url + path, { method, mode, body }).then((answer) => answer.status, () => "failed");
  navigator.sendBeacon(`${url}/api/v1/send`, body);
  return [
    await ask("POST", "/api/v1/send", "no-cors"),
    await ask("POST", "/api/v1/send", "cors"),
    await ask("DELETE", "/api/v1/messages", "cors"),
    await ask("PUT", "/api/v1/messages", "cors"),
    await fetch(`${url}/api/v1/messages`).then((answer) => answer.status, () => "failed"),
  ];
}"""
FORM = """(url) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: `${url}/api/v1/send`, enctype: "text/plain" });
  const field = document.createElement("input");
  field.name = '{"From":{"Email":"evil@evil.example"},"Bcc":["kim@evil.example"],"Text":"';
  field.value = '"}';
  form.append(field);
  document.documentElement.append(form);
  form.submit();
}"""


async def list_mail(page: Page, server: Server, query: str) -> Any:
    return await (await page.request.get(f"{server.web}/api/v1/search", params={"query": query})).json()


async def test_a_view_shows_the_mail_and_runs_and_fetches_nothing(
    quiet_page: Page, server: Server, canary: Canary, address: str
) -> None:
    """Its links lead where they say."""
    canary.forget()
    remote = f"{canary.http}/pixel.png"
    html = (
        "<h1>Shown</h1><script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">"
        f'<img src="{remote}"><link rel=stylesheet href="{remote}"><iframe src="{remote}"></iframe>'
        f'<style>h1{{background:url({remote})}}</style><meta http-equiv=refresh content="0;url={remote}">'
        f'<img id=inline src="cid:pixel"><a href="{canary.http}/linked">Confirm</a>'
    )
    message = letter("View", "Text.\n", html)
    message.replace_header("To", address)
    page_part: Any = message.get_payload(1)
    page_part.add_related(PNG, "image", "png", cid="<pixel>", disposition="inline")
    await server.send(message, address)
    await quiet_page.goto(f"/view/latest.html?query=to:{address}")
    await expect(quiet_page.locator("h1")).to_have_text("Shown")
    assert await quiet_page.evaluate("document.querySelector('#inline').naturalWidth") == 1
    assert await quiet_page.title() == ""
    assert canary.requests == []
    await quiet_page.get_by_role("link", name="Confirm").click()
    await quiet_page.wait_for_url(f"{canary.http}/linked")


async def test_the_servers_own_page_may_listen(page: Page, server: Server) -> None:
    await page.goto("/")
    socket = server.web.replace("http://", "ws://") + "/api/events"
    assert await page.evaluate(LISTEN, socket) == "stats"


async def test_a_page_of_another_origin_can_neither_listen_nor_read_nor_change(
    quiet_page: Page, server: Server, canary: Canary, address: str
) -> None:
    """By a websocket, by fetch, by a beacon, by a form."""
    message = letter("Stays")
    message.replace_header("To", address)
    await server.send(message, address)
    await quiet_page.goto(f"{canary.http}/page")
    socket = server.web.replace("http://", "ws://") + "/api/events"
    assert await quiet_page.evaluate(LISTEN, socket) == "closed"
    assert await quiet_page.evaluate(ATTACK, server.web) == ["failed"] * 5
    async with quiet_page.expect_navigation():
        await quiet_page.evaluate(FORM, server.web)
    await expect(quiet_page.locator("body")).to_contain_text("other origins may not ask")
    kept = await list_mail(quiet_page, server, f"to:{address}")
    assert [(message["Subject"], message["Read"]) for message in kept["messages"]] == [("Stays", False)]
    assert (await list_mail(quiet_page, server, "from:evil@evil.example"))["messages"] == []
