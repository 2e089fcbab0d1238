"""Waiting for something to come true, for so long and no longer."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATIENCE_S = 10.0
_POLL_S = 0.005


async def until(is_true: Callable[[], bool | Awaitable[bool]], timeout_s: float = PATIENCE_S) -> None:
    """Return once `is_true` says so.

    Raises:
        TimeoutError: it did not in time.
    """
    async with asyncio.timeout(timeout_s):
        while True:
            found = is_true()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(_POLL_S)
