"""Opens a database file: makes it, checks it, or upgrades an older one."""

from __future__ import annotations

import errno
import logging
import os
import stat
from pathlib import Path

import apsw

from edgemail.errors import StoreInvalid
from edgemail.store import encoding, schema
from edgemail.system.file_ownership import is_owned_by_another_user

_log = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 5_000
"""How long to wait for another program's lock."""

_STATEMENTS = 200  # among them an INSERT for each number of rows
_WAL_BYTES = 64 * 2**20
LOG_PAGES = 4096  # 16 MiB: a log that grows costs more than one that is used again
"""A commit that leaves so many pages in the write-ahead log runs a checkpoint."""
_SPILL_PAGES = 2048  # 8 MiB

LINK_ADVICE = "it is a link; name the file itself"

SUFFIXES = ("-wal", "-shm")
"""The endings of the files that SQLite keeps beside an open database."""


def open_database(path: Path) -> apsw.Connection:
    """Open a database for writing; make it where it is missing, upgrade it where it is old.

    Raises:
        StoreInvalid: it cannot be opened, or it is not edgemail's.
    """
    _make_file(path)
    try:
        connection = connect(path, apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error as error:
        raise StoreInvalid(f"{path} cannot be opened as a database: {error}") from error
    try:
        _prepare(connection, path)
    except apsw.Error as error:
        connection.close()
        raise StoreInvalid(f"{path} cannot be used as a database: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> apsw.Connection:
    """Open a database that another program writes.

    Raises:
        StoreInvalid: it is missing, it is not edgemail's, or another user may have prepared it.
    """
    advice = "start the edgemail that takes mail for it first, or correct --db"
    if path.is_symlink():
        raise StoreInvalid(f"{path} cannot be opened: {LINK_ADVICE}")
    _check_owner(path)
    if not path.is_file():
        raise StoreInvalid(f"{path} is not there; {advice}")
    try:
        connection = connect(path, apsw.SQLITE_OPEN_READONLY)
    except apsw.Error as error:
        raise StoreInvalid(f"{path} cannot be opened as a database: {error}") from error
    try:
        version = _version_of(connection)
        tables = {name for (name,) in connection.execute(schema.LIST_TABLES)}
        columns = _columns_of(connection, "mail")
        derived_columns = {table: _columns_of(connection, table) for table in schema.DERIVED_COLUMNS}
    except apsw.Error as error:
        connection.close()
        raise StoreInvalid(f"{path} cannot be read as a database: {error}") from error
    try:
        _refuse_mailpits(tables, path)
        schema.check_version(version, path)
    except StoreInvalid:
        connection.close()
        raise
    if "inbox" not in tables or columns != schema.MAIL_COLUMNS:
        connection.close()
        raise StoreInvalid(f"{path} has no edgemail tables yet; {advice}")
    if not tables >= schema.READ_TABLES or derived_columns != schema.DERIVED_COLUMNS:
        connection.close()
        raise StoreInvalid(
            f"{path} has another version's tables; {advice.replace('the', 'this version of the', 1)}"
        )
    return connection


def check_mail(connection: apsw.Connection, path: Path) -> None:
    """Check that a database is edgemail's, of this version or an earlier one.

    Raises:
        StoreInvalid: it is another program's, or a newer version's.
        apsw.Error: it cannot be read.
    """
    _refuse_mailpits({name for (name,) in connection.execute(schema.LIST_TABLES)}, path)
    schema.check_version(_version_of(connection), path)
    if _columns_of(connection, "mail") not in (schema.MAIL_COLUMNS, schema.FIRST_COLUMNS):
        raise StoreInvalid(f"{path} is no database of edgemail's")


def connect(path: Path, flags: int) -> apsw.Connection:
    """Open a connection with the settings that every connection needs.

    Raises:
        apsw.Error: it cannot be opened.
    """
    connection = apsw.Connection(str(path), flags=flags, statementcachesize=_STATEMENTS)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    # Otherwise a statement with a bound LIMIT is compiled anew whenever it runs: 0.1 ms for a long one.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return connection


def _make_file(path: Path) -> None:
    """Make the file where it is missing, readable by its owner alone.

    Raises:
        StoreInvalid: it cannot be made, or another user prepared it in a directory that everyone
            may write to.
    """
    try:
        # O_NOFOLLOW, and the check of the owner below: another user of this machine could have put
        # a link or a file into /tmp in order to read the mail in it.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        reason = LINK_ADVICE if is_link else f"{error.strerror}; choose another place with --db"
        raise StoreInvalid(f"{path} cannot be opened: {reason}") from error
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise StoreInvalid(f"{path} is not a file")
    _check_owner(path)


def _check_owner(path: Path) -> None:
    """Refuse files that another user put into a directory that everyone may write to.

    Raises:
        StoreInvalid: the database, or a file that SQLite would read beside it, is such a file.
    """
    for file in (path, *(Path(f"{path}{suffix}") for suffix in (*SUFFIXES, "-journal"))):
        if is_owned_by_another_user(file):
            raise StoreInvalid(
                f"{file} belongs to another user, who could read the mail or forge it; choose another file"
            )


def _refuse_mailpits(tables: set[str], path: Path) -> None:
    """Leave a database of Mailpit's as it is: its mail cannot be read, and Mailpit may need it again.

    Raises:
        StoreInvalid: it is one. The names of its tables may have a prefix.
    """
    data, mailbox = "mailbox_data", "mailbox"
    if any(name.removesuffix(data) + mailbox in tables for name in tables if name.endswith(data)):
        raise StoreInvalid(
            f"{path} is a database of Mailpit's, which edgemail does not read; name another file (db, MP_DATABASE)"
        )


def _prepare(connection: apsw.Connection, path: Path) -> None:
    _refuse_mailpits({name for (name,) in connection.execute(schema.LIST_TABLES)}, path)
    version = _version_of(connection)
    schema.check_version(version, path)
    connection.pragma("auto_vacuum", 2)  # incremental; has an effect only while the database is empty
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", 2)  # FULL: a commit is on the disk when it returns
    connection.pragma("journal_size_limit", _WAL_BYTES)
    connection.wal_autocheckpoint(LOG_PAGES)
    with connection:
        columns = _columns_of(connection, "mail")
        upgrade = columns == schema.FIRST_COLUMNS
        if upgrade:
            _upgrade(connection, path)
        elif columns and columns != schema.MAIL_COLUMNS:
            raise StoreInvalid(f"{path} has a table `mail` that is not edgemail's; choose another file")
        has = {table: _columns_of(connection, table) for table in schema.DERIVED_COLUMNS}
        if any(has.values()) and has != schema.DERIVED_COLUMNS:
            _log.warning("making the summaries in %s again, as this version has others", path)
            for statement in schema.DROP_DERIVED:
                connection.execute(statement)
        for statement in schema.TABLES:
            connection.execute(statement)
        if version != schema.VERSION:
            connection.execute(schema.WRITE_VERSION)
    if connection.pragma("auto_vacuum") != 2:
        _log.info("rewriting %s once, so that free space can be given back later", path)
        connection.pragma("auto_vacuum", 2)
        connection.execute("VACUUM")
    # A page that leaves the cache before the commit is written twice: first with zeros in place of
    # the message, then with the message. With this limit most messages stay in the cache; a higher
    # one would take too much memory.
    connection.pragma("cache_spill", _SPILL_PAGES)
    connection.execute(schema.PUT_INTO_INBOX)


def _version_of(connection: apsw.Connection) -> int:
    version = connection.pragma("user_version")
    return version if isinstance(version, int) else 0


def _columns_of(connection: apsw.Connection, table: str) -> set[str]:
    return {name for (name,) in connection.execute(schema.list_columns(table))}


def _upgrade(connection: apsw.Connection, path: Path) -> None:
    """Upgrade the first edgemail's table, which had no ids, no sizes and no `inbox`."""
    total = connection.execute("SELECT count(*) FROM mail").fetchone()
    count = total[0] if total else 0
    _log.warning("bringing %s up to date: %d messages; it takes mail after that, in a minute or so", path, count)
    connection.execute("ALTER TABLE mail RENAME TO first_mail")
    indexes = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'first_mail' AND sql IS NOT NULL"
    ).fetchall()
    for (name,) in indexes:
        connection.execute('DROP INDEX "{}"'.format(str(name).replace('"', '""')))
    for statement in schema.TABLES:
        connection.execute(statement)
    connection.execute(
        """INSERT INTO mail (id, date, sender, recipients, size, data)
        SELECT rowid, coalesce(date, ''), coalesce(sender, '<>'), lower(coalesce(recipients, '')),
               coalesce(length(CAST(data AS BLOB)), 0), coalesce(data, '')
        FROM first_mail ORDER BY rowid"""
    )
    connection.executemany(
        schema.ADD_INBOX,
        (
            (recipient, mail_id)
            for mail_id, recipients in connection.execute("SELECT id, recipients FROM mail")
            for recipient in encoding.read_recipients(recipients)
        ),
    )
    connection.execute("DROP TABLE first_mail")
