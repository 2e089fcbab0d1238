"""Copies a database file while it is in use, and puts a copy back in its place."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw

from edgemail.errors import StoreInvalid
from edgemail.store.sqlite.file import LINK_ADVICE, SUFFIXES, check_mail, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STEP_PAGES: Final = 2_000  # 8 MiB
_MOVED: Final = (*SUFFIXES, "-journal")


def back_up(database: Path, out: Path, show: Callable[[float], None]) -> None:
    """Copy a database into a file that is not there yet and that its owner alone may read.

    The copy has what was committed when it began; others may read and write meanwhile. It gets its name when it is
    whole and on the disk. `show` is told the share that is done, from 0 to 1.

    Raises:
        StoreInvalid: `database` is not edgemail's.
        FileExistsError: `out` is there.
        OSError: `out` cannot be written.
    """
    if out.exists() or out.is_symlink():
        raise FileExistsError(out)
    with _making(out) as (part, descriptor):
        _copy(database, part, show)
        os.fsync(descriptor)
        part.rename(out)
    _sync_folder(out.parent)


def restore(copy: Path, database: Path, show: Callable[[float], None]) -> Path | None:
    """Put a copy in the place of a database, with the owner of the file or the folder there.

    Return what the file that was there is called now; None if there was none.

    Raises:
        StoreInvalid: `copy` is not edgemail's, or damaged; or `database` is a link, or a program has it open.
        OSError: a file cannot be written.
    """
    if database.is_symlink():
        raise StoreInvalid(f"{database} cannot be replaced: {LINK_ADVICE}")
    with _making(database) as (part, descriptor):
        _copy(copy, part, show)
        _check_pages(part, copy)
        owner = (database if database.exists() else database.parent).stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)  # by its path it could be another file by now
        os.fsync(descriptor)
        if not os.path.samestat(part.lstat(), os.fstat(descriptor)):
            raise StoreInvalid(f"{part} was replaced by another program; nothing was changed")
        kept = _set_aside(database)
        part.rename(database)
    _sync_folder(database.parent)
    return kept


def _copy(source: Path, out: Path, show: Callable[[float], None]) -> None:
    try:
        with contextlib.closing(connect(source, apsw.SQLITE_OPEN_READONLY)) as reader:
            # One state for all steps: otherwise each commit of a server begins the copy anew.
            reader.execute("BEGIN")
            check_mail(reader, source)
            with contextlib.closing(connect(out, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOFOLLOW)) as writer:
                writer.pragma("synchronous", 0)  # the file is synced once, when it is whole
                with writer.backup("main", reader, "main") as backup:
                    while not backup.done:
                        backup.step(_STEP_PAGES)
                        show(1 - backup.remaining / max(backup.page_count, 1))
                writer.pragma("journal_mode", "delete")  # all of it in one file
    except apsw.FullError as error:
        raise OSError(f"{out.parent} is full") from error
    except apsw.Error as error:
        raise StoreInvalid(f"{source} cannot be read as a database: {error}") from error


def _check_pages(part: Path, copy: Path) -> None:
    with contextlib.closing(connect(part, apsw.SQLITE_OPEN_READONLY)) as reader:
        found = reader.pragma("quick_check", 1)
    if found != "ok":
        raise StoreInvalid(f"{copy} is damaged: {found}; nothing was changed")


def _set_aside(database: Path) -> Path | None:
    """Rename the file that is there, and what SQLite keeps beside it; return its new name."""
    if not database.exists():
        return None
    with (
        contextlib.suppress(apsw.NotADBError, apsw.CorruptError),
        contextlib.closing(connect(database, apsw.SQLITE_OPEN_READWRITE)) as connection,
    ):
        connection.set_busy_timeout(0)
        try:
            is_free = connection.pragma("journal_mode", "delete") == "delete"  # only who is alone can change it
        except apsw.BusyError:
            is_free = False
        if not is_free:
            raise StoreInvalid(f"{database} is in use; stop edgemail, and what else reads it, first")
    kept = next(name for name in _names_beside(database) if not name.exists())
    database.rename(kept)
    for suffix in _MOVED:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{database}{suffix}").rename(f"{kept}{suffix}")
    return kept


def _names_beside(database: Path) -> Iterator[Path]:
    number = 1
    while True:
        yield database.with_name(f"{database.name}.before-restore-{number}")
        number += 1


@contextlib.contextmanager
def _making(out: Path) -> Iterator[tuple[Path, int]]:
    """Make an empty file beside `out` that its owner alone may read; take it away at the end.

    The folder may be that of a service's user, who must not lead root's hand elsewhere by a link.
    """
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        yield part, descriptor
    finally:
        os.close(descriptor)
        for suffix in ("", *_MOVED):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{part}{suffix}").unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
