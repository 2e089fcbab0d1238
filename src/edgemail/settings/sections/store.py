"""Defines the settings of the database that keeps mail."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from edgemail.settings.definition import ComputedDefault, setting
from edgemail.settings.kinds import DB, PATH, TOKEN, unset
from edgemail.settings.values import MEMORY, is_server_url


def temporary_db() -> str:
    """Return the path of a database in the system's temporary directory."""
    return str(Path(tempfile.gettempdir()) / "edgemail.db")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where mail is kept: `db` is a file's path, a server's URL, or `MEMORY`.

    `is_default` is true if nobody chose the database.
    """

    db: str = setting(
        DB,
        ComputedDefault(temporary_db, "`edgemail.db` in the system's temporary directory"),
        "Keep mail in this file, or in the libSQL database at this URL (`libsql:`, `https:` or `http:`). "
        "With `memory` all mail is lost when the program ends.",
        everyday=True,
        also_from="LIBSQL_CLIENT_URL",
    )
    token: str | None = setting(
        unset(TOKEN),
        None,
        "Send this token to the libSQL server. It has no flag, since other users see a program's flags.",
        name="db_token",
        everyday=True,
        secret=True,
        also_from="LIBSQL_CLIENT_TOKEN",
    )
    token_file: str | None = setting(
        unset(PATH),
        None,
        "Read the libSQL server's token from this file, once at the start.",
        name="db_token_file",
        everyday=True,
    )
    is_default: bool = False

    @property
    def file(self) -> Path | None:
        """The database's file; `None` where it is not a file of this machine."""
        return None if self.is_in_memory or is_server_url(self.db) else Path(self.db)

    @property
    def url(self) -> str | None:
        """The database server's URL; `None` where the database is on no server."""
        return self.db if is_server_url(self.db) else None

    @property
    def is_in_memory(self) -> bool:
        """Return True if mail is kept in memory, and lost when the program ends."""
        return self.db == MEMORY
