"""What these APIs tell of a message in the same way: times, its first sender, blind copies."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from edgemail.model import HeaderAddress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgemail.mime.message import Message

_SENDER: Final = re.compile(r"(.*?)\s?<([^<>]*)>(?:, .*)?", re.DOTALL)
_DATE_MAX: Final = 200
_FOLD: Final = re.compile(r"[ \t]*\r?\n[ \t]+")
_KEY: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def add_missing(
    bcc: Sequence[HeaderAddress], named: Iterable[HeaderAddress], recipients: Iterable[str]
) -> list[HeaderAddress]:
    """Return the blind copies: those of the header, and the envelope's recipients that no header field names."""
    known = {address.address.lower() for address in named}
    return [*bcc, *(HeaderAddress("", recipient) for recipient in recipients if recipient.lower() not in known)]


def write_time(at: datetime) -> str:
    """Write a time in UTC, with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_date(text: str) -> str | None:
    """Read a Date field; return it as RFC 3339 writes it, with its own offset, or None where it is no date."""
    try:
        date = parsedate_to_datetime(text[:_DATE_MAX])
        if date.tzinfo is None:  # -0000 stands for UTC
            date = date.replace(tzinfo=UTC)
        return date.isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def read_sender(text: str) -> HeaderAddress:
    """Take the first address of `Summary.sender_name` apart."""
    first = text.partition(", ")[0]
    if "@" in first and "<" not in first:
        return HeaderAddress("", first)
    found = _SENDER.fullmatch(text)
    return HeaderAddress(text, "") if found is None else HeaderAddress(found[1], found[2])


def collect_headers(message: Message) -> dict[str, list[str]]:
    """Return the values of each header field, as they were sent, under its name as Go writes it."""
    found: dict[str, list[str]] = {}
    for header in message.headers():
        found.setdefault(_name_field(header.name), []).append(unfold_value(header.raw))
    return found


def unfold_value(value: str) -> str:
    """Write the value of a header field in one line."""
    return _FOLD.sub(" ", value).strip()


def _name_field(name: str) -> str:
    """Write a field's name as Go does: ``Message-Id``. One with odd characters stays as it is."""
    return (
        "-".join(word[:1].upper() + word[1:].lower() for word in name.split("-")) if _KEY.fullmatch(name) else name
    )
