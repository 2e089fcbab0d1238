"""Finds spool files, which have no name, among this process's open files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.listener.spool import Spooler


def files_in(folder: Path) -> list[str]:
    """List this process's open files in a folder that have no name (any more)."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            target = str(path.readlink())
        except FileNotFoundError:  # the descriptor of this listing
            continue
        if target.startswith(f"{folder.resolve()}/") and target.endswith(" (deleted)"):
            found.append(target)
    return found


def is_empty(spooler: Spooler) -> bool:
    return (spooler.memory_octets, spooler.spool_octets, files_in(spooler.folder)) == (0, 0, [])
