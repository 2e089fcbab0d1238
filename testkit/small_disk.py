"""Runs a program on a small disk that a test can fill."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from testkit.api_reader import program
from testkit.server_process import Process, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOUNT = 'mount -t tmpfs -o size={size} small "{folder}" && exec "$0" "$@"'


class SmallDisk:
    """A tmpfs in the program's own mount namespace. It needs no root and ends with the program."""

    def __init__(self, process: Process, folder: Path) -> None:
        self._folder = Path(f"/proc/{process.process.pid}/root{folder}")

    @contextlib.contextmanager
    def filled(self) -> Iterator[None]:
        """Fill the disk for as long as the context lasts."""
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
    """Run a program whose database is on a disk of `size`, as mount(8) writes it."""
    folder.mkdir()
    script = _MOUNT.format(size=size, folder=folder)
    command = (program("unshare", "util-linux"), "--map-root-user", "--mount", "sh", "-c", script)
    with serving(folder / "mail.db", (*command, sys.executable, "-m", "edgemail"), **environ) as process:
        yield process, SmallDisk(process, folder)
