"""A program on a small disk of its own, which a test can fill."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from testkit.programs import Process, serving
from testkit.reader import program

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOUNT = 'mount -t tmpfs -o size={size} small "{folder}" && exec "$0" "$@"'


class SmallDisk:
    """A tmpfs that only the program has mounted, so that it is gone with it; it needs no rights."""

    def __init__(self, process: Process, folder: Path) -> None:
        self._folder = Path(f"/proc/{process.process.pid}/root{folder}")

    @contextlib.contextmanager
    def filled(self) -> Iterator[None]:
        """Take all room that there is."""
        filler = self._folder / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        try:
            yield
        finally:
            filler.unlink()


@contextlib.contextmanager
def serving_on_small_disk(folder: Path, size: str, **environ: str) -> Iterator[tuple[Process, SmallDisk]]:
    """Run a program whose database is on a disk of that size."""
    folder.mkdir()
    script = _MOUNT.format(size=size, folder=folder)
    command = (program("unshare", "util-linux"), "--map-root-user", "--mount", "sh", "-c", script)
    with serving(folder / "mail.db", (*command, sys.executable, "-m", "edgemail"), **environ) as process:
        yield process, SmallDisk(process, folder)
