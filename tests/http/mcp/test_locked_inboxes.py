"""Locked inboxes and agents: on a public server each tool needs the key, as an argument or in the header field."""

from __future__ import annotations

import asyncio
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import pytest_asyncio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from testkit.mcp_caller import call, post, refuse
from testkit.running_app import Program, resolved_in, running
from testkit.sample_mail import letter

from edgemail.policy.inbox_lock import find_lock, make_lock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = "token-of-the-agent"
AGENT = {"authorization": f"Bearer {TOKEN}", "x-forwarded-for": "203.0.113.7"}
LOCAL, KEY = make_lock("agent")
LOCKED = f"{LOCAL}@example.org"
WRONG = make_lock("agent")[1]
REFUSAL = "there is nothing at this address without its key: give `key`"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def public(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    import_module("edgemail.http.mcp.protocol")  # before the clock of the first request runs: it takes long
    async with running(settings_in(tmp_path_factory.mktemp("mcp"))) as program:
        yield program


def settings_in(folder: Path, **more: str) -> Any:
    given = {"domain": "example.org", "mcp": "on", "mcp_token": TOKEN, "mcp_write": "on", "miss_rate": "10000"}
    return resolved_in(folder, http_trusted_proxies="127.0.0.1", **given | more)


async def ask(
    program: Program, tool: str, fields: dict[str, str] | None = None, **arguments: Any
) -> dict[str, Any]:
    answer = await post(
        program, "tools/call", {"name": tool, "arguments": arguments}, fields=AGENT | (fields or {})
    )
    assert answer.status == 200, answer.body
    result: dict[str, Any] = answer.json()["result"]
    return result


async def send(program: Program) -> int:
    """Send a message with a code to the locked inbox; return its id."""
    await asyncio.to_thread(program._send, (letter("Your code", "Your code is 481223."),), (LOCKED,))
    page = await program.app._inbox.list_page(LOCKED, limit=1)
    return page[0].mail.id


async def test_a_locked_inbox_is_listened_to_with_its_key_alone(public: Program) -> None:
    """Without it, it is not acknowledged; the field brings it, as the request has no place for it."""
    for key, watched in ((None, []), (WRONG, []), (KEY, [f"edgemail://inbox/{LOCKED}"])):
        fields = AGENT | ({"x-inbox-key": key} if key else {})
        transport = streamable_http_client(f"{public.url}/mcp", http_client=httpx2.AsyncClient(headers=fields))
        uris = [f"edgemail://inbox/{LOCKED}"]
        async with Client(transport) as client, client.listen(resource_subscriptions=uris) as subscription:
            assert (subscription.honored.resource_subscriptions or []) == watched


async def test_each_tool_needs_the_key(public: Program) -> None:
    """Without it, and with a wrong one, each says the same, whether there is mail or not."""
    mail_id = await send(public)
    calls: dict[str, dict[str, Any]] = {
        "wait_for_code": {"after": 0, "timeout_s": 0},
        "wait_for_link": {"after": 0, "timeout_s": 0},
        "wait_for_message": {"after": 0, "timeout_s": 0},
        "list_messages": {},
        "read_message": {"id": mail_id},
        "delete_messages": {"ids": [mail_id]},
    }
    names = [tool["name"] for tool in (await post(public, "tools/list", fields=AGENT)).json()["result"]["tools"]]
    assert set(names) - {"new_address"} == set(calls)  # a new tool needs a line here
    for tool, arguments in calls.items():
        for key in (None, WRONG, KEY.upper(), ""):
            for address in (LOCKED, LOCKED.upper()):
                result = await ask(public, tool, address=address, key=key, **arguments)
                assert (result["isError"], result["content"][0]["text"]) == (True, REFUSAL), tool
        result = await ask(public, tool, {"x-inbox-key": f"{WRONG}, {KEY}"}, address=LOCKED, **arguments)
        assert not result.get("isError"), (tool, result)
        if tool != "delete_messages":
            result = await ask(public, tool, address=LOCKED, key=KEY, **arguments)
            assert not result.get("isError"), (tool, result)


async def test_a_resource_needs_the_key_in_the_field(public: Program) -> None:
    """Its URI has none: URIs are shown and logged."""
    mail_id = await send(public)
    for rest in ("", f"/{mail_id}", f"/{mail_id}/raw"):
        params = {"uri": f"edgemail://inbox/{LOCKED}{rest}"}
        refused = (await post(public, "resources/read", params, fields=AGENT)).json()
        assert refused["error"]["message"] == REFUSAL
        read = (await post(public, "resources/read", params, fields=AGENT | {"x-inbox-key": KEY})).json()
        assert "result" in read


async def test_an_agent_makes_a_locked_address(public: Program) -> None:
    """`new_address` gives the key as well; one that is not locked has none."""
    made = (await ask(public, "new_address", label="shop", locked=True))["structuredContent"]
    assert re.fullmatch(r"shop-[a-z2-9]{12}-k[a-z2-7]{16}@example\.org", made["address"])
    lock = find_lock(made["address"].partition("@")[0])
    assert lock is not None
    assert lock.opens_by([made["key"]])
    listed = await ask(public, "list_messages", address=made["address"], key=made["key"])
    assert listed["structuredContent"] == {"messages": [], "next_before": None}
    assert "key" not in (await ask(public, "new_address"))["structuredContent"]


async def test_a_wrong_key_counts_as_a_miss(tmp_path: Path) -> None:
    """Each time, though MCP answers 200; past `miss_rate` the agent's source gets 429."""
    async with running(settings_in(tmp_path, miss_rate="3")) as program:
        for _ in range(3):
            assert (await ask(program, "list_messages", address=LOCKED, key=WRONG))["isError"] is True
        answer = await post(
            program,
            "tools/call",
            {"name": "list_messages", "arguments": {"address": LOCKED, "key": KEY}},
            fields=AGENT,
        )
        assert answer.status == 429


@pytest.mark.slow
async def test_a_glob_that_adds_to_the_name_allows_no_lock(tmp_path: Path) -> None:
    """Its hash would be of another name; one that ends in `*` at the domain does."""
    async with running(resolved_in(tmp_path, mcp_address="agent-*@agents.example")) as program:
        assert "no locked address" in await refuse(program, "new_address", locked=True)
    async with running(resolved_in(tmp_path, mcp_address="*@agents.example")) as program:
        made = await call(program, "new_address", locked=True)
        assert made["address"].endswith("@agents.example")
        assert (await call(program, "list_messages", address=made["address"]))["messages"] == []  # dev mode is open
