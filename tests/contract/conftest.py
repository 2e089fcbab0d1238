"""The stores that keep the contract: one line adds another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from edgemail.store.sqlite import SqliteStore
from support.bounds import bounded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from edgemail.store.base import MailStore

    OpenStore = Callable[[Path], Awaitable[MailStore]]

__all__ = ["bounded"]


async def open_sqlite(folder: Path) -> MailStore:
    return await SqliteStore.open(folder / "mail.db")


STORES = [
    pytest.param(open_sqlite, id="sqlite"),
]


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
