"""Trouble that lasts: a line in the log when it begins and one when it ends, however often it is met."""

from __future__ import annotations

import logging


class OutageLog:
    """One kind of trouble, and whether there is some."""

    def __init__(self, log: logging.Logger, over: str, level: int = logging.ERROR) -> None:
        """`over` is what the log says when it ends; `level` is that of its beginning."""
        self._log = log
        self._over = over
        self._level = level
        self._is_on = False

    def begin(self, text: str) -> None:
        """Say it, unless it has been said."""
        if not self._is_on:
            self._is_on = True
            self._log.log(self._level, text)

    def end(self) -> None:
        """Say that it is over, if there was any."""
        if self._is_on:
            self._is_on = False
            self._log.info(self._over)
