"""The stores that keep the contract: one line adds another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from testkit.failing_store import FailingStore
from testkit.sqld import Sqld
from testkit.time_limit import bounded

from edgemail.settings import StoreSettings
from edgemail.store.open import open_store as open_as_set

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from edgemail.store.base import Mailbox

    OpenStore = Callable[[Path], Awaitable[Mailbox]]

__all__ = ["bounded"]


@pytest.fixture(scope="session")
def sqld(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sqld]:
    """Run one server for all tests: to start one takes longer than most of them."""
    server = Sqld(tmp_path_factory.mktemp("sqld"))
    server.start()
    yield server
    server.kill()


@dataclass
class Kind:
    """One kind of store. A folder stands for one database, with the mail that is in it."""

    find_settings: Callable[[Path], Awaitable[StoreSettings]]
    is_failing: bool = False

    async def open(self, folder: Path) -> Mailbox:
        """Open the store of a folder; it is empty the first time."""
        store = await open_as_set(await self.find_settings(folder))
        return FailingStore(store) if self.is_failing else store

    async def open_for_reading(self, folder: Path) -> Mailbox:
        """Open the store of a folder for reading alone."""
        return await open_as_set(await self.find_settings(folder), read_only=True)


async def name_file(folder: Path) -> StoreSettings:
    return StoreSettings(db=str(folder / "mail.db"))


async def name_memory(_: Path) -> StoreSettings:
    return StoreSettings(db="memory")


class OneServer:
    """Gives each folder the whole database of one server in turn, emptied."""

    def __init__(self, server: Sqld) -> None:
        self._server = server
        self._folder: Path | None = None

    async def find_settings(self, folder: Path) -> StoreSettings:
        if folder != self._folder:
            await self._server.wipe()
            self._folder = folder
        return StoreSettings(db=self._server.url, token=self._server.token())


STORES: dict[str, Callable[[pytest.FixtureRequest], Kind]] = {
    "file": lambda _: Kind(name_file),
    "sqld": lambda request: Kind(OneServer(request.getfixturevalue("sqld")).find_settings),
    "memory": lambda _: Kind(name_memory),
    "failing": lambda _: Kind(name_memory, is_failing=True),
}


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.needs_sqld if name == "sqld" else ()) for name in STORES],
)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Give each kind of store."""
    return STORES[request.param](request)


@pytest.fixture(scope="session")
def open_store(kind: Kind) -> OpenStore:
    """Open a store of each kind, with a folder of its own."""
    return kind.open


@pytest_asyncio.fixture
async def store(open_store: OpenStore, tmp_path: Path) -> AsyncIterator[Mailbox]:
    """Give an empty store of each kind."""
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()
