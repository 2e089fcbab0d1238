"""`edgemail backup` and `edgemail restore`: copy a database file, and put the copy back."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.parameter_types import make_json_option
from edgemail.cli.serve import read_settings, setting_options
from edgemail.cli.terminal import Failure, echo_json, echo_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BACKUP_HELP: Final = """Copy a database file, while a server uses it, into a new FILE.

\b
  edgemail backup /srv/mail-friday.db --config /etc/edgemail/edgemail.toml
  edgemail backup copy.db --db mail.db

The copy has all mail that was answered with 250 before it began. Its owner alone may read it. FILE must not exist;
it gets its name when it is whole. The operator's mail is a Maildir beside the database: copy that folder as well.

A database on a server is backed up there. `edgemail export` copies the mail of any database into files.
"""

_RESTORE_HELP: Final = """Put FILE, a copy that `edgemail backup` made, in the place of a database file.

\b
  systemctl stop edgemail
  edgemail restore /srv/mail-friday.db --config /etc/edgemail/edgemail.toml
  systemctl start edgemail

The server must be stopped. The copy is checked first, and FILE stays as it is. The file that was there is kept, as
DATABASE.before-restore-1 or the next number; delete it when all is well. The new file gets the owner of the old
one, or of the folder. A copy of an earlier version is brought up to date when the server starts.
"""


def _backup(*, file: str, as_json: bool, **flags: Any) -> None:
    from edgemail.store.sqlite.copies import back_up

    database = _find_database(flags)
    if not database.is_file():
        raise Failure(
            f"{database} is not there; name the server's database with --db, or its settings with --config"
        )
    out = Path(file)
    with _writing(out), _progress("Copying") as show:
        back_up(database, out, show)
    size = out.stat().st_size
    if as_json:
        echo_json({"database": str(database), "out": file, "size": size})
    else:
        echo_line(f"copied {database} to {file} ({size:,} octets)")


def _restore(*, file: str, as_json: bool, **flags: Any) -> None:
    from edgemail.store.sqlite.copies import restore

    database = _find_database(flags)
    if not Path(file).is_file():
        raise Failure(f"{file} is not there")
    with _writing(database), _progress("Restoring") as show:
        kept = restore(Path(file), database, show)
    if as_json:
        echo_json({"database": str(database), "kept": None if kept is None else str(kept)})
        return
    echo_line(f"put {file} in the place of {database}")
    if kept is not None:
        echo_line(f"what was there is {kept}; delete it when all is well")


def _find_database(flags: dict[str, Any]) -> Path:
    store = read_settings(flags).store
    if store.file is None:
        kind = "in memory" if store.is_in_memory else "on a server"
        raise Failure(f"this is for database files, and the database is {kind}; see `edgemail export --help`")
    return store.file


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise Failure(f"{error.filename or out} is there already; name another file") from error
    except OSError as error:
        raise Failure(f"{out} cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def _progress(label: str) -> Iterator[Callable[[float], None]]:
    with click.progressbar(length=100, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as progress:
        yield lambda share: progress.update(int(100 * share) - progress.pos)


def _command(name: str, callback: Callable[..., None], summary: str, text: str) -> click.Command:
    return click.Command(
        name,
        params=[click.Argument(["file"], metavar="FILE"), make_json_option(), *setting_options("db")],
        callback=callback,
        short_help=summary,
        help=text,
    )


backup = _command("backup", _backup, "Copy a database file while a server uses it.", _BACKUP_HELP)
restore = _command("restore", _restore, "Put a copy in the place of a database file.", _RESTORE_HELP)
