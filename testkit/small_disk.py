"""Runs a program on a small disk that a test can fill."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from testkit import needs
from testkit.server_process import THIS_PYTHON, Process, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSHARED = ("unshare", "--map-root-user", "--mount", "sh", "-c")
_THEN = 'mount -t tmpfs -o size={size} small "{folder}" && exec "$0" "$@"'
_MOUNT = ("mount", "-t", "tmpfs", "small")
MOUNT_S = 30.0


class SmallDisk:
    """A tmpfs, in the program's own mount namespace where possible, which needs no root."""

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


@cache
def has_namespaces() -> bool:
    """Return True if this user may mount in a namespace of its own; in a chroot it may not."""
    return _works(*_UNSHARED, "exec mount -t tmpfs small /tmp")


@cache
def can_mount() -> bool:
    """Return True if a small disk can be mounted, in a namespace or as root."""
    if has_namespaces():
        return True
    with tempfile.TemporaryDirectory() as folder:
        return os.geteuid() == 0 and _works(*_MOUNT, folder) and _works("umount", folder)


def _works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=MOUNT_S, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def serving_on_small_disk(folder: Path, size: str, **environ: str) -> Iterator[tuple[Process, SmallDisk]]:
    """Run a program whose database is on a disk of `size`, as mount(8) writes it."""
    needs.check("small_disk")
    folder.mkdir()
    command: tuple[str, ...] = THIS_PYTHON
    with contextlib.ExitStack() as stack:
        if has_namespaces():
            command = (*_UNSHARED, _THEN.format(size=size, folder=folder), *command)
        else:
            subprocess.run([*_MOUNT, "-o", f"size={size}", folder], check=True)
            stack.callback(lambda: subprocess.run(["umount", folder], check=True))
        process = stack.enter_context(serving(folder / "mail.db", command, **environ))
        yield process, SmallDisk(process, folder)
