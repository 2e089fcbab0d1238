"""Waits for a condition, with a time limit."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATIENCE_S = 10.0
_POLL_S = 0.005


async def until(is_true: Callable[[], bool | Awaitable[bool]], timeout_s: float = PATIENCE_S) -> None:
    """Wait until `is_true` returns True.

    Raises:
        TimeoutError: it was not true within `timeout_s`.
    """
    async with asyncio.timeout(timeout_s):
        while True:
            found = is_true()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(_POLL_S)
