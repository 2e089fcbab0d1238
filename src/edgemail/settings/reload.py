"""Reads the settings again on SIGHUP, and puts into force those that can change while the program runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edgemail.errors import SettingsError
from edgemail.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.settings import Settings

_log = logging.getLogger(__name__)


def reload(running: Settings, read: Callable[[], Settings], change: Callable[[Settings], None]) -> None:
    """Read the settings again and call `change` with them; if one is wrong, log the mistakes and change nothing.

    `running` are the settings that the program was started with. Log the names of those that differ from them and
    need a restart.
    """
    try:
        settings = read()
    except SettingsError as error:
        for mistake in error.mistakes:
            _log.error("the settings stay as they are: %s", mistake)
        return
    change(settings)
    _log.info("the settings were read again")
    changed = [setting for setting in SETTINGS if setting.value_in(settings) != setting.value_in(running)]
    fixed = [setting.name for setting in changed if not setting.reloads]
    if fixed:
        _log.warning("these settings have changed and need a restart: %s", ", ".join(fixed))
