"""iCalendar (RFC 5545) -> the events that a person is invited to: what, when, where, who."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from edgemail.mime.text_line import make_line
from edgemail.model import CalendarEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS_MAX: Final = 10
ATTENDEES_MAX: Final = 100
READ_MAX: Final = 256 * 1024
"""Characters of a calendar that are read."""

_LINES_MAX: Final = 5_000
_TEXT_MAX: Final = 500
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_NAME: Final = re.compile(r"[ \t]{0,9}([A-Za-z-]{1,40})[ \t]{0,9}([;:])")
_PARAMETER: Final = re.compile(r"([A-Za-z-]{1,40})=(\"[^\"]{0,1000}\"|[^;:\"]{0,1000})[^;:]{0,10}([;:])")
_ESCAPED: Final = re.compile(r"\\(.)")
_TIME: Final = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:[T ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?)?(Z?)")
_DURATION: Final = re.compile(
    r"([+-]?)P(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,7})S)?)?",
    re.IGNORECASE,
)
_ZONE: Final = re.compile(r"[A-Z][A-Za-z_]{1,30}/[A-Z][A-Za-z_+-]{1,40}(?:/[A-Z][A-Za-z_]{1,40})?\Z")


class _Line(NamedTuple):
    name: str
    parameters: dict[str, str]
    value: str


class _Time(NamedTuple):
    at: datetime | date
    zone: str
    """``"Z"`` for UTC, a zone's name, or ``""`` for local times and whole days."""


def read_events(text: str, method: str = "") -> tuple[CalendarEvent, ...]:
    """Read the events of a calendar, at most `EVENTS_MAX`; of one that is cut off, what is whole.

    `method` is the one of the Content-Type (RFC 6047 section 2.4), for a calendar that has none.
    """
    method = make_line(method.upper(), 40)
    events: list[CalendarEvent] = []
    lines: list[_Line] | None = None
    depth = 0
    for line in _read_lines(text[:READ_MAX]):
        kind = line.value.strip().upper()
        if line.name == "BEGIN":
            if lines is not None:
                depth += 1  # an alarm
            elif kind == "VEVENT":
                lines, depth = [], 0
        elif line.name == "END":
            if lines is not None and (kind == "VEVENT" or depth == 0):
                events.append(_make_event(method, lines))
                lines = None
                if len(events) == EVENTS_MAX:
                    break
            depth = max(0, depth - 1)
        elif lines is not None:
            if depth == 0:
                lines.append(line)
        elif line.name == "METHOD" and kind:
            method = make_line(kind, 40)
    if lines is not None:
        events.append(_make_event(method, lines))
    return tuple(dict.fromkeys(events))


def _read_lines(text: str) -> Iterator[_Line]:
    for line in _FOLD.sub("", text).splitlines()[:_LINES_MAX]:
        name = _NAME.match(line)
        if name is None:
            continue
        parameters: dict[str, str] = {}
        place, sign = name.end(), name[2]
        while sign == ";" and (found := _PARAMETER.match(line, place)):
            parameters.setdefault(found[1].upper(), found[2].strip('"'))
            place, sign = found.end(), found[3]
        if sign == ";":  # a parameter that is none: the value begins after the next colon
            place = line.find(":", place) + 1 or len(line)
        yield _Line(name[1].upper(), parameters, line[place:])


def _make_event(method: str, lines: list[_Line]) -> CalendarEvent:
    first: dict[str, _Line] = {}
    for line in lines:
        first.setdefault(line.name, line)
    start = _read_time(first.get("DTSTART"))
    end = _read_end(start, first)
    zone = start.zone if start else ""
    return CalendarEvent(
        method=method,
        title=_read_text(first.get("SUMMARY")),
        starts=_write_time(start),
        ends=_write_time(end),
        time_zone="" if zone == "Z" else zone,
        location=_read_text(first.get("LOCATION")),
        organizer=_read_person(first["ORGANIZER"]) if "ORGANIZER" in first else "",
        attendees=tuple(person for line in lines if line.name == "ATTENDEE" and (person := _read_person(line)))[
            :ATTENDEES_MAX
        ],
    )


def _read_text(line: _Line | None) -> str:
    if line is None:
        return ""
    text = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], line.value[: _TEXT_MAX * 8])
    return make_line(text, _TEXT_MAX)


def _read_person(line: _Line) -> str:
    """Write an organizer or attendee as ``Name <a@b>``."""
    address = line.value.strip()
    if address[:7].lower() == "mailto:":
        address = address[7:]
    elif "@" not in address:
        address = line.parameters.get("EMAIL", "")
    name = line.parameters.get("CN", "")
    return make_line(f"{name} <{address}>" if name and address and name != address else name or address, _TEXT_MAX)


def _read_time(line: _Line | None) -> _Time | None:
    found = _TIME.match(line.value.strip()) if line else None
    if found is None or line is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        if found[4] is None:
            return _Time(date(year, month, day), "")
        at = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - its zone is in `zone`
    except ValueError:
        return None
    return _Time(at, "Z" if found[7] else _read_zone(line.parameters.get("TZID", "")))


def _read_zone(name: str) -> str:
    """Return a zone's name; some programs put a path before it, as `/example.org/2024/Europe/Zurich`."""
    name = make_line(name, 100)
    if name.upper() in {"UTC", "ETC/UTC", "GMT", "ETC/GMT"}:
        return "Z"
    found = _ZONE.search(name) if name.startswith("/") else None
    return found[0] if found else name


def _read_end(start: _Time | None, first: dict[str, _Line]) -> _Time | None:
    """Read the end. That of whole days is the day after the last one (RFC 5545 section 3.6.1)."""
    if start is None:
        return None
    end = _read_time(first.get("DTEND"))
    if end is None and "DURATION" in first:
        end = _add(start, first["DURATION"].value)
    if end is None:
        return None
    if not isinstance(end.at, datetime):
        if isinstance(start.at, datetime):
            return None
        return _Time(max(end.at - timedelta(days=1), start.at), "") if end.at > date.min else None
    if not isinstance(start.at, datetime):
        return None
    return _convert(end, start.zone)


def _add(start: _Time, duration: str) -> _Time | None:
    found = _DURATION.fullmatch(duration.strip())
    if found is None or found[1] == "-":
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    try:
        return _Time(start.at + length, start.zone)
    except OverflowError:
        return None


def _convert(end: _Time, zone: str) -> _Time | None:
    """Return an end in the zone of the start; None where one of the two zones is not known."""
    if end.zone == zone or not isinstance(end.at, datetime):
        return end
    try:
        at = end.at.replace(tzinfo=ZoneInfo("UTC" if end.zone == "Z" else end.zone))
        return _Time(at.astimezone(ZoneInfo("UTC" if zone == "Z" else zone)), zone)
    except (KeyError, ValueError, OSError, OverflowError):
        return None


def _write_time(time: _Time | None) -> str:
    if time is None:
        return ""
    if not isinstance(time.at, datetime):
        return time.at.isoformat()
    return f"{time.at:%Y-%m-%dT%H:%M}" + ("Z" if time.zone == "Z" else "")
