"""Detects files that another user prepared in a directory that everyone may write to."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def is_owned_by_another_user(path: Path) -> bool:
    """Return True if `path` belongs to another user and lies in a sticky directory such as /tmp.

    That user could read what is written to the file, or could have chosen its content. Symbolic
    links are not followed.
    """
    if not os.path.lexists(path):
        return False
    is_shared = bool(path.parent.stat().st_mode & stat.S_ISVTX)
    return is_shared and path.lstat().st_uid != os.geteuid()
