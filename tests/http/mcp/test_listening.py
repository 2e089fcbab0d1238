"""An agent listens to inboxes by one request of revision 2026-07-28, and hears of new mail."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from mcp import Client
from mcp.client.subscriptions import ListenNotSupportedError
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import TextResourceContents
from testkit.mcp_caller import BEFORE, LATEST, call, post, request, write_request
from testkit.running_app import resolved_in, running
from testkit.sample_mail import letter
from testkit.waiting import PATIENCE_S, until

from edgemail.app import App
from edgemail.http.mcp import listening
from edgemail.http.mcp.agent_waits import PER_SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.running_app import Program

KIM, LEE = "kim@example.org", "lee@example.org"


def inbox(address: str) -> str:
    """Return the URI of an inbox."""
    return f"edgemail://inbox/{address}"


async def send(program: Program, *to: str) -> None:
    await program.send(letter("Your code", "Your code is 481223."), to=to)


def is_free(program: Program) -> Any:
    """Return what tells whether all waits of this source are free."""

    async def check() -> bool:
        arguments = {"name": "wait_for_code", "arguments": {"address": KIM, "timeout_s": 0}}
        waits = [request(program, "tools/call", arguments) for _ in range(PER_SOURCE)]
        return not any(result.get("isError") for result in await asyncio.gather(*waits))

    return check


async def test_a_listener_hears_of_new_mail(program: Program) -> None:
    """Of each inbox by the URI that it gave, and of no other one. Then it reads the list."""
    await send(program, KIM)
    async with Client(f"{program.url}/mcp") as client:
        uris = [inbox(KIM), inbox("LEE%40example.org")]
        async with client.listen(resource_subscriptions=uris) as subscription:
            assert subscription.honored.resource_subscriptions == uris
            await send(program, "other@example.org")
            await send(program, LEE)
            assert await anext(subscription) == ResourceUpdated(uris[1])
            await send(program, KIM)
            assert await anext(subscription) == ResourceUpdated(uris[0])
            (contents,) = (await client.read_resource(uris[0])).contents
            assert isinstance(contents, TextResourceContents)
            assert len(json.loads(contents.text)["messages"]) == 2
            await send(program, KIM, LEE)
            assert {await anext(subscription), await anext(subscription)} == set(map(ResourceUpdated, uris))
    await until(is_free(program))


async def test_what_cannot_be_watched_is_not_acknowledged(program: Program) -> None:
    """Messages never change, nor do the lists of tools and resources; past twenty inboxes the rest is left out."""
    wrong = [f"{inbox(KIM)}/1", f"{inbox(KIM)}/1/raw", "file:///etc/passwd", inbox("kim@"), inbox("x" * 2000)]
    many = [inbox(f"k{number}@example.org") for number in range(30)]
    async with Client(f"{program.url}/mcp") as client:
        asked: dict[str, Any] = {"tools_list_changed": True, "resources_list_changed": True}
        async with client.listen(resource_subscriptions=wrong + many, **asked) as subscription:
            assert subscription.honored.model_dump(exclude_none=True) == {"resource_subscriptions": many[:20]}
        async with client.listen(resource_subscriptions=wrong, **asked) as subscription:
            assert subscription.honored.model_dump(exclude_none=True) == {}
            assert [event async for event in subscription] == []


async def test_only_addresses_of_the_tools_are_watched(tmp_path: Path) -> None:
    """The bound of every tool holds here too."""
    uris = [inbox("kim@elsewhere.example"), inbox(KIM)]
    async with (
        running(resolved_in(tmp_path, mcp_address="*@example.org")) as program,
        Client(f"{program.url}/mcp") as client,
        client.listen(resource_subscriptions=uris) as subscription,
    ):
        assert subscription.honored.resource_subscriptions == uris[1:]


async def test_listeners_count_as_waits_and_leave_half_of_their_places(program: Program) -> None:
    """One past half of a source's places is told to come again. A wait of a tool still has a place."""
    wait = {"name": "wait_for_code", "arguments": {"address": KIM, "timeout_s": 0}}
    long_wait = {"name": "wait_for_code", "arguments": {"address": LEE, "timeout_s": 55}}
    async with Client(f"{program.url}/mcp") as client, AsyncExitStack() as listeners:
        for _ in range(PER_SOURCE // 2):
            await listeners.enter_async_context(client.listen(resource_subscriptions=[inbox(KIM)]))
        with pytest.raises(MCPError, match="busy, try again in 5 s"):
            await listeners.enter_async_context(client.listen(resource_subscriptions=[inbox(LEE)]))
        assert b"busy" not in (await post(program, "tools/call", wait)).body
        waiting = [asyncio.create_task(wait_for_a_place(program, long_wait)) for _ in range(PER_SOURCE // 2)]
        await until(lambda: is_busy(program, wait))
        await send(program, LEE)
        await asyncio.gather(*waiting)
        await listeners.aclose()
        await until(is_free(program))
        async with client.listen(resource_subscriptions=[inbox(LEE)]) as subscription:
            assert subscription.honored.resource_subscriptions == [inbox(LEE)]


async def wait_for_a_place(program: Program, wait: dict[str, Any]) -> None:
    """Wait as told, and again as often as another wait has the place at that moment."""
    while await is_busy(program, wait):
        pass


async def is_busy(program: Program, wait: dict[str, Any]) -> bool:
    """Return True if a wait is told to come again."""
    return b"busy" in (await post(program, "tools/call", wait)).body


async def test_a_listener_that_goes_leaves_nothing(program: Program) -> None:
    """However it goes: all that it held is free again."""
    params = {"notifications": {"resourceSubscriptions": [inbox(KIM)]}}
    fields, body = write_request("subscriptions/listen", params)
    at = urlsplit(program.url)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    octets = f"POST /mcp HTTP/1.1\r\nhost: {at.netloc}\r\ncontent-length: {len(body)}\r\n{head}\r\n".encode() + body
    for _ in range(3):
        writers = []
        for _ in range(PER_SOURCE // 2):
            reader, writer = await asyncio.open_connection(at.hostname, at.port)
            writer.write(octets)
            writers.append(writer)
        async with asyncio.timeout(PATIENCE_S):
            await reader.readuntil(b"notifications/subscriptions/acknowledged")
        for writer in writers:
            writer.transport.abort()
        await until(is_free(program))


async def test_the_stream_ends_well_when_the_server_stops(tmp_path: Path) -> None:
    """Its client learns that it was told all, and listens again."""
    app = await App.start(resolved_in(tmp_path))
    async with (
        Client(f"{app.http_urls[0]}mcp") as client,
        client.listen(resource_subscriptions=[inbox(KIM)]) as subscription,
    ):
        stopping = asyncio.create_task(app.stop())
        assert [event async for event in subscription] == []
        await stopping


async def test_no_request_listens_for_ever(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends well, after an hour."""
    monkeypatch.setattr(listening, "LISTEN_MAX_S", 0.05)
    monkeypatch.setattr(listening, "_LOOK_S", 0.01)
    async with (
        Client(f"{program.url}/mcp") as client,
        client.listen(resource_subscriptions=[inbox(KIM)]) as subscription,
    ):
        assert [event async for event in subscription] == []


async def test_an_earlier_revision_does_not_have_it(program: Program) -> None:
    """There is no session that could hold a subscription."""
    async with Client(f"{program.url}/mcp", mode="legacy") as client:
        assert client.server_capabilities.resources is not None
        assert not client.server_capabilities.resources.subscribe
        with pytest.raises(ListenNotSupportedError):
            async with client.listen(resource_subscriptions=[inbox(KIM)]):
                pass
    params = {"notifications": {"resourceSubscriptions": [inbox(KIM)]}}
    answer = await post(program, "subscriptions/listen", params, BEFORE)
    assert answer.json()["error"]["code"] in (-32_601, -32_602)


async def test_the_server_says_what_it_tells(program: Program) -> None:
    """Of resources it tells, of lists it has nothing to tell."""
    async with Client(f"{program.url}/mcp") as client:
        capabilities = client.server_capabilities
        assert capabilities.resources is not None
        assert capabilities.tools is not None
        assert (capabilities.resources.subscribe, capabilities.resources.list_changed) == (True, False)
        assert not capabilities.tools.list_changed


async def test_who_reads_no_stream_is_refused(program: Program) -> None:
    params = {"notifications": {"resourceSubscriptions": [inbox(KIM)]}}
    answer = await post(program, "subscriptions/listen", params, LATEST, {"accept": "application/json"})
    assert answer.status == 406
    assert (await call(program, "new_address"))["address"]
