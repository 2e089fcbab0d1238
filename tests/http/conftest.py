"""The whole program, on free ports, for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio
from testkit.running_app import Program, running, settings_in
from testkit.time_limit import bounded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

__all__ = ["bounded"]


@pytest_asyncio.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    async with running(settings_in(tmp_path)) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lasting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    """Yield one program for all tests of a file, which must not disturb each other."""
    async with running(settings_in(tmp_path_factory.mktemp("lasting"))) as started:
        yield started
