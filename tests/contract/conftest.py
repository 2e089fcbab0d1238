"""The stores that keep the contract: one line adds another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from testkit.bounds import bounded
from testkit.sqld import Sqld

from edgemail.store.remote.store import RemoteStore
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from edgemail.store.base import MailStore

    OpenStore = Callable[[Path], Awaitable[MailStore]]

__all__ = ["bounded"]


async def open_sqlite(folder: Path) -> MailStore:
    return await SqliteStore.open(folder / "mail.db")


_servers: dict[Path, Sqld] = {}


async def open_remote(folder: Path) -> MailStore:
    """Open the database of a folder's own sqld."""
    if folder not in _servers:
        _servers[folder] = Sqld(folder / "sqld")
        await asyncio.to_thread(_servers[folder].start)
    server = _servers[folder]
    return await RemoteStore.open(server.url, server.token())


STORES = [
    pytest.param(open_sqlite, id="sqlite"),
    pytest.param(open_remote, id="sqld", marks=pytest.mark.needs_sqld),
]


@pytest.fixture(autouse=True)
def servers() -> Iterator[None]:
    """End the servers that a test has started."""
    yield
    while _servers:
        _servers.popitem()[1].kill()


@pytest.fixture(scope="session", params=STORES)
def open_store(request: pytest.FixtureRequest) -> OpenStore:
    """Open an empty store of each kind, with a folder of its own."""
    opener: OpenStore = request.param
    return opener


@pytest_asyncio.fixture
async def store(open_store: OpenStore, tmp_path: Path) -> AsyncIterator[MailStore]:
    """Give an empty store of each kind."""
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()
