"""Reads the parameters of requests: junk is taken for nothing, as Mailpit does."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from edgemail.http.compat.mailpit.answers import Refused
from edgemail.mailbox.mail_query import parse_query, parse_whole_query
from edgemail.model import MailId
from edgemail.store.query import MailQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

LIMIT: Final = 50
_FEW: Final = 1_000
_NUMBER: Final = re.compile(r"\+?[0-9]{1,18}")
_ID: Final = re.compile(r"[1-9][0-9]{0,18}")
_ID_MAX: Final = 2**63 - 1
_ZONE: Final = re.compile(r"[A-Za-z0-9_+/-]{1,64}")


def read_number(request: Request, name: str, default: int) -> int:
    """Read a number that is not negative; the default stands in for anything else."""
    text = request.query_params.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else default


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


async def read_ids(texts: Sequence[str]) -> list[MailId]:
    """Read the ids among some texts, each once. The others name no message."""
    return _read_ids(texts) if len(texts) <= _FEW else await asyncio.to_thread(_read_ids, texts)


def _read_ids(texts: Sequence[str]) -> list[MailId]:
    return list(dict.fromkeys(id_ for text in texts if (id_ := read_id(text)) is not None))


def read_id(text: str) -> MailId | None:
    """Read an id; return None for what cannot be one."""
    number = int(text) if _ID.fullmatch(text) else 0
    return MailId(number) if 0 < number <= _ID_MAX else None


def _read_zone(request: Request) -> tzinfo:
    name = request.query_params.get("tz", "")
    if not _ZONE.fullmatch(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # there is none of that name
        return UTC
