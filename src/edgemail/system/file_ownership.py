"""Whose files these are: in a directory that everyone may write to, another user may have prepared them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def is_owned_by_another_user(path: Path) -> bool:
    """Tell whether `path`, a link not followed, belongs to another user in a directory such as /tmp.

    He could read what is written to it, or have chosen what is read from it.
    """
    if not hasattr(os, "geteuid") or not os.path.lexists(path):
        return False
    is_shared = bool(path.parent.stat().st_mode & stat.S_ISVTX)
    return is_shared and path.lstat().st_uid != os.geteuid()
