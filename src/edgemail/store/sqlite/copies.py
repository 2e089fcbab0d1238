"""Copies a database file while a server uses it, and puts such a copy in its place again."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw

from edgemail.errors import StoreInvalid, StoreUnavailable
from edgemail.store import schema
from edgemail.store.sqlite.file import SUFFIXES, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]
    """Told how many pages are done, and how many there are."""

_STEP_PAGES: Final = 1_000
_COUNT: Final = "SELECT count(*) FROM mail"


def copy_database(source: Path, target: Path, progress: Progress) -> int:
    """Copy a database as it is at one moment into a new file of the user's own; return how many messages it has.

    It is one read transaction: servers go on writing, and their write-ahead log grows until it ends.

    Raises:
        StoreInvalid: the source is not a whole database of edgemail's.
        OSError: the target cannot be made, or is there already.
    """
    with _reading(source) as connection:
        _check(connection, source)
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600))
        try:
            count = _copy(connection, target, progress)
            _sync(target)
        except BaseException as error:
            target.unlink(missing_ok=True)
            if isinstance(error, apsw.Error):
                raise StoreInvalid(f"{source} cannot be copied to {target}: {error}") from error
            raise
    return count


def replace_database(source: Path, path: Path, progress: Progress) -> tuple[int, Path | None]:
    """Put a copy of a database in the place of another; return how many messages it has, and where the old one is.

    The new file gets the owner of the old one, or that of the folder.

    Raises:
        StoreInvalid: the source is not a whole database of edgemail's.
        StoreUnavailable: a server uses the database that is to be replaced.
        OSError: a file cannot be made or moved; the old database is where it was.
    """
    _close_log(path)
    new = path.with_name(f"{path.name}.restoring")
    new.unlink(missing_ok=True)  # of a try that was killed
    count = copy_database(source, new, progress)
    old = None
    try:
        _give_to_owner(new, path if path.exists() else path.parent)
        _close_log(path)  # a server may have started meanwhile
        if path.exists():
            old = path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
            for suffix in ("", *SUFFIXES):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{path}{suffix}").rename(f"{old}{suffix}")
        new.rename(path)
        _sync(path.parent)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    return count, old


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    if not path.is_file():
        raise StoreInvalid(f"{path} is not there, or not a file")
    try:
        connection = connect(path, apsw.SQLITE_OPEN_READONLY)
    except apsw.Error as error:
        raise StoreInvalid(f"{path} cannot be opened as a database: {error}") from error
    try:
        yield connection
    finally:
        connection.close()


def _check(connection: apsw.Connection, path: Path) -> None:
    try:
        columns = {name for (name,) in connection.execute(schema.list_columns("mail"))}
    except apsw.Error as error:
        raise StoreInvalid(f"{path} cannot be read as a database: {error}") from error
    if columns not in (schema.MAIL_COLUMNS, schema.FIRST_COLUMNS):
        raise StoreInvalid(f"{path} is not a database of edgemail's: it has no table `mail` with its columns")


def _copy(source: apsw.Connection, target: Path, progress: Progress) -> int:
    copy = connect(target, apsw.SQLITE_OPEN_READWRITE)
    try:
        # Within a transaction the copy does not begin anew whenever a server writes.
        with source:
            source.execute(schema.CHECK).fetchall()
            with copy.backup("main", source, "main") as steps:
                while not steps.done:
                    steps.step(_STEP_PAGES)
                    progress(steps.page_count - steps.remaining, steps.page_count)
        copy.pragma("journal_mode", "delete")  # so that the copy is one file
        found = copy.pragma("quick_check")
        if found != "ok":
            raise StoreInvalid(f"the copy has a fault, so the database has it as well: {found}")
        ((count,),) = copy.execute(_COUNT)
    finally:
        copy.close()
    return int(count)


def _close_log(path: Path) -> None:
    """Write the log of a database that nobody uses into its file.

    Raises:
        StoreUnavailable: another program has it open.
    """
    if not path.exists():
        return
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error:
        return  # it is no database: it is moved as it is
    try:
        connection.pragma("journal_mode", "delete")
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreUnavailable(f"a program has {path} open; stop the server first: {error}") from error
    except apsw.Error:
        return  # it is damaged: it is moved as it is, with its log
    finally:
        connection.close()


def _give_to_owner(file: Path, model: Path) -> None:
    status = model.stat()
    if hasattr(os, "chown") and os.geteuid() == 0:
        os.chown(file, status.st_uid, status.st_gid)


def _sync(path: Path) -> None:
    """Have a file's octets, or a folder's names, on the disk."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
