"""What the tests of the tools for agents share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio
from testkit.running_app import Program, resolved_in, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture
async def untrusting(tmp_path: Path) -> AsyncIterator[Program]:
    """Yield a program that bounds the waits of this machine, as it bounds those of a stranger."""
    async with running(resolved_in(tmp_path, trusted="none")) as started:
        yield started
