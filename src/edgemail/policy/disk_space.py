"""Refuses mail while the disk has less free space than `min_free`."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

from edgemail.policy import replies
from edgemail.settings.parsing import write_bytes, write_free_space

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Protocol

    from edgemail.model import Address
    from edgemail.settings import FreeSpace
    from edgemail.smtp import Reply

    class Disk(Protocol):
        """The result of `shutil.disk_usage`, in octets."""

        @property
        def used(self) -> int:
            """The space in use."""
            ...

        @property
        def free(self) -> int:
            """The space that an unprivileged user may still use."""
            ...


_log = logging.getLogger(__name__)


class DiskSpaceGuard:
    """Refuses mail while the disk is low. Only `refresh` asks the disk: no message waits for it."""

    def __init__(
        self, folder: Path | None, least: FreeSpace | None, look: Callable[[Path], Disk] = shutil.disk_usage
    ) -> None:
        """`folder` is on the disk; `None` where mail is kept on another machine."""
        self._folder = folder
        self._least = least
        self._look = look
        self._is_low = False
        self.refresh()

    def change(self, least: FreeSpace | None) -> None:
        """Require another amount of free space."""
        self._least = least
        self.refresh()

    def refresh(self) -> None:
        """Ask the disk; log when mail begins to be refused, and when it is accepted again."""
        if self._folder is None or self._least is None:
            if self._is_low:
                _log.warning("mail is taken again: min_free is off")
            self._is_low = False
            return
        try:
            disk = self._look(self._folder)
        except OSError:
            return  # the store reports what is wrong
        least_bytes = self._least.octets or (disk.used + disk.free) * self._least.percent / 100
        is_low = disk.free < least_bytes
        if is_low != self._is_low:
            self._is_low = is_low
            free, asked = write_bytes(disk.free // 2**20 * 2**20), write_free_space(self._least)
            if is_low:
                text = (
                    "mail is refused with 452: %s of the disk of %s is free, and the setting min_free asks for %s"
                )
            else:
                text = "mail is taken again: %s of the disk of %s is free, and the setting min_free asks for %s"
            _log.warning(text, free, self._folder, asked)

    def judge_sender(self, sender: Address | None) -> Reply | None:  # noqa: ARG002 - a gate's signature
        """Refuse every sender while the disk is low."""
        return replies.DISK_FLOOR if self._is_low else None
