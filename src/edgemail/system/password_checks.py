"""Compares passwords in a thread of its own, a bounded number at a time, and remembers which were right."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_KNOWN: Final = 1000
_MAX_WAITING: Final = 20


class TooManyLogins(Exception):  # noqa: N818 - a state, as the store's errors are
    """Too many passwords wait to be compared."""


class PasswordChecks:
    """Comparisons that take long. One is named by the octets of what somebody said, which are not kept."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._pending: dict[bytes, asyncio.Future[bool]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="edgemail-passwords")

    def is_known(self, said: bytes) -> bool:
        """Return True if it was right before."""
        return self._tag(said) in self._known

    def is_pending(self, said: bytes) -> bool:
        """Return True if the same is being compared, so that asking again costs nothing."""
        return self._tag(said) in self._pending

    async def check(self, said: bytes, compare: Callable[[], bool]) -> bool:
        """Return what `compare` returns. Whoever says the same meanwhile waits for the same comparison.

        Raises:
            TooManyLogins: too many wait for this already.
        """
        tag = self._tag(said)
        if tag in self._known:
            return True
        pending = self._pending.get(tag)
        if pending is None:
            if len(self._pending) >= _MAX_WAITING:
                raise TooManyLogins
            pending = asyncio.get_running_loop().run_in_executor(self._thread, compare)
            self._pending[tag] = pending
            pending.add_done_callback(lambda done: self._finish(tag, done))
        return await asyncio.shield(pending)

    def _finish(self, tag: bytes, done: asyncio.Future[bool]) -> None:
        del self._pending[tag]
        if done.cancelled() or done.exception() is not None or not done.result():
            return
        if len(self._known) >= _MAX_KNOWN:
            self._known.popitem(last=False)
        self._known[tag] = None

    def _tag(self, said: bytes) -> bytes:
        return hashlib.blake2b(said, key=self._key).digest()
