"""A local store, and a second connection to look at its file from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest
import pytest_asyncio
from testkit.time_limit import bounded

from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

__all__ = ["bounded"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mail.db"


@pytest_asyncio.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(path)
    yield opened
    await opened.close()


@pytest.fixture
def ask(path: Path) -> Callable[[str], list[tuple[object, ...]]]:
    """Run a statement as any other program would."""

    def run(statement: str) -> list[tuple[object, ...]]:
        connection = apsw.Connection(str(path))
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    return run
