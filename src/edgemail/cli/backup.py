"""`edgemail backup` and `edgemail restore`: copy a database file, and put a copy in its place again."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.parameter_types import make_json_option
from edgemail.cli.serve import read_settings, setting_options
from edgemail.cli.terminal import Failure, echo_json, echo_line
from edgemail.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BACKUP_HELP: Final = """Copy the database file, as it is at one moment, into the new file OUT.

A server may be running on it. OUT is for its owner alone, and is named OUT.part until it is whole and on the disk.
Mail for reserved names, the settings and the keys are in other files.

\b
  edgemail backup mail-copy.db --config /etc/edgemail/edgemail.toml
"""
_RESTORE_HELP: Final = """Put a copy that `edgemail backup` made in the place of the database file.

Stop the server first. The database that was there is kept beside it, under the name that is printed. The new
one gets the owner of the old one, or that of the folder, and is for that owner alone.

\b
  edgemail restore mail-copy.db --config /etc/edgemail/edgemail.toml
"""


def _back_up(*, out: str, as_json: bool, **flags: Any) -> None:
    from edgemail.store.sqlite.copies import copy_database

    target = Path(out)
    part = target.with_name(f"{target.name}.part")
    if target.exists() or target.is_symlink():
        raise Failure(f"{out} is there already; name a new file")
    with _explaining(), _progress("Copying") as progress:
        count = copy_database(_find_file(flags), part, progress)
        part.rename(target)
    size = target.stat().st_size
    if as_json:
        echo_json({"out": out, "messages": count, "bytes": size})
    else:
        echo_line(f"copied {_write_count(count)} to {out}")


def _restore(*, file: str, as_json: bool, **flags: Any) -> None:
    from edgemail.store.sqlite.copies import replace_database

    path, source = _find_file(flags), Path(file)
    if path.exists() and source.exists() and source.samefile(path):
        raise Failure(f"{file} is the database itself; name a copy of it")
    with _explaining(), _progress("Restoring") as progress:
        try:
            count, old = replace_database(source, path, progress)
        except StoreUnavailable as error:
            raise Failure(str(error)) from error
    if as_json:
        echo_json({"db": str(path), "messages": count, "old": None if old is None else str(old)})
    else:
        echo_line(f"restored {_write_count(count)} to {path}")
        if old is not None:
            echo_line(f"the database that was there is {old}; delete it when you miss nothing")


def _find_file(flags: dict[str, Any]) -> Path:
    store = read_settings(flags).store
    if store.url is not None:
        raise Failure("the database is on a server: copy it there, or copy its mail with `edgemail export`")
    if store.file is None:
        raise Failure("a database in memory belongs to its server alone; name a file with --db")
    return Path(store.file)


@contextlib.contextmanager
def _explaining() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(f"{error.filename2 or error.filename}: {error.strerror}") from error


@contextlib.contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    with click.progressbar(length=100, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield lambda done, total: bar.update(100 * done // max(total, 1) - bar.pos)


def _write_count(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"


backup = click.Command(
    "backup",
    params=[click.Argument(["out"], metavar="OUT"), make_json_option(), *setting_options("db")],
    callback=_back_up,
    short_help="Copy the database file while a server uses it.",
    help=_BACKUP_HELP,
)
restore = click.Command(
    "restore",
    params=[click.Argument(["file"], metavar="FILE"), make_json_option(), *setting_options("db")],
    callback=_restore,
    short_help="Put a copy of the database in its place, with the server stopped.",
    help=_RESTORE_HELP,
)
