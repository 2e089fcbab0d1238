"""Addresses: one name for each inbox, however it is written."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgemail.errors import AddressError
from edgemail.model import DOMAIN_MAX_OCTETS, LOCAL_PART_MAX_OCTETS, PATH_MAX_OCTETS, Address

_words = st.text(st.one_of(st.characters(), st.sampled_from('ab.@"\\ <>ÄΣİȺ')), max_size=50)
_texts = st.one_of(
    _words,
    st.builds(
        "{}@{}".format, _words, st.sampled_from(("ex.org", "EX.org.", "İ.org", "[192.0.2.1]", "例え.テスト"))
    ),
    st.builds('"{}"@ex.org'.format, _words),
    st.builds("bob@{}".format, _words),
    st.emails(),
)


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("Bob@Ex.ORG", "Bob", "ex.org"),
        ("bob@ex.org.", "bob", "ex.org"),
        ('"bob"@ex.org', "bob", "ex.org"),
        (r'"b\ob"@ex.org', "bob", "ex.org"),
        ('"a b"@ex.org', "a b", "ex.org"),
        (r'"a\"b\\"@ex.org', 'a"b\\', "ex.org"),
        ('"@"@ex.org', "@", "ex.org"),
        ("a..b.@ex.org", "a..b.", "ex.org"),
        ("!#$%&'*+-/=?^_`{|}~@ex.org", "!#$%&'*+-/=?^_`{|}~", "ex.org"),
        ("bob@[192.0.2.1]", "bob", "[192.0.2.1]"),
        ("bob@[IPv6:2001:DB8::1]", "bob", "[ipv6:2001:db8::1]"),
        ("bob@localhost", "bob", "localhost"),
        ("bob@_dmarc.ex.org", "bob", "_dmarc.ex.org"),
        ("राम@उदाहरण.परीक्षा", "राम", "उदाहरण.परीक्षा"),
        ("bob@نامه\u200cای.example", "bob", "نامه\u200cای.example"),
    ],
)
def test_an_address_is_read(text: str, local: str, domain: str) -> None:
    """RFC 5321 section 4.1.2 and RFC 6531 section 3.3: quotes are the writing's, not the name's."""
    assert Address.parse(text) == Address(local, domain)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bob",
        "@ex.org",
        "bob@",
        '""@ex.org',
        "a b@ex.org",
        "a@b@ex.org",
        '"bob@ex.org',
        '"bob"x@ex.org',
        "bob@ex..org",
        "bob@.org",
        "bob@-ex.org",
        "bob@ex-.org",
        "bob@ex org",
        "bob@ex\u3000org",
        "bob@\u0301.org",
        "bob@[]",
        "bob@[192.0.2.1",
        "bob@[a b]",
        "bo\0b@ex.org",
        '"bo\rb"@ex.org',
        "bo\x85b@ex.org",
        "bo\u2028b@ex.org",
        "bob@ex\n.org",
        "bo\ud800b@ex.org",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Among it whatever could steer a terminal, split a header line, or stand for two inboxes."""
    with pytest.raises(AddressError):
        Address.parse(text)


@settings(deadline=None)
@given(_texts)
@example("Σ@ΣΑΣ.example")
@example("İ" * 40 + "@İ.org")
@example("Ⱥ" * 127 + "@ex.org")
def test_an_address_reads_what_it_wrote(text: str) -> None:
    """One canonical form, which stands for itself; nothing but an AddressError is raised."""
    with contextlib.suppress(AddressError):
        address = Address.parse(text)
        assert Address.parse(str(address)) == address


@settings(deadline=None)
@given(_texts)
@example("ΒΟΣ@ex.org")
@example("İ" * 42 + "@İ.org")
@example('"Ab C"@ex.org')
def test_the_name_of_an_inbox_is_stable(text: str) -> None:
    """Who asks for an inbox by its name gets that inbox."""
    with contextlib.suppress(AddressError):
        inbox = Address.parse(text).inbox
        assert Address.parse(inbox).inbox == inbox
        assert inbox == inbox.lower()


@settings(deadline=None)
@given(_texts)
def test_an_address_keeps_to_the_limits_of_a_path(text: str) -> None:
    """RFC 5321 section 4.5.3.1.3, for what is stored, too."""
    with contextlib.suppress(AddressError):
        address = Address.parse(text)
        assert len(address.inbox.encode()) <= PATH_MAX_OCTETS - 2
        assert len(address.local.lower().encode()) <= LOCAL_PART_MAX_OCTETS
        assert len(address.domain.encode()) <= DOMAIN_MAX_OCTETS


@settings(deadline=None)
@given(_texts)
@example("ann.o+tag=1@Mail.Example.org")
@example("a@" + "b" * 63 + ".c" * 95)
@example("a@" + "b" * 63 + ".c" * 97)
@example("a" * 255 + "@" + "b" * 63 + ".c" * 96)
def test_the_quick_way_reads_what_the_long_way_reads(text: str) -> None:
    """It may pass, and never disagree: with what it takes, and with what is no address."""
    quick = Address.parse_common(text.encode("utf-8", "surrogatepass"))
    if quick is not None:
        assert quick == Address.parse(text)


def test_the_quick_way_knows_what_nearly_all_addresses_look_like() -> None:
    """And leaves the others."""
    assert Address.parse_common(b"Ann.O+x@Mail.EXAMPLE.org") == Address("Ann.O+x", "mail.example.org")
    assert Address.parse_common(b'"a b"@example.org') is None


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("a" * 255 + "@ex.org", True),
        ("a" * 256 + "@ex.org", False),
        ("é" * 127 + "@ex.org", True),
        ("é" * 128 + "@ex.org", False),
        ("a@" + "b" * 63 + ".c" * 96, True),
        ("a@" + "b" * 63 + ".c" * 97, False),
        ("a@" + "é" * 63 + ".é" * 43, True),
        ("a@" + "é" * 63 + ".é" * 44, False),
        ("a" * 255 + "@" + "b" * 62 + ".c" * 96, True),
        ("a" * 255 + "@" + "b" * 63 + ".c" * 96, False),
    ],
)
def test_lengths_are_counted_in_octets(text: str, is_taken: bool) -> None:
    """255 for a local part and for a domain, 512 for a path with its angle brackets."""
    with contextlib.nullcontext() if is_taken else pytest.raises(AddressError):
        Address.parse(text)


@given(st.from_regex(r"[A-Za-z0-9._%+=-]{1,64}", fullmatch=True), st.sampled_from(("ex.org", "A-b.Example", "x")))
def test_quoting_what_needs_no_quotes_changes_nothing(local: str, domain: str) -> None:
    """`"bob"@ex.org` is bob's; the quick way to read a common address gives what the long way gives."""
    assert Address.parse(f"{local}@{domain}") == Address.parse(f'"{local}"@{domain}')


def test_a_bare_local_part_is_written_alone() -> None:
    """The Postmaster of RFC 5321 section 4.5.1."""
    assert str(Address("Postmaster", "")) == "Postmaster"


@pytest.mark.parametrize("text", ["kim", "@example.org", '""@example.org', ""])
def test_what_lacks_a_part_is_told_the_form(text: str) -> None:
    """The most common mistake gets the most useful words."""
    with pytest.raises(AddressError, match="has the form local@domain"):
        Address.parse(text)
