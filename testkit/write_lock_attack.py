"""An attack on sqld: hold the write lock over and over, with a read-only token."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from testkit.sqld import Sqld

_BEGIN = {"requests": [{"type": "execute", "stmt": {"sql": "BEGIN IMMEDIATE"}}]}
"""The open stream keeps the transaction, until the server ends it after 5 s."""
_WAIT_S = 60.0
_PAUSE_S = 0.05


@contextlib.asynccontextmanager
async def holding_the_write_lock(*servers: Sqld) -> AsyncIterator[None]:
    """Attack each server; yield once one attacker holds the lock."""
    taken = asyncio.Event()
    attackers = [asyncio.create_task(_attack(server, taken)) for server in servers]
    try:
        if attackers:
            await asyncio.wait_for(taken.wait(), _WAIT_S)
        yield
    finally:
        for attacker in attackers:
            attacker.cancel()
        await asyncio.gather(*attackers, return_exceptions=True)


async def _attack(server: Sqld, taken: asyncio.Event) -> None:
    headers = {"authorization": f"Bearer {server.token('ro')}"}
    async with httpx2.AsyncClient(timeout=_WAIT_S, headers=headers, trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                answer = await client.post(f"{server.url}/v2/pipeline", json=_BEGIN)
                if answer.status_code == 200 and answer.json()["results"][0]["type"] == "ok":
                    taken.set()
                else:
                    await asyncio.sleep(_PAUSE_S)
