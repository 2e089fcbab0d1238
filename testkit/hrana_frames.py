"""Reads what pages and databases say to each other by WebSockets: Hrana in JSON or in Protocol Buffers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH, _STORE_SQL = 5, 11
_RESPONSE = 3


def read_request(frame: str | bytes) -> dict[str, Any]:
    """Return a page's request as JSON has it, with what the tests look at; empty if it is none of those."""
    if isinstance(frame, str):
        request: dict[str, Any] = json.loads(frame).get("request", {})
        return request
    for kind, request_octets in (field for sent in _messages(frame).get(2, []) for field in _fields(sent)):
        if kind == _STORE_SQL:
            numbers, texts = _numbers(request_octets), _messages(request_octets)
            return {"type": "store_sql", "sql_id": numbers.get(1, 0), "sql": texts[2][0].decode()}
        if kind == _BATCH:
            stmts = [_messages(step)[2][0] for step in _messages(_messages(request_octets)[2][0]).get(1, [])]
            steps = [{"stmt": {"sql_id": _numbers(stmt).get(2, 0)}} for stmt in stmts]
            return {"type": "batch", "batch": {"steps": steps}}
    return {}


def is_batch_answer(frame: str | bytes) -> bool:
    """Return True if a database's frame is the answer to a batch."""
    if isinstance(frame, str):
        return bool(json.loads(frame).get("response", {}).get("type") == "batch")
    return any(_BATCH in _messages(answer) for answer in _messages(frame).get(_RESPONSE, []))


def _messages(message: bytes) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for field, value in _fields(message):
        if isinstance(value, bytes):
            found.setdefault(field, []).append(value)
    return found


def _numbers(message: bytes) -> dict[int, int]:
    return {field: value for field, value in _fields(message) if isinstance(value, int)}


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield each field's number, and its value: a number, or octets."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            octet = message[at]
            at += 1
            value |= (octet & 127) << shift
            shift += 7
            if octet < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            length = 8 if key & 7 == 1 else varint()
            yield key >> 3, message[at : at + length]
            at += length
