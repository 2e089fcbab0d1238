"""Messages that have more than text: inline images, attached messages, an invitation."""

from __future__ import annotations

from email.message import EmailMessage

from tests.e2e.conftest import PNG, letter

CRLF_TEXT = b"one\r\ntwo\nthree\r\n\r\n"
"""A file whose line ends are of both kinds."""

INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Europe/Zurich
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@cal.example
SUMMARY:Planning\\, part two
DTSTART;TZID=Europe/Zurich:20261127T140000
DTEND;TZID=Europe/Zurich:20261127T153000
LOCATION:Room 4, https://meet.example/abc
ORGANIZER;CN=Ann Lee:mailto:ann@sender.example
ATTENDEE;CN=Kim:mailto:kim@example.com
ATTENDEE:mailto:bo@example.com
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def with_inline_image() -> EmailMessage:
    """Return a message whose HTML shows an image of its own, and names SVG that is not shown."""
    message = letter("Inline", "See.", "<img src='cid:logo@x' alt=logo><img src='cid:svg@x' alt=svg>")
    part = message.get_body(("html",))
    assert isinstance(part, EmailMessage)
    part.add_related(PNG, maintype="image", subtype="png", cid="<logo@x>")
    part.add_related(b"<svg onload='top.ran=1'/>", maintype="image", subtype="svg+xml", cid="<svg@x>")
    return message


def with_attached_messages() -> EmailMessage:
    """Return a message with a message that has a message with a file."""
    innermost = letter("Third", "Your verification code is 481223.")
    innermost.add_attachment(CRLF_TEXT, maintype="application", subtype="x-lines", filename="lines.txt")
    middle = letter("Second", "In the middle.")
    middle["Date"] = "Mon, 23 Nov 2026 20:51:00 +0100"
    middle.add_attachment(innermost)
    outer = letter("First", "See the messages.")
    outer.add_attachment(PNG, maintype="image", subtype="png", filename="dot.png")
    outer.add_attachment(middle)
    return outer


def with_invitation() -> EmailMessage:
    """Return a message with a calendar invitation, as calendars send them."""
    message = letter("Invitation: Planning", "You are invited.")
    message.add_alternative(INVITATION.encode(), maintype="text", subtype="calendar", params={"method": "REQUEST"})
    return message
