"""What SIGHUP does: the settings are read again, and those that can change while the program runs are in force."""

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
