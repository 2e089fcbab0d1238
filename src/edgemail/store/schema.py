"""The tables, and the statements on them.

The names `date`, `sender`, `recipients` and `data` of the table `mail` are a public interface: web
pages that read the database select them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from edgemail.errors import StoreInvalid
from edgemail.store.base import SMALL_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence


VERSION = 1
"""Raise it when the tables change, and keep a database of the new ones (see scripts/keep_database.py).

A program leaves a database with a higher number alone. Before edgemail 0.2.0 databases had no number, which is 0.
"""
READ_VERSION = "SELECT user_version FROM pragma_user_version"
WRITE_VERSION = f"PRAGMA user_version = {VERSION}"

MAIL_TABLE = """
CREATE TABLE IF NOT EXISTS mail (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: readers ask for mail after an id
    date       TEXT NOT NULL,     -- accepted at, UTC, 'YYYY-MM-DD HH:MM:SS.mmm'
    sender     TEXT NOT NULL,     -- reverse-path as '<a@b>', or '<>'
    recipients TEXT NOT NULL,     -- forward-paths as '<user@domain>', lower case, joined by ', '
    size       INTEGER NOT NULL,  -- octets of data; before it, so that reading it skips no overflow pages
    data                          -- the message: TEXT where it is valid UTF-8 without NUL, else BLOB
)"""

TABLES = (
    MAIL_TABLE,
    "CREATE INDEX IF NOT EXISTS mail_by_date ON mail (date)",
    # One row for each recipient: a message to many is stored once, and each recipient finds it.
    """CREATE TABLE IF NOT EXISTS inbox (
        address TEXT NOT NULL,
        mail_id INTEGER NOT NULL,
        PRIMARY KEY (address, mail_id)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS inbox_by_mail ON inbox (mail_id)",
    # A value in a remote database has a limit. Of a larger message mail.data is the first part; the
    # others are here.
    """CREATE TABLE IF NOT EXISTS mail_rest (
        mail_id INTEGER NOT NULL,
        part INTEGER NOT NULL,      -- from 1
        data NOT NULL,              -- each part by itself TEXT or BLOB, as in mail.data
        PRIMARY KEY (mail_id, part)
    ) WITHOUT ROWID""",
    # All that a listing shows. It is derived from mail: it may be dropped, and is made again. date,
    # sender, recipients and size are copies: each row of mail lies on its own page, which would be
    # read for these alone.
    """CREATE TABLE IF NOT EXISTS summary (
        mail_id INTEGER PRIMARY KEY,
        date TEXT NOT NULL,
        sender TEXT NOT NULL,
        recipients TEXT NOT NULL,
        size INTEGER NOT NULL,
        subject TEXT NOT NULL,
        "from" TEXT NOT NULL,
        preview TEXT NOT NULL,
        attachments TEXT NOT NULL,  -- JSON: [[name, type, size, index, content_id], ...]
        codes TEXT NOT NULL,        -- JSON: [[code, reason], ...]
        links TEXT NOT NULL,        -- JSON: [[url, text, reason], ...]
        "to" TEXT NOT NULL,         -- JSON: [[name, address], ...], as the next three
        cc TEXT NOT NULL,
        bcc TEXT NOT NULL,
        reply_to TEXT NOT NULL,
        message_id TEXT NOT NULL,   -- without angle brackets
        inline_count INTEGER NOT NULL,
        events TEXT NOT NULL,       -- JSON: the fields of each CalendarEvent, in their order
        source TEXT NOT NULL        -- the network that sent it, by the server's Received: field; '' if not known
    )""",
    # Derived as well, and in its own table: a listing does not read it.
    """CREATE TABLE IF NOT EXISTS search (
        mail_id INTEGER PRIMARY KEY,
        words TEXT NOT NULL         -- folded (see mime/search_words.py), each once, joined by blanks
    )""",
    # Derived, too: what a search of all mail looks at besides words, narrow, so that 100,000 rows are
    # soon read. Texts are folded.
    """CREATE TABLE IF NOT EXISTS search_fields (
        mail_id INTEGER PRIMARY KEY,
        date TEXT NOT NULL,
        size INTEGER NOT NULL,
        recipients TEXT NOT NULL,
        "from" TEXT NOT NULL,
        "to" TEXT NOT NULL,         -- 'name <address>', one a line, as the next three
        cc TEXT NOT NULL,
        bcc TEXT NOT NULL,
        reply_to TEXT NOT NULL,
        subject TEXT NOT NULL,
        message_id TEXT NOT NULL,
        attachments INTEGER NOT NULL,
        inline_parts INTEGER NOT NULL
    )""",
    # A version that does not know `search_fields` may have written summaries since: they are made again.
    "DELETE FROM summary WHERE mail_id > (SELECT coalesce(max(mail_id), 0) FROM search_fields)",
    # What people have done with mail in the list of all mail: not derived.
    "CREATE TABLE IF NOT EXISTS read_mail (mail_id INTEGER PRIMARY KEY)",
    """CREATE TABLE IF NOT EXISTS tag (
        mail_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (mail_id, name)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS tag_by_name ON tag (name)",
    # The mail that the webhook has yet to tell about. Mail up to `noted` was looked at already.
    """CREATE TABLE IF NOT EXISTS webhook_queue (
        mail_id  INTEGER PRIMARY KEY,
        attempts INTEGER NOT NULL,
        due_ms   INTEGER NOT NULL,  -- the next try, or the end of a claim, in ms since 1970
        claim    TEXT NOT NULL      -- the program that tells about it now; '' for none
    )""",
    "CREATE INDEX IF NOT EXISTS webhook_queue_by_due ON webhook_queue (due_ms)",
    """CREATE TABLE IF NOT EXISTS webhook_mark (
        id    INTEGER PRIMARY KEY CHECK (id = 1),
        noted INTEGER NOT NULL      -- mail.id
    )""",
    # To count a million rows every minute would be slow. Triggers keep this count, whichever
    # program writes.
    """CREATE TABLE IF NOT EXISTS usage (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        messages INTEGER NOT NULL,
        size INTEGER NOT NULL
    )""",
    # The SELECT has no FROM: with one, each start would read all mail, even when there is nothing
    # to count.
    """INSERT INTO usage SELECT 1, (SELECT count(*) FROM mail), (SELECT coalesce(sum(size), 0) FROM mail)
    WHERE NOT EXISTS (SELECT 1 FROM usage)""",
    """CREATE TRIGGER IF NOT EXISTS mail_added AFTER INSERT ON mail BEGIN
        UPDATE usage SET messages = messages + 1, size = size + new.size;
    END""",
    """CREATE TRIGGER IF NOT EXISTS mail_deleted AFTER DELETE ON mail BEGIN
        UPDATE usage SET messages = messages - 1, size = size - old.size;
        DELETE FROM inbox WHERE mail_id = old.id;
        DELETE FROM summary WHERE mail_id = old.id;
    END""",
    """CREATE TRIGGER IF NOT EXISTS mail_rest_deleted AFTER DELETE ON mail BEGIN
        DELETE FROM mail_rest WHERE mail_id = old.id;
    END""",
    """CREATE TRIGGER IF NOT EXISTS search_deleted AFTER DELETE ON mail BEGIN
        DELETE FROM search WHERE mail_id = old.id;
    END""",
    """CREATE TRIGGER IF NOT EXISTS search_fields_deleted AFTER DELETE ON mail BEGIN
        DELETE FROM search_fields WHERE mail_id = old.id;
        DELETE FROM read_mail WHERE mail_id = old.id;
        DELETE FROM tag WHERE mail_id = old.id;
    END""",
    """CREATE TRIGGER IF NOT EXISTS webhook_queue_deleted AFTER DELETE ON mail BEGIN
        DELETE FROM webhook_queue WHERE mail_id = old.id;
    END""",
)

WRITER_TABLE = """
CREATE TABLE IF NOT EXISTS writer (
    name     TEXT PRIMARY KEY,  -- one run of one server
    batch    INTEGER NOT NULL,  -- the number of its last commit
    messages INTEGER NOT NULL,  -- how many messages that commit had
    last_id  INTEGER NOT NULL,  -- mail.id of the last one; 0 if the commit was given up
    at       TEXT NOT NULL
)"""

PUT_INTO_INBOX = """
CREATE TEMP TRIGGER mail_for_one AFTER INSERT ON main.mail WHEN instr(new.recipients, ',') = 0 BEGIN
    INSERT OR IGNORE INTO inbox (address, mail_id)
    VALUES (substr(new.recipients, 2, length(new.recipients) - 2), new.id);
END"""
"""For the connection that writes. With it most mail needs one statement, so no transaction."""

ADD_MAIL = "INSERT INTO mail (date, sender, recipients, size, data) VALUES (?, ?, ?, ?, ?)"
ADD_ASCII = "INSERT INTO mail (date, sender, recipients, size, data) VALUES (?, ?, ?, ?, CAST(? AS TEXT))"
ADD_TEXT = "INSERT INTO mail (date, sender, recipients, size, data) VALUES (?, ?, ?, ?, CAST(zeroblob(?) AS TEXT))"
ADD_OCTETS = "INSERT INTO mail (date, sender, recipients, size, data) VALUES (?, ?, ?, ?, zeroblob(?))"
ADD_INBOX = "INSERT OR IGNORE INTO inbox (address, mail_id) VALUES (?, ?)"

_SUMMARY = """
    s.subject, s."from", s.preview, s.attachments, s.codes, s.links,
    s."to", s.cc, s.bcc, s.reply_to, s.message_id, s.inline_count, s.events,
    CASE WHEN s.mail_id IS NULL THEN CAST(substr(m.data, 1, 16384) AS BLOB) END"""
_LISTED = f"""
    i.mail_id, coalesce(s.date, m.date), coalesce(s.sender, m.sender), coalesce(s.recipients, m.recipients),
    coalesce(s.size, m.size), {_SUMMARY}"""
# No row of `mail` is read where there is a summary.
INBOX_TABLES = """
FROM inbox i LEFT JOIN summary s ON s.mail_id = i.mail_id
LEFT JOIN mail m ON m.id = CASE WHEN s.mail_id IS NULL THEN i.mail_id END"""
IS_THERE = "(s.mail_id IS NOT NULL OR m.id IS NOT NULL)"
_LIST = f"""
SELECT {_LISTED} {INBOX_TABLES}
WHERE i.address = ? AND i.mail_id < ? AND i.mail_id > ? AND {IS_THERE}"""
LIST_NEWEST_FIRST = f"{_LIST} ORDER BY i.mail_id DESC LIMIT ?"
LIST_OLDEST_FIRST = f"{_LIST} ORDER BY i.mail_id LIMIT ?"
TERMS_MAX = 4
SEARCH_TABLES = f"""{INBOX_TABLES}
LEFT JOIN search f ON f.mail_id = i.mail_id"""


def write_search_conditions(parameters: Sequence[str]) -> str:
    """Write what a search asks of a message, with the parameters of the terms."""
    terms = " AND ".join(f"instr(coalesce(f.words, ''), {parameter}) > 0" for parameter in parameters)
    return f"{IS_THERE}\nAND (s.mail_id IS NULL OR {terms})"


SEARCH = f"""
SELECT {_LISTED} {SEARCH_TABLES}
WHERE i.address = ? AND i.mail_id < ? AND {write_search_conditions(["?"] * TERMS_MAX)}
ORDER BY i.mail_id DESC LIMIT ?"""
"""A message without a summary is found too; whoever summarises it looks for the terms."""
_STATE = """
    EXISTS (SELECT 1 FROM read_mail r WHERE r.mail_id = {id}),
    (SELECT json_group_array(t.name) FROM tag t WHERE t.mail_id = {id})"""
_LIST_MAIL = f"""
SELECT m.id, m.date, m.sender, m.recipients, m.size, {_SUMMARY}, {_STATE.format(id="m.id")}
FROM mail m LEFT JOIN summary s ON s.mail_id = m.id WHERE m.id < ? AND m.id > ?"""  # noqa: S608 - no input in it
LIST_MAIL_NEWEST_FIRST = f"{_LIST_MAIL} ORDER BY m.id DESC LIMIT ?"
LIST_MAIL_OLDEST_FIRST = f"{_LIST_MAIL} ORDER BY m.id LIMIT ?"
_FOUND = "SELECT f.mail_id FROM search_fields f WHERE f.mail_id < ? AND f.mail_id > ? AND"
READ_ROW = f"""
SELECT m.id, m.date, m.sender, m.recipients, m.size, {_SUMMARY}
FROM mail m LEFT JOIN summary s ON s.mail_id = m.id WHERE m.id = ?"""  # noqa: S608
_SMALL = f"""
SELECT m.id, m.date, m.sender, m.recipients, m.size,
    CASE WHEN m.size <= {SMALL_MAX_BYTES} THEN CAST(m.data AS BLOB) END,
    (SELECT s.codes FROM summary s WHERE s.mail_id = m.id)"""  # noqa: S608 - no input in it
READ_SMALL = f"{_SMALL} FROM mail m WHERE m.id = ?"
READ_SMALL_OF_INBOX = f"{_SMALL} FROM inbox i JOIN mail m ON m.id = i.mail_id WHERE i.mail_id = ? AND i.address = ?"
READ_WORDS = "SELECT mail_id, words FROM search WHERE mail_id > ? AND mail_id < ?"
COUNT_READ = "SELECT count(*) FROM read_mail"
LIST_TAGS = "SELECT name, count(*) FROM tag GROUP BY name ORDER BY name LIMIT ?"
MARK_READ = "INSERT OR IGNORE INTO read_mail (mail_id) SELECT id FROM mail WHERE id = ?"
MARK_UNREAD = "DELETE FROM read_mail WHERE mail_id = ?"
ADD_TAG = "INSERT OR IGNORE INTO tag (mail_id, name) SELECT id, ?2 FROM mail WHERE id = ?1"
DROP_TAGS = "DELETE FROM tag WHERE mail_id = ?"
LIST_TAGGED = "SELECT mail_id FROM tag WHERE name = ? AND mail_id < ? ORDER BY mail_id DESC LIMIT ?"
DROP_TAG = "DELETE FROM tag WHERE mail_id = ?1 AND name = ?2"
READ_DATA = "SELECT CAST(data AS BLOB) FROM mail WHERE id = ?"
DELETE_MAIL = "DELETE FROM mail WHERE id = ?"
FIND_IN_INBOX = "SELECT 1 FROM inbox WHERE address = ? AND mail_id = ?"
LIST_INBOX_IDS = "SELECT mail_id FROM inbox WHERE address = ? ORDER BY mail_id LIMIT ?"
LIST_HELD = f"""
SELECT i.mail_id, coalesce(s.size, m.size), s.source {INBOX_TABLES}
WHERE i.address = ? AND i.mail_id < ? AND {IS_THERE} ORDER BY i.mail_id DESC LIMIT ?"""
DELETE_FROM_INBOX = "DELETE FROM inbox WHERE address = ? AND mail_id = ?"
DELETE_MAIL_IN_NO_INBOX = "DELETE FROM mail WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM inbox WHERE mail_id = ?1)"
LIST_UNSUMMARIZED = """
SELECT m.id, m.size, CASE WHEN m.size <= ? THEN CAST(m.data AS BLOB) END FROM mail m
WHERE m.id > ? AND NOT EXISTS (SELECT 1 FROM summary s WHERE s.mail_id = m.id) ORDER BY m.id LIMIT ?"""
ADD_SUMMARY = """
INSERT OR REPLACE INTO summary
    (mail_id, subject, "from", preview, attachments, codes, links,
    "to", cc, bcc, reply_to, message_id, inline_count, events, source, date, sender, recipients, size)
SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, date, sender, recipients, size
FROM mail WHERE id = ?1"""
ADD_WORDS = """
INSERT OR REPLACE INTO search (mail_id, words) SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM mail WHERE id = ?1)"""
ADD_SEARCH_FIELDS = """
INSERT OR REPLACE INTO search_fields
    (mail_id, date, size, recipients, "from", "to", cc, bcc, reply_to, subject, message_id,
    attachments, inline_parts)
SELECT id, date, size, recipients, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM mail WHERE id = ?1"""
MEASURE = "SELECT messages, size FROM usage"
LIST_OLDEST = "SELECT id, date, size FROM mail ORDER BY id LIMIT ?"
CHECK = "SELECT 1 FROM mail LIMIT 1"
LIST_ARRIVALS = "SELECT id, recipients, size FROM mail WHERE id > ? ORDER BY id LIMIT ?"
LAST_ID = "SELECT coalesce(max(id), 0) FROM mail"
LIST_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"

DROP_DERIVED = tuple(f"DROP TABLE IF EXISTS {table}" for table in ("summary", "search", "search_fields"))
"""Their rows are made together, so they are dropped together."""
SUMMARY_COLUMNS = {
    *("mail_id", "date", "sender", "recipients", "size"),
    *("subject", "from", "preview", "attachments", "codes", "links"),
    *("to", "cc", "bcc", "reply_to", "message_id", "inline_count", "events", "source"),
}
SEARCH_COLUMNS = {
    *("mail_id", "date", "size", "recipients", "from", "to", "cc", "bcc", "reply_to"),
    *("subject", "message_id", "attachments", "inline_parts"),
}
DERIVED_COLUMNS = {"summary": SUMMARY_COLUMNS, "search_fields": SEARCH_COLUMNS}
"""Tables with other columns were made by another version: they are dropped, and made again."""

MAIL_COLUMNS = {"id", "date", "sender", "recipients", "size", "data"}
READ_TABLES = {"mail", "inbox", "mail_rest", "summary", "search", "search_fields", "read_mail", "tag", "usage"}
"""The tables that must exist before a reader can open the database."""

FIRST_COLUMNS = {"date", "sender", "recipients", "data"}
"""All columns of the first edgemail's table."""

UNBOUNDED_ID = 2**63 - 1


def find_ids(count: int) -> str:
    """Make the statement that lists which of some ids have a message, each once."""
    return f"SELECT id FROM mail WHERE id IN ({', '.join('?' * count)})"  # noqa: S608 - no input in it


def find_mail(conditions: str) -> str:
    """Make the statement that lists ids of what matches, newest first: `before`, `after`, values, limit, offset."""
    return f"{_FOUND} {conditions} ORDER BY f.mail_id DESC LIMIT ? OFFSET ?"


def search_mail(conditions: str) -> str:
    """Make the statement that lists what matches, with the parameters of `find_mail`."""
    return f"""
SELECT s.mail_id, s.date, s.sender, s.recipients, s.size,
    {_SUMMARY.replace("m.data", "NULL")}, {_STATE.format(id="s.mail_id")}
FROM ({find_mail(conditions)}) p JOIN summary s ON s.mail_id = p.mail_id
ORDER BY s.mail_id DESC"""  # noqa: S608 - the conditions are those of query_sql


def count_mail(conditions: str) -> str:
    """Make the statement that counts what matches, and how much of it is read: `before`, values."""
    return f"""
SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM read_mail r WHERE r.mail_id = f.mail_id)), 0)
FROM search_fields f WHERE f.mail_id < ? AND {conditions}"""  # noqa: S608 - as above


def list_columns(table: str) -> str:
    """Make the statement that lists a table's columns: no rows where there is no such table."""
    return f"SELECT name FROM pragma_table_info('{table}')"  # noqa: S608 - our own tables


def check_version(version: int, place: object) -> None:
    """Refuse a database whose tables this program does not know.

    Raises:
        StoreInvalid: a newer edgemail made them. The text says what to do.
    """
    if version > VERSION:
        raise StoreInvalid(
            f"{place} was made by a newer edgemail (its tables have number {version}, this program knows up to "
            f"{VERSION}); start that version, or name another database"
        )


@cache
def repeat_values(statement: str, rows: int) -> str:
    """Turn an INSERT of one row into an INSERT of several."""
    head, _, values = statement.partition(" VALUES ")
    return f"{head} VALUES {', '.join([values] * rows)}"
