"""Files without a name, also where no folder can be written: many containers have a read-only root."""

from __future__ import annotations

import errno
import os
import tempfile
from io import FileIO
from pathlib import Path


def find_temporary_folder() -> Path | None:
    """Return the system's temporary folder, or `None` where there is none."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return None


def open_nameless(folder: Path | None) -> FileIO:
    """Open a new file without a name, for its owner alone; without a folder it is in memory.

    Raises:
        OSError: it cannot be opened.
    """
    if folder is not None:
        return tempfile.TemporaryFile(buffering=0, prefix=".edgemail-", dir=folder)
    if not hasattr(os, "memfd_create"):  # not on Linux
        raise OSError(errno.ENOENT, "there is no temporary folder")
    return FileIO(os.memfd_create("edgemail"), "r+")
