"""What our reader says of a message, in the form of tests/vectors/mime."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from edgemail import mime

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.model import ParsedMessage


def describe(octets: bytes, expect: dict[str, Any]) -> dict[str, Any]:
    """Say of a message what `expect` speaks of, in its form.

    What `expect` leaves open is returned as it has it.
    """
    return {key: _DESCRIBE[key](octets, wanted) if key in _DESCRIBE else None for key, wanted in expect.items()}


@lru_cache(maxsize=8)
def _read(octets: bytes) -> ParsedMessage:
    return mime.read(octets)


def plain(body: str | None) -> str | None:
    """Return a body with LF as its line ends, and none at its end."""
    return None if body is None else body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def holding(text: str | None, words: list[str]) -> list[str]:
    """Return those words that are there; where one is missing, the text too."""
    found = [word for word in words if word in (text or "")]
    return found if len(found) == len(words) else [*found, f"and not the rest: {text!r}"]


def _addresses(key: str, octets: bytes) -> list[list[str]]:
    return [[mailbox.name, mailbox.address] for mailbox in getattr(_read(octets).summary, key)]


def _attachments(octets: bytes, wanted: list[list[Any]]) -> list[list[Any]]:
    found = [[file.name, file.type, file.size] for file in _read(octets).summary.attachments]
    if len(found) != len(wanted):
        return found
    return [
        [value if known is not None else None for value, known in zip(file, knows, strict=True)]
        for file, knows in zip(found, wanted, strict=True)
    ]


def _contents(octets: bytes) -> list[str]:
    files = _read(octets).summary.attachments
    return [mime.attachment(octets, file.index)[1].decode("utf-8", "surrogateescape") for file in files]


def _headers(octets: bytes, wanted: dict[str, str]) -> dict[str, str]:
    return {header.name: header.value for header in _read(octets).headers if header.name in wanted}


def _events(octets: bytes, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [json.loads(json.dumps(asdict(event))) for event in _read(octets).summary.events]
    if len(found) != len(wanted):
        return found
    return [{key: event[key] for key in knows} for event, knows in zip(found, wanted, strict=True)]


def _opened(octets: bytes, wanted: dict[str, Any]) -> dict[str, Any] | str:
    for file in _read(octets).summary.attachments:
        if file.type == "message/rfc822":
            return describe(mime.attachment(octets, file.index)[1], wanted)
    return "no attached message"


_DESCRIBE: dict[str, Callable[[bytes, Any], Any]] = {
    "subject": lambda octets, _: _read(octets).summary.subject,
    "from": lambda octets, _: _read(octets).summary.sender_name,
    "from_has": lambda octets, words: holding(_read(octets).summary.sender_name, words),
    "message_id": lambda octets, _: _read(octets).summary.message_id,
    "to": lambda octets, _: _addresses("to", octets),
    "cc": lambda octets, _: _addresses("cc", octets),
    "bcc": lambda octets, _: _addresses("bcc", octets),
    "reply_to": lambda octets, _: _addresses("reply_to", octets),
    "text": lambda octets, _: plain(_read(octets).text),
    "html": lambda octets, _: plain(_read(octets).html),
    "text_has": lambda octets, words: holding(_read(octets).text, words),
    "html_has": lambda octets, words: holding(_read(octets).html, words),
    "attachments": _attachments,
    "contents": lambda octets, _: _contents(octets),
    "inline": lambda octets, _: _read(octets).summary.inline_count,
    "headers": _headers,
    "header_list": lambda octets, _: [[header.name, header.value] for header in _read(octets).headers],
    "events": _events,
    "codes": lambda octets, _: [found.code for found in _read(octets).summary.codes],
    "opened": _opened,
}
