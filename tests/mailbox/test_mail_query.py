"""What a person types to search all mail."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.mailbox.mail_query import TERMS_MAX, TEXT_MAX, parse_query, parse_whole_query
from edgemail.store.query import MailTerm

NOW = datetime(2026, 11, 27, 10, 30, tzinfo=UTC)
ZURICH = timezone(timedelta(hours=1))


def parse(text: str) -> list[MailTerm]:
    return list(parse_query(text, now=NOW, tz=ZURICH).terms)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("  ", []),
        ("code Übermorgen", [MailTerm(None, "code"), MailTerm(None, "ubermorgen")]),
        ('"Your  code"', [MailTerm(None, "your code")]),
        ('subject:"Your code"', [MailTerm("subject", "your code")]),
        ('"subject:Your code"', [MailTerm("subject", "your code")]),
        ("SUBJECT:Code", [MailTerm("subject", "code")]),
        ('from:shop to:kim@ cc:"Lee K" bcc:a reply-to:b', [
            MailTerm("from", "shop"), MailTerm("to", "kim@"), MailTerm("cc", "lee k"), MailTerm("bcc", "a"),
            MailTerm("reply-to", "b"),
        ]),
        ("addressed:kim message-id:<A@b>", [MailTerm("addressed", "kim"), MailTerm("message-id", "a@b")]),
        ('tag:"My Tag"', [MailTerm("tag", "my tag")]),
        ("-is:read !has:attachments", [MailTerm("is", "read", True), MailTerm("has", "attachment", True)]),
        ('-"a b" -from:x', [MailTerm(None, "a b", True), MailTerm("from", "x", True)]),
        ("is:tagged is:unread has:inline has:inlines", [
            MailTerm("is", "tagged"), MailTerm("is", "unread"), MailTerm("has", "inline"),
        ]),
        ("foo:bar is:foo has:x http://a.example/", [
            MailTerm(None, "foo:bar"), MailTerm(None, "is:foo"), MailTerm(None, "has:x"),
            MailTerm(None, "http://a.example/"),
        ]),
        ("to: - ! tag: -is:", [MailTerm(None, "is:", True)]),
        ('open "quote to the end', [MailTerm(None, "open"), MailTerm(None, "quote to the end")]),
        ("a a -a", [MailTerm(None, "a"), MailTerm(None, "a", True)]),
        ("larger:500 smaller:2k larger:1.5mb smaller:1GiB", [
            MailTerm("larger", "", octets=500), MailTerm("smaller", "", octets=2048),
            MailTerm("larger", "", octets=1_572_864), MailTerm("smaller", "", octets=2**30),
        ]),
        ("larger: larger:big smaller:-1", []),
    ],
)  # fmt: skip
def test_a_search_is_read_term_by_term(text: str, terms: list[MailTerm]) -> None:
    """Operators in any case, quotes around a value or a term, and negation."""
    assert parse(text) == terms


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=ZURICH)),
        ("2026/11/20", datetime(2026, 11, 20, tzinfo=ZURICH)),
        ("2026-11", datetime(2026, 11, 1, tzinfo=ZURICH)),
        ("20261120", datetime(2026, 11, 20, tzinfo=ZURICH)),
        ("20.11.2026", datetime(2026, 11, 20, tzinfo=ZURICH)),
        ("11/20/2026", datetime(2026, 11, 20, tzinfo=ZURICH)),
        ("20 Nov 2026", datetime(2026, 11, 20, tzinfo=ZURICH)),
        ("Fri, 20 Nov 2026 09:05:06 +0200", datetime(2026, 11, 20, 7, 5, 6, tzinfo=UTC)),
        ("November 20, 2026", datetime(2026, 11, 20, tzinfo=ZURICH)),
        ("Nov 20th, 2026 3:04 pm", datetime(2026, 11, 20, 15, 4, tzinfo=ZURICH)),
        ("2026-11-20T09:05:06Z", datetime(2026, 11, 20, 9, 5, 6, tzinfo=UTC)),
        ("2026-11-20T09:05:06.123-05:00", datetime(2026, 11, 20, 14, 5, 6, tzinfo=UTC)),
        ("2026-11-20 09:05", datetime(2026, 11, 20, 9, 5, tzinfo=ZURICH)),
        ("1763596800", datetime(2025, 11, 20, tzinfo=UTC)),
        ("1763596800000", datetime(2025, 11, 20, tzinfo=UTC)),
        ("today", datetime(2026, 11, 27, tzinfo=ZURICH)),
        ("Yesterday", datetime(2026, 11, 26, tzinfo=ZURICH)),
        ("7d", NOW - timedelta(days=7)),
        ("12h", NOW - timedelta(hours=12)),
    ],
)
def test_a_date_has_many_forms(text: str, date: datetime) -> None:
    """Without a zone it is in the reader's own."""
    assert parse(f'after:"{text}"') == [MailTerm("after", "", date=date)]
    assert parse(f'"before:{text}"') == [MailTerm("before", "", date=date)]


@pytest.mark.parametrize(
    "text",
    [
        *("soon", "2026-13-01", "2026-02-30", "0000-01-01", "32.1.2026", "1 Foo 2026", "2026-01-01 25:00"),
        *("0001-01-01", "9999-12-31T23:59-23:59", "2026-01-01T00:00+99:99", "9" * 50, "-1", "2026-11-20x"),
    ],
)
def test_what_is_no_date_is_left_out(text: str) -> None:
    """The other terms count."""
    assert parse(f'after:"{text}" code') == [MailTerm(None, "code")]


@given(st.text() | st.text(st.sampled_from('ab:"-! \u201c\t0129kmTZ+./'), max_size=100))
def test_whatever_is_typed_is_a_query(text: str) -> None:
    """Nothing is raised, and what is looked for can be given to a database."""
    terms = parse_query(text, now=NOW).terms
    assert len(terms) <= TERMS_MAX
    for term in terms:
        term.text.encode()


@pytest.mark.parametrize(
    "unit", ["a ", '"', "-", "after:1.", "larger:9", "to:x ", "\u0344", "a\u0300\u0323", ":", "9", "ab"]
)
def test_a_hostile_search_is_bounded(unit: str) -> None:
    """In terms and in time, however long it is."""
    started = time.thread_time()
    assert len(parse(unit * 1_000_000)) <= TERMS_MAX
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ('from:shop "your code" -is:read - after:2026-11-20', True),
        ("", False),
        ("-", False),
        ("from:shop after:soon", False),
        ("from:shop larger:", False),
        ("from:", False),
        (" ".join(str(number) for number in range(TERMS_MAX)), True),
        (" ".join(str(number) for number in range(TERMS_MAX + 1)), False),
        ("a " * 100, True),
        ('"a b c d e f g h"', True),
        ('"a b c d e f g h i"', False),
        ("x" * TEXT_MAX, True),
        ("x" * (TEXT_MAX + 1), False),
    ],
)
def test_a_search_is_whole_if_nothing_of_it_is_left_out(text: str, is_whole: bool) -> None:
    assert parse_whole_query(text) == (parse_query(text) if is_whole else None)
