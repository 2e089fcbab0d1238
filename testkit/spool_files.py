"""Finds spool files, which have no name, among this process's open files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.listener.spool import Spooler


def files_in(folder: Path | None) -> list[str]:
    """List this process's open files that have no name (any more): in a folder, or in memory."""
    start = "/memfd:edgemail " if folder is None else f"{folder.resolve()}/"
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            target = str(path.readlink())
        except FileNotFoundError:  # the descriptor of this listing
            continue
        if target.startswith(start) and target.endswith(" (deleted)"):
            found.append(target)
    return found


def is_empty(spooler: Spooler) -> bool:
    return (spooler.memory_octets, spooler.spool_octets, files_in(spooler.folder)) == (0, 0, [])
