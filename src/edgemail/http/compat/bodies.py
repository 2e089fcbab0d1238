"""Reads the JSON of requests as Go does: keys in any case, unknown ones ignored, null for nothing."""

from __future__ import annotations

import asyncio
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from edgemail.http.compat.answers import Refused

if TYPE_CHECKING:
    from starlette.requests import Request

_SMALL_BYTES: Final = 64 * 1024
"""A longer document is parsed in a thread."""

_VALUES_MAX: Final = 100_000
"""The most values of a document. A value of two octets takes 64 of memory, and time in which nothing else runs."""

_QUOTE: Final = ord('"')
_TOKEN: Final = re.compile(rb'[,\[{]|"[^"\\]*+(?:\\.[^"\\]*+)*"?', re.DOTALL)

Fields = dict[str, Any]
"""A JSON object with its keys in lower case."""


async def read_fields(request: Request, *, may_be_empty: bool = False) -> Fields:
    """Read the JSON object that is the body, which the port has bounded.

    Raises:
        Refused: the body is empty, or no JSON object.
    """
    return await parse_fields(await request.body(), may_be_empty=may_be_empty)


async def parse_fields(body: bytes, *, may_be_empty: bool = False) -> Fields:
    """Parse a JSON object; see `read_fields`."""
    if not body.strip():
        if may_be_empty:
            return {}
        raise Refused("EOF")
    return _parse(body) if len(body) <= _SMALL_BYTES else await asyncio.to_thread(_parse, body)


def _has_too_many_values(body: bytes) -> bool:
    """Return True for a document of more than `_VALUES_MAX` values, without making them."""
    if sum(map(body.count, (b",", b"[", b"{"))) <= _VALUES_MAX:
        return False
    most = 3 * _VALUES_MAX  # a value may have a name, itself, and a comma
    tokens = [body[token.start()] for token in islice(_TOKEN.finditer(body), most)]
    return len(tokens) == most or len(tokens) - tokens.count(_QUOTE) > _VALUES_MAX


def _parse(body: bytes) -> Fields:
    if len(body) > _SMALL_BYTES and _has_too_many_values(body):
        raise Refused(f"the body has more than {_VALUES_MAX} values")
    try:
        return as_fields(from_json(body))
    except ValueError as error:
        raise Refused(f"the body is not valid JSON: {error}") from None


def as_fields(value: Any) -> Fields:
    """Return a JSON object with its keys in lower case; null has none.

    Raises:
        Refused: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("the body is not a JSON object")
    return {key.lower(): field for key, field in value.items()}


def take_text(fields: Fields, key: str) -> str:
    """Return a text; ``""`` where there is none.

    Raises:
        Refused: it is something else.
    """
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{key} is not a string")
    return value


def take_flag(fields: Fields, key: str) -> bool:
    """Return a flag; False where there is none.

    Raises:
        Refused: it is something else.
    """
    value = fields.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise Refused(f"{key} is neither true nor false")


def take_number(fields: Fields, key: str) -> int:
    """Return a whole number; 0 where there is none.

    Raises:
        Refused: it is something else.
    """
    value = fields.get(key)
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Refused(f"{key} is not a whole number")


def take_list(fields: Fields, key: str) -> list[Any]:
    """Return a list; an empty one where there is none.

    Raises:
        Refused: it is something else.
    """
    value = fields.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused(f"{key} is not a list")
    return value


def take_texts(fields: Fields, key: str) -> list[str]:
    """Return a list of texts.

    Raises:
        Refused: it is something else.
    """
    found = take_list(fields, key)
    if not all(isinstance(text, str) for text in found):
        raise Refused(f"{key} is not a list of strings")
    return found
