"""Reads what a person types to search all mail: `from:shop has:attachment "your code"`.

Blanks mean AND, quotes group, and `-` or `!` in front negates. Nothing here raises: what cannot be
read is left out, and what is no operator is looked for anywhere.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from edgemail.store.query import MailQuery, MailTerm
from edgemail.system.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

TEXT_MAX: Final = 1_000
"""The most characters that are read."""

TERMS_MAX: Final = 16
"""The most terms: each may look at every message."""

_WORDS_MAX: Final = 8
"""The most words of one term."""

_OPERATOR: Final = re.compile(r"([a-z-]{2,12}):(.*)", re.DOTALL | re.IGNORECASE)
_TEXT_FIELDS: Final = frozenset({"to", "from", "cc", "bcc", "reply-to", "addressed", "subject"})
_STATES: Final = frozenset({"read", "unread", "tagged"})
_PARTS: Final = {
    "attachment": "attachment",
    "attachments": "attachment",
    "inline": "inline",
    "inlines": "inline",
}
_SIZE: Final = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]{1,6}))?[ ]?([kmg]?)(?:i?b)?", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_OCTETS_MAX: Final = 2**53

_MONTHS: Final = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)  # noqa: SIM905 - as one reads it
}
_AGO: Final = re.compile(r"([0-9]{1,5})([hdw])", re.IGNORECASE)
_AGO_HOURS: Final = {"h": 1, "d": 24, "w": 7 * 24}
_SECONDS: Final = re.compile(r"([0-9]{9,10})(?:[0-9]{3})?")
_TIME = (
    r"(?:(?:T|,?[ ]+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?"
    r"[ ]?(?P<half>[ap]m)?[ ]?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DATES: Final = tuple(
    re.compile(date + _TIME, re.IGNORECASE)
    for date in (
        r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})(?:[-/.](?P<day>[0-9]{1,2}))?",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        r"(?P<day>[0-9]{1,2})\.[ ]?(?P<month>[0-9]{1,2})\.[ ]?(?P<year>[0-9]{4})",
        r"(?P<month>[0-9]{1,2})[/-](?P<day>[0-9]{1,2})[/-](?P<year>[0-9]{4})",  # as in the USA
        r"(?:[a-z]{3,9},?[ ]+)?(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[ .-]{1,2}(?P<month>[a-z]{3,9})[., -]{1,2}"
        r"(?P<year>[0-9]{4})",
        r"(?P<month>[a-z]{3,9})[. ]{1,2}(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,?[ ]+(?P<year>[0-9]{4})",
    )
)


def parse_query(text: str, *, now: datetime | None = None, tz: tzinfo = UTC) -> MailQuery:
    """Read a search; dates without a zone are in `tz`, and `today` is the day of `now` there."""
    return _read(text, now, tz)[0]


def parse_whole_query(text: str, *, now: datetime | None = None, tz: tzinfo = UTC) -> MailQuery | None:
    """Read a search as `parse_query` does; return None if anything of it would be left out.

    What is left out makes a search find more: that must not happen where the matches are deleted.
    """
    query, is_whole = _read(text, now, tz)
    return query if is_whole and query.terms else None


def _read(text: str, now: datetime | None, tz: tzinfo) -> tuple[MailQuery, bool]:
    """Read a search; return also whether all of it was read."""
    now = datetime.now(UTC) if now is None else now
    is_whole = len(text) <= TEXT_MAX
    terms: list[MailTerm] = []
    for token in _split(text[:TEXT_MAX]):
        term = _read_term(token, now, tz)
        if term is None:
            is_whole = is_whole and not token.strip(" -!")
        elif term not in terms:
            if len(terms) == TERMS_MAX:
                is_whole = False
                break
            is_whole = is_whole and (term.field is not None or len(fold(token).split()) <= _WORDS_MAX)
            terms.append(term)
    return MailQuery(tuple(terms)), is_whole


def parse_words(text: str) -> tuple[MailTerm, ...]:
    """Read a text in which nothing is an operator; return the term that looks for it anywhere."""
    words = fold(text[:TEXT_MAX]).split()[:_WORDS_MAX]
    return (MailTerm(None, " ".join(words)),) if words else ()


def _split(text: str) -> Iterator[str]:
    """Split at blanks, but for those between quotes. A quote that nothing ends goes to the end."""
    token: list[str] = []
    for number, piece in enumerate(re.split('["\u201c\u201d]', text)):
        if number % 2:
            token.append(piece)
            continue
        first, *others = re.split(r"\s+", piece)
        token.append(first)
        for word in others:
            yield "".join(token)
            token = [word]
    yield "".join(token)


def _read_term(token: str, now: datetime, tz: tzinfo) -> MailTerm | None:
    """Read one term; return None for one that says nothing."""
    is_negated = token[:1] in ("-", "!")
    token = token[is_negated:].strip()
    operator = _OPERATOR.fullmatch(token)
    field, value = (operator[1].lower(), operator[2].strip()) if operator else ("", "")
    if field in _TEXT_FIELDS or field == "message-id":
        folded = " ".join(fold(value.strip("<>") if field == "message-id" else value).split())
        return MailTerm(field, folded, is_negated) if folded else None
    if field == "tag":
        return MailTerm(field, value.lower(), is_negated) if value else None
    if field == "is" and value.lower() in _STATES:
        return MailTerm(field, value.lower(), is_negated)
    if field == "has" and value.lower() in _PARTS:
        return MailTerm(field, _PARTS[value.lower()], is_negated)
    if field in ("larger", "smaller"):
        octets = _read_size(value)
        return None if octets is None else MailTerm(field, "", is_negated, octets=octets)
    if field in ("after", "before"):
        date = _read_date(value, now, tz)
        return None if date is None else MailTerm(field, "", is_negated, date=date)
    words = fold(token).split()[:_WORDS_MAX]
    return MailTerm(None, " ".join(words), is_negated) if words else None


def _read_size(text: str) -> int | None:
    """Read octets: `500`, `2k`, `1.5mb`; return None for what is no size."""
    found = _SIZE.fullmatch(text)
    if found is None:
        return None
    return min(int(float(f"{found[1]}.{found[2] or 0}") * _UNITS[found[3].lower()]), _OCTETS_MAX)


def _read_date(text: str, now: datetime, tz: tzinfo) -> datetime | None:
    """Read a date in one of the usual forms; return None for what is none."""
    text = text.strip()
    try:
        midnight = now.astimezone(tz).replace(hour=0, minute=0, second=0, microsecond=0)
        if text.lower() in ("today", "yesterday"):
            return (midnight - timedelta(days=text.lower() == "yesterday")).astimezone(UTC)
        if ago := _AGO.fullmatch(text):
            return now.astimezone(UTC) - timedelta(hours=int(ago[1]) * _AGO_HOURS[ago[2].lower()])
        if seconds := _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(seconds[1]), UTC)
        for pattern in _DATES:
            if found := pattern.fullmatch(text):
                return _make_date(found.groupdict(), tz).astimezone(UTC)
    except (ValueError, OverflowError, KeyError):
        return None
    return None


def _make_date(parts: dict[str, str | None], tz: tzinfo) -> datetime:
    """Make a date of a pattern's groups.

    Raises:
        ValueError, OverflowError, KeyError: there is no such date.
    """
    month = parts["month"] or ""
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        hour = hour % 12 + 12 * (parts["half"].lower() == "pm")
    zone = (parts["zone"] or "").upper().replace(":", "")
    if zone in ("Z", "UTC", "GMT"):
        tz = UTC
    elif zone:
        tz = datetime.strptime(zone, "%z").tzinfo or UTC
    return datetime(
        int(parts["year"] or 0),
        int(month) if month.isdigit() else _MONTHS[month[:3].lower()],
        int(parts["day"] or 1),
        hour,
        int(parts["minute"] or 0),
        int(parts["second"] or 0),
        tzinfo=tz,
    )
