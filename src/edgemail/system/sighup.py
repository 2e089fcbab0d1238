"""Handles SIGHUP: reload the settings, or stop if the controlling terminal is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def handle_sighup(reload: Callable[[], None], stop: Callable[[], None]) -> None:
    """Call `reload` on SIGHUP, or `stop` if the terminal of the start is gone."""
    began_in_terminal = _is_terminal()
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGHUP, lambda: stop() if began_in_terminal and not _is_terminal() else reload()
    )


def _is_terminal() -> bool:
    """Return True if standard input is an open terminal."""
    try:
        return sys.__stdin__ is not None and os.isatty(sys.__stdin__.fileno())
    except (OSError, ValueError):
        return False
