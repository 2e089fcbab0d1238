"""What SIGHUP does: the settings are read again, and those that can change while the program runs are in force."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from edgemail.errors import SettingsError
from edgemail.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.settings import Settings

_log = logging.getLogger(__name__)


def reload(running: Settings, read: Callable[[], Settings], change: Callable[[Settings], None]) -> None:
    """Read the settings again and `change` to them. Where one is wrong, none of them counts.

    `running` are those that the program was started with; what differs from them and cannot be changed any more is
    named in the log.
    """
    try:
        settings = read()
    except SettingsError as error:
        for mistake in error.mistakes:
            _log.error("the settings stay as they are: %s", mistake)
        return
    change(settings)
    _log.info("the settings were read again")
    fixed = [one.name for one in SETTINGS if not one.reloads and one.value_in(settings) != one.value_in(running)]
    if fixed:
        _log.warning("these settings have changed and need a restart: %s", ", ".join(fixed))


def obey_hangup(reload: Callable[[], None], stop: Callable[[], None]) -> None:
    """Let SIGHUP mean `reload`; but `stop` when it says that the terminal, which we were started in, is gone."""
    if not hasattr(signal, "SIGHUP"):  # on Windows
        return
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
