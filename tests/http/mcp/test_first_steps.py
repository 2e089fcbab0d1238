"""An agent signs up: an address, then its code, by the official client in both revisions of the protocol."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from mcp import Client
from testkit.sample_mail import letter

if TYPE_CHECKING:
    from testkit.running_app import Program


@pytest.mark.parametrize(("mode", "revision"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
async def test_a_new_address_then_its_code(program: Program, mode: str, revision: str) -> None:
    async with Client(f"{program.url}/mcp", mode=mode) as client:
        assert client.protocol_version == revision
        made = await client.call_tool("new_address", {"label": "shop"})
        address = made.structured_content["address"]
        assert address.startswith("shop-")
        waiting = asyncio.create_task(
            client.call_tool("wait_for_code", {"address": address, "after": made.structured_content["after"]})
        )
        await program.send(letter("Your code", "Your code is 481223."), to=(address,))
        found = await waiting
    assert not found.is_error
    assert found.structured_content["status"] == "found"
    assert found.structured_content["code"] == "481223"
    assert found.structured_content["from"] == "bob@sender.example"
