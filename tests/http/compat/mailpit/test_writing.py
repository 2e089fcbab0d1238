"""What is written of any message: all of the samples, whatever is wrong with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from edgemail import mime
from edgemail.errors import AttachmentNotFound
from edgemail.http.compat import views
from edgemail.http.compat.facts import read_date
from edgemail.http.compat.mailpit import message as whole
from edgemail.http.compat.mailpit.shapes import write_listed
from edgemail.http.compat.mailpit.unsubscribing import read_list_unsubscribe
from edgemail.model import ListedMail, MailId, StoredMail
from tests.mime.vectors import read_vectors

KEYS = {
    *("ID", "MessageID", "From", "To", "Cc", "Bcc", "ReplyTo", "ReturnPath", "Subject", "ListUnsubscribe", "Date"),
    *("Tags", "Username", "Text", "HTML", "Size", "Inline", "Attachments"),
}


def test_every_sample_is_written() -> None:
    """Listed, opened and viewed alike; each part is found by its number."""
    count = 0
    for vector in read_vectors():
        count += 1
        data = vector.octets
        stored = StoredMail(MailId(7), datetime(2026, 1, 2, tzinfo=UTC), "<a@b>", ("kim@example.org",), len(data))
        listed = ListedMail(stored, mime.summarize(data))
        facts, pieces = whole.write_content(data)
        opened = json.loads(whole.write_beginning(listed, facts) + b"".join(pieces))
        assert opened.keys() == KEYS, vector.name
        short = write_listed(listed)
        for name in ("ID", "MessageID", "To", "Cc", "Bcc", "ReplyTo", "Subject", "Tags", "Username", "Size"):
            assert short[name] == opened[name], (vector.name, name)
        assert short["From"]["Address"] == opened["From"]["Address"], vector.name
        assert short["Attachments"] == len(opened["Attachments"]), vector.name
        headers = json.loads(b"".join(whole.write_headers(data)[1]))
        assert all("\r" not in value and "\n" not in value for values in headers.values() for value in values)
        for part in (*opened["Inline"], *opened["Attachments"]):
            _, (octets,) = whole.make_part(data, part["PartID"])
            assert len(octets) == part["Size"], vector.name
        has_page, page = views.write_page(data)
        assert has_page == bool(opened["HTML"]), vector.name
        assert has_page or not page
        assert b"".join(views.write_text(data)[1]).decode() == opened["Text"], vector.name
        with pytest.raises(AttachmentNotFound):
            whole.make_part(data, "9.9.9")
    assert count > 100


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Mon, 1 Jan 2024 10:00:00 +0200", "2024-01-01T10:00:00+02:00"),
        ("Mon, 1 Jan 2024 10:00:00 -0000", "2024-01-01T10:00:00Z"),
        ("Mon, 1 Jan 2024 10:00:00 GMT", "2024-01-01T10:00:00Z"),
        ("Mon, 1 Jan 2024 10:00:00 +9999", None),
        ("1 Jan 99999 00:00:00 +0000", None),
        ("yesterday", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_dates_keep_their_offset(text: str, date: str | None) -> None:
    assert read_date(text) == date


@pytest.mark.parametrize(
    ("value", "links", "error"),
    [
        ("<https://a.example/out>, <mailto:out@a.example>", ["https://a.example/out", "mailto:out@a.example"], ""),
        ("<mailto:out@a.example> (write us)", ["mailto:out@a.example"], ""),
        ("https://a.example", [], "no valid unsubscribe links found"),
        ("x <https://a.example>", [], "should be enclosed in <>"),
        ("<https://a.example> <mailto:b@c.example>", [], "should be split with a comma"),
        ("<https://a.example>, <https://b.example>", ["https://a.example"], "should only contain one HTTP link"),
        ("<mailto:a@b>, <mailto:c@d>", ["mailto:a@b"], "should only contain one mailto:"),
        ("<ftp://a.example>", [], "should start with either http(s):// or mailto:"),
        ("<https://a.example/a b>", [], "should not contain spaces"),
        ("<a>,<b>,<c>", [], "a maximum of one email and one HTTP link"),
        ("<https://[a>", [], "should start with"),
    ],
)
def test_unsubscribing(value: str, links: list[str], error: str) -> None:
    """The links that can be used, and what is wrong with the others."""
    found = read_list_unsubscribe(value, "List-Unsubscribe=One-Click")
    assert (found["Header"], found["Links"], found["HeaderPost"]) == (value, links, "List-Unsubscribe=One-Click")
    assert error in found["Errors"]
    assert bool(error) == bool(found["Errors"])


@pytest.mark.parametrize("piece", ["<", "(", "<a>,", ">,<", "(()", "<mailto:a"])
def test_a_hostile_field_is_soon_read(piece: str) -> None:
    read_list_unsubscribe(piece * 100_000, "")
