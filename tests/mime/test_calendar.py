"""Invitations: what, when, where, who."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from edgemail.mime.calendar import ATTENDEES_MAX, EVENTS_MAX, read_events

if TYPE_CHECKING:
    from edgemail.model import CalendarEvent


def _event(*lines: str) -> CalendarEvent:
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])
    [event] = read_events(text)
    return event


_TIMES: dict[str, tuple[list[str], tuple[str, str, str]]] = {
    "UTC": (["DTSTART:20261127T090000Z", "DTEND:20261127T093000Z"], ("2026-11-27T09:00Z", "2026-11-27T09:30Z", "")),
    "a zone": (
        ["DTSTART;TZID=Europe/Zurich:20261127T090000", "DTEND;TZID=Europe/Zurich:20261127T100000"],
        ("2026-11-27T09:00", "2026-11-27T10:00", "Europe/Zurich"),
    ),
    "a zone in quotes": (
        ['DTSTART;TZID="W. Europe Standard Time":20261127T090000'],
        ("2026-11-27T09:00", "", "W. Europe Standard Time"),
    ),
    "a zone behind a path": (
        ["DTSTART;TZID=/example.org/2024/Europe/Zurich:20261127T090000"],
        ("2026-11-27T09:00", "", "Europe/Zurich"),
    ),
    "UTC by name": (["DTSTART;TZID=Etc/UTC:20261127T090000"], ("2026-11-27T09:00Z", "", "")),
    "local": (["DTSTART:20261127T090000"], ("2026-11-27T09:00", "", "")),
    "two zones": (
        ["DTSTART;TZID=Europe/Zurich:20261127T090000", "DTEND;TZID=Europe/London:20261127T090000"],
        ("2026-11-27T09:00", "2026-11-27T10:00", "Europe/Zurich"),
    ),
    "an end in a zone that nobody knows": (
        ["DTSTART:20261127T090000Z", "DTEND;TZID=Mars:20261127T100000"],
        ("2026-11-27T09:00Z", "", ""),
    ),
    "a day": (["DTSTART;VALUE=DATE:20261127", "DTEND;VALUE=DATE:20261128"], ("2026-11-27", "2026-11-27", "")),
    "three days": (["DTSTART;VALUE=DATE:20261127", "DTEND;VALUE=DATE:20261130"], ("2026-11-27", "2026-11-29", "")),
    "a day that ends where it begins": (
        ["DTSTART;VALUE=DATE:20261127", "DTEND;VALUE=DATE:20261127"],
        ("2026-11-27", "2026-11-27", ""),
    ),
    "a length": (["DTSTART:20261127T090000Z", "DURATION:PT1H30M"], ("2026-11-27T09:00Z", "2026-11-27T10:30Z", "")),
    "a length of days": (["DTSTART;VALUE=DATE:20261127", "DURATION:P2D"], ("2026-11-27", "2026-11-28", "")),
    "no time": (["DTSTART:someday"], ("", "", "")),
    "no such day": (["DTSTART:20260231T090000Z"], ("", "", "")),
    "the end of time": (["DTSTART:99991231T235900", "DURATION:P9999W"], ("9999-12-31T23:59", "", "")),
}


@pytest.mark.parametrize("name", _TIMES)
def test_the_times_are_read(name: str) -> None:
    lines, times = _TIMES[name]
    event = _event(*lines)
    assert (event.starts, event.ends, event.time_zone) == times


def test_texts_and_people_are_read() -> None:
    event = _event(
        "SUMMARY;LANGUAGE=de:Bespr\\, lang",
        " er Titel\\nZeile",
        "LOCATION:Room 4\\; left",
        'ORGANIZER;CN="Doe: Ann";SENT-BY="mailto:x@a.example":MAILTO:ann@a.example',
        "ATTENDEE;ROLE=REQ-PARTICIPANT;CN=Kim:mailto:kim@a.example",
        "ATTENDEE:mailto:lee@a.example",
        "BEGIN:VALARM",
        "SUMMARY:Not this",
        "END:VALARM",
        "DTSTART:20261127T090000Z",
    )
    assert event.title == "Bespr, langer Titel Zeile"
    assert event.location == "Room 4; left"
    assert event.organizer == "Doe: Ann <ann@a.example>"
    assert event.attendees == ("Kim <kim@a.example>", "lee@a.example")
    assert event.starts == "2026-11-27T09:00Z"


def test_the_method_is_that_of_the_calendar_or_of_its_type() -> None:
    text = "BEGIN:VCALENDAR\nMETHOD:cancel\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\nEND:VCALENDAR"
    assert read_events(text, "request")[0].method == "CANCEL"
    assert read_events(text.replace("METHOD:cancel\n", ""), "request")[0].method == "REQUEST"


def test_a_zone_of_its_own_has_no_events() -> None:
    """The rules of a time zone have dates too."""
    text = "BEGIN:VTIMEZONE\nBEGIN:STANDARD\nDTSTART:19700101T000000\nEND:STANDARD\nEND:VTIMEZONE\n"
    [event] = read_events(f"BEGIN:VCALENDAR\n{text}BEGIN:VEVENT\nDTSTART:20261127T090000\nEND:VEVENT")
    assert event.starts == "2026-11-27T09:00"


def test_an_event_that_is_cut_off_is_read_so_far() -> None:
    [event] = read_events("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Meet\nLOCAT")
    assert event.title == "Meet"


def test_the_numbers_are_bounded() -> None:
    many = "".join(f"BEGIN:VEVENT\nSUMMARY:{number}\nEND:VEVENT\n" for number in range(1_000))
    assert len(read_events(many)) == EVENTS_MAX
    people = "".join(f"ATTENDEE:mailto:{number}@a.example\n" for number in range(1_000))
    assert len(read_events(f"BEGIN:VEVENT\n{people}END:VEVENT")[0].attendees) == ATTENDEES_MAX


@pytest.mark.parametrize(
    "unit", ["BEGIN:VEVENT\n", "\n ", "A;", 'A;B="', "A;B=C;", "\\", "\\n", ":", "ATTENDEE:x@y\n"]
)
def test_hostile_calendars_take_no_longer_than_their_length_asks_for(unit: str) -> None:
    started = time.thread_time()
    read_events("BEGIN:VEVENT\nSUMMARY:" + unit * (1_000_000 // len(unit)))
    assert time.thread_time() - started < 1
