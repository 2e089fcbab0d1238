"""Fills databases by SQL alone: two million messages take a minute or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw

from edgemail.store import schema
from edgemail.store.sqlite.file import open_database

if TYPE_CHECKING:
    from pathlib import Path

INBOX_MESSAGES = 50
_BATCH_ROWS = 100_000
_DERIVED = ("trigger", "index")

# Ids are consecutive, and each inbox's messages lie far apart, as with mail for many recipients.
_NUMBERS = "WITH RECURSIVE n(id) AS (SELECT ?1 UNION ALL SELECT id + 1 FROM n WHERE id < ?2)"
_MAIL = f"""{_NUMBERS}
INSERT INTO mail (id, date, sender, recipients, size, data)
SELECT id, strftime('%Y-%m-%d %H:%M:%f', 'now', printf('-%.3f seconds', ?3 - id * 0.001)), '<shop@shop.example>',
       printf('<inbox%d@example.com>', id % ?4), length(data), data
FROM (SELECT id, printf('Return-Path: <shop@shop.example>'||char(13,10)||
        'Received: from shop.example by mail.example with ESMTP id %08x'||char(13,10)||
        'From: Shop <shop@shop.example>'||char(13,10)||'Subject: Your code is %06d'||char(13,10,13,10)||
        'Your code is %06d.'||char(13,10)||?5, id, id % 1000000, id % 1000000) AS data FROM n)"""
_SUMMARY = f"""{_NUMBERS}
INSERT INTO summary (mail_id, date, sender, recipients, size, subject, "from", preview, attachments, codes, links,
                     "to", cc, bcc, reply_to, message_id, inline_count, events, source)
SELECT id, date, sender, recipients, size, printf('Your code is %06d', id % 1000000), 'Shop',
       printf('Your code is %06d.', id % 1000000), '[]',
       printf('[["%06d","after \\"code\\""]]', id % 1000000), '[]',
       printf('[["","inbox%d@example.com"]]', id % ?3), '[]', '[]', '[]', printf('%d@shop.example', id), 0, '[]', ''
FROM n JOIN mail USING (id)"""
_SEARCH = f"""{_NUMBERS}
INSERT INTO search (mail_id, words)
SELECT id, printf('%06d a and as be code is it line long message no of or should some than this words your', id)
FROM n"""
_SEARCH_FIELDS = f"""{_NUMBERS}
INSERT INTO search_fields (mail_id, date, size, recipients, "from", "to", cc, bcc, reply_to, subject, message_id,
                           attachments, inline_parts)
SELECT id, date, size, recipients, 'shop', printf(' <inbox%d@example.com>', id % ?3), '', '', '',
       printf('your code is %06d', id % 1000000), printf('%d@shop.example', id), 0, 0
FROM n JOIN mail USING (id)"""
_INBOX = """
INSERT INTO inbox (address, mail_id)
SELECT printf('inbox%d@example.com', id % ?1), id FROM mail ORDER BY 1, 2"""
_LINE = "Some words of a message, as long as a line should be, and no longer than this.\r\n"


def address(number: int) -> str:
    """Return the address of an inbox; there are `inboxes_of(messages)` of them, from 0."""
    return f"inbox{number}@example.com"


def inboxes_of(messages: int) -> int:
    """Return the number of inboxes for a number of messages."""
    return max(messages // INBOX_MESSAGES, 1)


def fill(path: Path, messages: int, *, body_bytes: int = 400, age_s: float = 60.0) -> None:
    """Create a database of messages with summaries; the oldest is `age_s` old, 1 ms apart each."""
    connection = open_database(path)
    try:
        connection.pragma("synchronous", 0)
        connection.pragma("cache_size", -200_000)
        _drop(connection)
        body = (_LINE * (body_bytes // len(_LINE) + 1))[:body_bytes]
        for first in range(1, messages + 1, _BATCH_ROWS):
            last = min(first + _BATCH_ROWS - 1, messages)
            age = age_s + messages * 0.001
            connection.execute(_MAIL, (first, last, age, inboxes_of(messages), body))
            connection.execute(_SUMMARY, (first, last, inboxes_of(messages)))
            connection.execute(_SEARCH, (first, last))
            connection.execute(_SEARCH_FIELDS, (first, last, inboxes_of(messages)))
        connection.execute(_INBOX, (inboxes_of(messages),))
        connection.execute("DELETE FROM usage")
        for statement in schema.TABLES:
            connection.execute(statement)
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        connection.close()


def _drop(connection: apsw.Connection) -> None:
    """Drop triggers and indexes, as they are slow row by row; the schema creates them again."""
    for schemas in ("sqlite_schema", "sqlite_temp_schema"):
        for kind, name in connection.execute(f"SELECT type, name FROM {schemas} WHERE sql IS NOT NULL").fetchall():
            if kind in _DERIVED:
                connection.execute(f"DROP {kind} {name}")
