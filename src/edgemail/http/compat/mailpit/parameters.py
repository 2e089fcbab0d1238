"""Reads the parameters of requests: junk is taken for nothing, as Mailpit does."""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from edgemail.http.compat.answers import Refused
from edgemail.mailbox.mail_query import parse_query, parse_whole_query
from edgemail.store.query import MailQuery

if TYPE_CHECKING:
    from starlette.requests import Request

_ZONE: Final = re.compile(r"[A-Za-z0-9_+/-]{1,64}")


def read_search(request: Request) -> str:
    """Read the text of a search.

    Raises:
        Refused: there is none.
    """
    text = request.query_params.get("query", "").strip()
    if not text:
        raise Refused("Error: no search query")
    return text


def make_query(request: Request, text: str) -> MailQuery:
    """Make a search of a text, with the request's time zone."""
    return parse_query(text, tz=_read_zone(request))


def make_whole_query(request: Request, text: str) -> MailQuery:
    """Make a search whose matches are changed.

    Raises:
        Refused: something of it cannot be read; without that it would find more.
    """
    query = parse_whole_query(text, tz=_read_zone(request))
    if query is None:
        raise Refused("Error: something in the query cannot be read")
    return query


def add_before(request: Request, query: MailQuery) -> MailQuery:
    """Add the parameter `before`, a date, to a search."""
    text = request.query_params.get("before", "").replace('"', "").strip()
    if not text:
        return query
    return MailQuery((*query.terms, *make_query(request, f'before:"{text}"').terms))


def _read_zone(request: Request) -> tzinfo:
    name = request.query_params.get("tz", "")
    if not _ZONE.fullmatch(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # there is none of that name
        return UTC
