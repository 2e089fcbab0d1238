"""Keeps off files and links that another user prepared in a directory that everyone may write to."""

from __future__ import annotations

import os
import stat
import tempfile
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


def replace_file(path: Path, octets: bytes, mode: int) -> None:
    """Write a new file and rename it to `path`. A link at `path` is replaced and never followed.

    Raises:
        OSError: the file cannot be written; nothing of it is left.
    """
    descriptor, name = tempfile.mkstemp(prefix=".edgemail-", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
        new.chmod(mode)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
