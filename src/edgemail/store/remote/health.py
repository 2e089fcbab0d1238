"""The health of a remote database, as its answers show it; each change is one line in the log."""

from __future__ import annotations

import logging
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.store.remote.hrana import HranaError, StatementFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_T = TypeVar("_T")
_REFUSED_S = 60.0
"""How long a refusal makes `check` fail: only new mail can show that mail is kept again."""

_log = logging.getLogger(__name__)


class _State(IntEnum):
    """What is wrong. A success clears an outage only if it exercised what had failed."""

    WELL = 0
    AWAY = 1
    """The database did not answer."""
    CLOSED = 2
    """It did not answer a commit. It may still answer readers: others may hold the write lock."""
    REFUSING = 3
    """It refused mail, for example because it is full; smaller changes may still succeed."""


class Health:
    """Awaits requests to the database, and turns their errors into the store's own.

    All methods raise:
        StoreFull: the database is full.
        StoreUnavailable: the request failed in another way.
    """

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        self._url = url
        self._clock = clock
        self._state = _State.WELL
        self._refused_at = 0.0

    async def read(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await a request that reads."""
        return await self._watch(work, _State.AWAY, _State.AWAY)

    async def write(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await a request that writes anything but new mail."""
        return await self._watch(work, _State.CLOSED, _State.AWAY)

    async def keep(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await a request that keeps new mail."""
        return await self._watch(work, _State.REFUSING, _State.CLOSED)

    def check(self) -> None:
        """Return if new mail would be kept, as far as is known."""
        if self._state is _State.CLOSED or (
            self._state is _State.REFUSING and self._clock() < self._refused_at + _REFUSED_S
        ):
            raise StoreUnavailable("the database keeps no mail")

    async def _watch(self, work: Coroutine[Any, Any, _T], proves: _State, doubts: _State) -> _T:
        try:
            result = await work
        except StatementFailed as error:
            if not is_busy(error):
                self._worsen(_State.REFUSING if doubts is _State.CLOSED else _State.AWAY, f"fails: {error}")
            if error.code == "SQLITE_FULL" or "is full" in str(error):
                raise StoreFull("the database is full") from error
            raise StoreUnavailable("the database failed") from error
        except HranaError as error:
            self._worsen(doubts, f"is not available: {error}")
            raise StoreUnavailable("the database is not available") from error
        if _State.WELL < self._state <= proves:
            self._state = _State.WELL
            _log.info("the database at %s is back", self._url)
        return result

    def _worsen(self, state: _State, text: str) -> None:
        if state is _State.REFUSING:
            self._refused_at = self._clock()
        if self._state is _State.WELL or (state is _State.REFUSING and self._state is not state):
            _log.error("the database at %s %s", self._url, text)
        self._state = max(self._state, state)


def is_busy(error: StatementFailed) -> bool:
    """Return True if a statement failed because another program holds the write lock."""
    return error.code in {"SQLITE_BUSY", "TRANSACTION_TIMEOUT", "TRANSACTION_BUSY"} or "is locked" in str(error)
