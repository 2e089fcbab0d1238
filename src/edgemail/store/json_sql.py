"""Statements that have SQLite write a page of an inbox as JSON: no row becomes a Python object.

A page is one row: the thread that reads takes the interpreter's lock back once for it, and not for each message.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from edgemail.store import encoding, schema
from edgemail.store.base import JsonPage

if TYPE_CHECKING:
    from collections.abc import Sequence

_ADDRESSES: Final = ("name", "address")
_EVENT: Final = ("method", "title", "starts", "ends", "time_zone", "location", "organizer", "attendees")


def _write_list(column: str, *names: str, places: Sequence[int] = ()) -> str:
    """Write the expression that makes objects of a column's lists; nearly all are empty, which is quick.

    `places` are the positions of the values in each list, without it their order.
    """
    pairs = zip(places or range(len(names)), names, strict=True)
    fields = ", ".join(f"'{name}', e.value -> {place}" for place, name in pairs)
    objects = f"SELECT json_group_array(json_object({fields})) FROM json_each({column}) e"  # noqa: S608 - no input
    return f"CASE {column} WHEN '[]' THEN '[]' ELSE ({objects}) END"


def _write_message(recipients: str) -> str:
    """Write the expression for a row's object, with the fields of `message_json.list_fields` in their order."""
    fields = {
        "id": "s.mail_id",
        "date": "'\"' || replace(s.date, ' ', 'T') || 'Z\"'",
        "sender": "json_quote(trim(s.sender, '<>'))",
        "recipients": recipients,
        "from": 'json_quote(s."from")',
        "to": _write_list('s."to"', *_ADDRESSES),
        "cc": _write_list("s.cc", *_ADDRESSES),
        "message_id": "json_quote(s.message_id)",
        "subject": "json_quote(s.subject)",
        "preview": "json_quote(s.preview)",
        "size": "s.size",
        "attachments": _write_list("s.attachments", "index", "name", "type", "size", places=(3, 0, 1, 2)),
        "inline_count": "s.inline_count",
        "codes": _write_list("s.codes", "code", "reason"),
        "links": _write_list("s.links", "url", "text", "reason"),
        "events": _write_list("s.events", *_EVENT),
    }
    members = " || ',' || ".join(f"""'"{name}":' || {value}""" for name, value in fields.items())
    return f"'{{' || {members} || '}}'"


# NULL without a summary, and with a date that another program has written in another form.
_MESSAGE = f"CASE strftime('%Y-%m-%d %H:%M:%f', s.date) WHEN s.date THEN {_write_message('?5')} END"


def _write_page(tables: str, conditions: str) -> str:
    """Write the statement of a page: `address`, `before`, `after`, `limit`, `recipients`, and values.

    It looks for the next message only where the page is full.
    """
    return f"""
SELECT '[' || coalesce(p.messages, '') || ']', p.found, p.written, CASE WHEN p.found = ?4 AND EXISTS (
    SELECT 1 {tables}
    WHERE i.address = ?1 AND i.mail_id < p.last AND i.mail_id > ?3 AND {conditions}) THEN p.last END
FROM (SELECT group_concat(message, ',') messages, count(*) found, count(message) written, min(mail_id) last FROM (
    SELECT i.mail_id, {_MESSAGE} message {tables}
    WHERE i.address = ?1 AND i.mail_id < ?2 AND i.mail_id > ?3 AND {conditions}
    ORDER BY i.mail_id DESC LIMIT ?4)) p"""  # noqa: S608 - no input in it


LIST = _write_page(schema.INBOX_TABLES, schema.IS_THERE)
SEARCH = _write_page(schema.SEARCH_TABLES, schema.write_search_conditions(["?6", "?7", "?8", "?9"]))


def bind_page(
    inbox: str, *, limit: int, before: int | None, after: int = 0, terms: Sequence[str] | None = None
) -> tuple[Any, ...]:
    """Return the values of `LIST`, and with `terms` those of `SEARCH`."""
    last = schema.UNBOUNDED_ID if before is None else before
    recipients = json.dumps([inbox], ensure_ascii=False)
    return (inbox, last, after, limit, recipients, *(() if terms is None else encoding.write_terms(terms)))


def read_page(row: tuple[Any, ...]) -> JsonPage | None:
    """Read the row of a page; return None if a message of it could not be written."""
    messages, found, written, next_before = row
    return JsonPage(messages.encode(), found, next_before) if written == found else None
