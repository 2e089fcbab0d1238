"""Logs one line a minute for each kind of event, however often it happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

_INTERVAL_S = 60.0


class MinuteLog:
    """Logs the first event of a kind at once. Counts those of the next minute, and logs them together.

    The kinds must be few: each one is remembered.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._due: dict[str, float] = {}
        self._waiting: dict[str, tuple[int, str]] = {}

    def note(self, kind: str, text: str) -> None:
        """Log `text` as a warning, or count it if this minute has had its line."""
        now = self._clock()
        count, _ = self._waiting.get(kind, (0, ""))
        self._waiting[kind] = (count + 1, text)
        if now >= self._due.get(kind, now):
            self._write(kind, now)

    def sweep(self) -> None:
        """Log what was counted in a minute that is over. Call it every now and then."""
        now = self._clock()
        for kind in [kind for kind in self._waiting if now >= self._due[kind]]:
            self._write(kind, now)

    def _write(self, kind: str, now: float) -> None:
        count, text = self._waiting.pop(kind)
        self._due[kind] = now + _INTERVAL_S
        self._log.warning("%s%s", text, f" ({count} times in the last minute)" if count > 1 else "")
