"""Messages in files without a name, and what is left of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.listener.spool import Spooler


def files_in(folder: Path) -> list[str]:
    """List this process's open files without a name that are in a folder."""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        try:
            target = str(one.readlink())
        except FileNotFoundError:  # the listing's own
            continue
        if target.startswith(f"{folder.resolve()}/") and target.endswith(" (deleted)"):
            found.append(target)
    return found


def is_empty(spooler: Spooler) -> bool:
    return (spooler.memory_octets, spooler.spool_octets, files_in(spooler.folder)) == (0, 0, [])
