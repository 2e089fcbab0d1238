"""Addresses as people and programs write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgemail.mime.addresses import ADDRESSES_MAX, read_addresses, write_addresses

_CASES: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "an address": (b"ann@a.example", [("", "ann@a.example")]),
    "in angle brackets": (b"<ann@a.example>", [("", "ann@a.example")]),
    "a name": (b"Ann Doe <ann@a.example>", [("Ann Doe", "ann@a.example")]),
    "a quoted name": (b'"Doe, Ann" <ann@a.example>', [("Doe, Ann", "ann@a.example")]),
    "quotes in a quoted name": (b'"Ann \\"A\\" Doe" <ann@a.example>', [('Ann "A" Doe', "ann@a.example")]),
    "a quote that is not closed": (b'"Ann <ann@a.example>', [("Ann", "ann@a.example")]),
    "a name in a comment": (b"root@a.example (Cron Daemon)", [("Cron Daemon", "root@a.example")]),
    "a user of the machine": (b"root (Cron Daemon)", [("Cron Daemon", "root")]),
    "quotes that are encoded": (b"=?utf-8?Q?=22Doe,_Ann=22?= <ann@a.example>", [("Doe, Ann", "ann@a.example")]),
    "a comment within a comment": (b"ann@a.example (Ann (the one))", [("Ann (the one)", "ann@a.example")]),
    "a comment that is not closed": (b"Ann (x <ann@a.example>", [("Ann (x", "ann@a.example")]),
    "a name and a comment": (b"Ann <ann@a.example> (at home)", [("Ann", "ann@a.example")]),
    "a comma in a name": (b"Doe, Ann <ann@a.example>", [("Doe, Ann", "ann@a.example")]),
    "a semicolon in a name": (b"Doe; Ann <ann@a.example>", [("Doe; Ann", "ann@a.example")]),
    "a colon in a name": (b"Acme: Support <ann@a.example>", [("Acme: Support", "ann@a.example")]),
    "a comma at the end of quotes": (b'"Hello," <ann@a.example>', [("Hello,", "ann@a.example")]),
    "encoded words": (b"=?utf-8?Q?J=C3=B6rg?= Doe <j@a.example>", [("Jörg Doe", "j@a.example")]),
    "encoded words in quotes": (b'"=?utf-8?Q?J=C3=B6rg?=" <j@a.example>', [("Jörg", "j@a.example")]),
    "an encoded comma": (b"=?utf-8?Q?Doe=2C_Ann?= <ann@a.example>", [("Doe, Ann", "ann@a.example")]),
    "raw octets": ("Jörg <j@a.example>".encode("latin-1"), [("Jörg", "j@a.example")]),
    "several": (b"a@a.example, B <b@a.example>,c@d", [("", "a@a.example"), ("B", "b@a.example"), ("", "c@d")]),
    "semicolons between": (b"a@a.example; b@a.example", [("", "a@a.example"), ("", "b@a.example")]),
    "empty entries": (b" , a@a.example,,", [("", "a@a.example")]),
    "a group": (b"Friends: a@a.example, B <b@a.example>;", [("", "a@a.example"), ("B", "b@a.example")]),
    "an empty group": (b"undisclosed-recipients:;", []),
    "a group that is not closed": (b"undisclosed-recipients:", []),
    "a group and more": (b"Friends:a@a.example;, b@a.example", [("", "a@a.example"), ("", "b@a.example")]),
    "nobody": (b"<>", []),
    "nobody with a name": (b"Mailer <>", [("Mailer", "")]),
    "a name alone": (b"Ann Doe", [("Ann Doe", "")]),
    "a route": (b"<@x.example,@y.example:ann@a.example>", [("", "ann@a.example")]),
    "two pairs of brackets": (b"Ann <<ann@a.example>>", [("Ann", "ann@a.example")]),
    "no closing bracket": (b"Ann <ann@a.example", [("Ann", "ann@a.example")]),
    "a quoted local part": (b'"ann doe"@a.example', [("", '"ann doe"@a.example')]),
    "a quoted local part in brackets": (b'Ann <"ann, doe"@a.example>', [("Ann", '"ann, doe"@a.example')]),
    "a name without brackets": (b"Ann Doe ann@a.example", [("Ann Doe", "ann@a.example")]),
    "comments in the address": (b"Pete <pete(his account)@a.example(his host)>", [("Pete", "pete@a.example")]),
    "blanks in the address": (b"Ann <ann @ a . example>", [("Ann", "ann@a.example")]),
    "mailto": (b"Ann <mailto:ann@a.example>", [("Ann", "ann@a.example")]),
    "controls": (b"An\x00n\x1b <ann@a.example>", [("An n", "ann@a.example")]),
    "nothing": (b"", []),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_addresses_are_read(name: str) -> None:
    octets, addresses = _CASES[name]
    assert [(mailbox.name, mailbox.address) for mailbox in read_addresses(octets)] == addresses


def test_addresses_are_written_for_people() -> None:
    addresses = read_addresses(b'"Doe, Ann" <ann@a.example>, b@a.example, Kim <>')
    assert write_addresses(addresses) == "Doe, Ann <ann@a.example>, b@a.example, Kim"


def test_the_number_of_addresses_is_bounded() -> None:
    assert len(read_addresses(b"a@b.example, " * 1_000)) == ADDRESSES_MAX


@pytest.mark.parametrize(
    "unit", ['"', "(", "<", ">", ",", ";", ":", "a@b:", '"a",', "a;", "(a)", ";a=b", "\\", '\\"', "@", "=?"]
)
def test_hostile_addresses_take_no_longer_than_their_length_asks_for(unit: str) -> None:
    octets = unit.encode() * (1_000_000 // len(unit))
    started = time.thread_time()
    read_addresses(octets)
    read_addresses(octets + b";")
    assert time.thread_time() - started < 2


_COMMON_SIGNS = st.text("ab1 .+-_@<>\"'(),;:&", max_size=24)


@given(_COMMON_SIGNS | st.builds("{} <{}@{}>".format, *[st.text("aB1 .-'", min_size=1, max_size=8)] * 3))
@example("Shop One <shop@shop.example>")
@example("shop@shop.example")
@example("a@.")
@example("a@b-")
@example(f"{' '.join(['n' * 60] * 4)} <{'l' * 64}@{'d' * 250}>")
def test_the_common_form_reads_as_any_other(field: str) -> None:
    """A leading blank makes it another form, and means nothing."""
    assert read_addresses(field.encode()) == read_addresses(b" " + field.encode())
