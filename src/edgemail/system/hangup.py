"""What SIGHUP does: reload the settings, or stop where the terminal is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def obey_hangup(reload: Callable[[], None], stop: Callable[[], None]) -> None:
    """Let SIGHUP mean `reload`; but `stop` when it says that the terminal, which we were started in, is gone."""
    began_in_terminal = _is_terminal()
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGHUP, lambda: stop() if began_in_terminal and not _is_terminal() else reload()
    )


def _is_terminal() -> bool:
    """Tell whether the standard input is a terminal that is still there."""
    try:
        return sys.__stdin__ is not None and os.isatty(sys.__stdin__.fileno())
    except (OSError, ValueError):
        return False
