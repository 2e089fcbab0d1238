"""Logs an outage once when it begins and once when it ends, however often it is reported."""

from __future__ import annotations

import logging


class OutageLog:
    """One kind of outage, and its state."""

    def __init__(self, log: logging.Logger, over: str, level: int = logging.ERROR) -> None:
        """Log `over` when the outage ends (info); `level` is the level of the first line."""
        self._log = log
        self._over = over
        self._level = level
        self._is_on = False

    def begin(self, text: str) -> None:
        """Log `text`, unless the outage has begun already."""
        if not self._is_on:
            self._is_on = True
            self._log.log(self._level, text)

    def end(self) -> None:
        """Log the end of the outage, if there was one."""
        if self._is_on:
            self._is_on = False
            self._log.info(self._over)
