"""Values parsed from text, and written as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.model import Endpoint
from edgemail.settings import parsing

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("90s", 90),
        ("1.5h", 5400),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("5 m", 300),
        ("0.2s", 0.2),
        ("1D", 86_400),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    """Units are s, m, h, d and w, in any case. Fractions and one space are valid."""
    assert parsing.read_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "7", "7x", "d", "-1d", "+1d", "1e3s", "1h30m", "٣d", " 1d", "1d\n", "1.d", ".5s", "nan"]
)
def test_what_is_not_a_duration_is_refused_with_an_example(text: str) -> None:
    """A number without a unit is refused too, since it could mean seconds or days."""
    with pytest.raises(ValueError, match=r"^is not a duration; write a number and s, m, h, d or w, such as 7d$"):
        parsing.read_duration(text)


@pytest.mark.parametrize("text", ["0s", "0.0d", "36501d", "99999999999999999999w"])
def test_a_duration_out_of_range_is_refused_and_not_clamped(text: str) -> None:
    """Durations are more than 0 and at most a hundred years."""
    with pytest.raises(ValueError, match=r"^is out of range; write more than 0s and at most 36500d$"):
        parsing.read_duration(text)


@given(st.integers(min_value=1, max_value=36_500 * 86_400 * 1000).map(lambda milliseconds: milliseconds / 1000))
def test_a_written_duration_reads_as_itself(seconds: float) -> None:
    """What `edgemail config` prints is valid input."""
    assert parsing.read_duration(parsing.write_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("1", 1),
        ("1536", 1536),
        ("10B", 10),
        ("1kB", 1000),
        ("1KB", 1000),
        ("1 KiB", 1024),
        ("1.5KiB", 1536),
        ("25MiB", 26_214_400),
        ("2gib", 2 * 1024**3),
        ("3TB", 3 * 1000**4),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_a_size_is_a_number_of_bytes_with_or_without_a_unit(text: str, octets: int) -> None:
    """kB, MB, GB, TB count by 1000 and KiB, MiB, GiB, TiB by 1024, in any case."""
    assert parsing.read_bytes(text) == octets


@pytest.mark.parametrize("text", ["", "2G", "2 Go", "GiB", "-1", "1_000", "0x10", "1,5GiB", "٣"])
def test_what_is_not_a_size_is_refused_with_an_example(text: str) -> None:
    """`2G` is refused: it may mean either unit."""
    with pytest.raises(ValueError, match=r"^is not a size; write a number of bytes, or one with .* such as 2GiB$"):
        parsing.read_bytes(text)


def test_a_part_of_a_byte_is_refused() -> None:
    """Nothing is rounded."""
    with pytest.raises(ValueError, match=r"^is not a whole number of bytes"):
        parsing.read_bytes("0.3KiB")


@pytest.mark.parametrize("text", ["0", "0GiB", "9223372036854775808", "99999999999TiB"])
def test_a_size_that_no_database_can_hold_is_refused(text: str) -> None:
    """Sizes are from 1 to 2^63 - 1 bytes."""
    with pytest.raises(ValueError, match=r"^is out of range"):
        parsing.read_bytes(text)


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_a_written_size_reads_as_itself(octets: int) -> None:
    """What `edgemail config` prints is valid input."""
    assert parsing.read_bytes(parsing.write_bytes(octets)) == octets


def test_sizes_and_durations_are_written_with_the_largest_unit_that_divides_them() -> None:
    """25MiB is easier to read than 26214400."""
    assert [parsing.write_bytes(octets) for octets in (26_214_400, 2 * 1024**3, 1000)] == ["25MiB", "2GiB", "1000"]
    assert [parsing.write_duration(seconds) for seconds in (604_800.0, 5400.0, 90.0, 0.25)] == [
        "7d",
        "90m",
        "90s",
        "0.25s",
    ]


@pytest.mark.parametrize("text", ["0", "1000000001", "9" * 5000])
def test_a_count_out_of_range_is_refused(text: str) -> None:
    """Counts are from 1 to 10^9. A long row of digits is refused before it is converted."""
    with pytest.raises(ValueError, match=r"^is out of range"):
        parsing.read_count(text)


@pytest.mark.parametrize("text", ["", "0", "101", "80%", "-1", "٣"])
def test_a_share_is_from_1_to_100_percent(text: str) -> None:
    """A share is a number from 1 to 100, without a percent sign."""
    assert (parsing.read_percent("1"), parsing.read_percent("100")) == (1, 100)
    with pytest.raises(ValueError, match=r"^is not a share in percent"):
        parsing.read_percent(text)


@pytest.mark.parametrize("text", ["192.0.2.0/24", "0.0.0.0/0", "192.0.2.1", "2001:db8::/32", "::1"])
def test_a_network_is_written_as_it_was_read(text: str) -> None:
    """A network of a single address is written as that address."""
    assert parsing.write_network(parsing.read_network(text)) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not a network"),
        ("all", "is not a network"),
        ("192.0.2.0/33", "is not a network"),
        ("192.0.2.0/255.255.255.0", "is not a network"),
        ("fe80::1%eth0", "is not a network"),
        ("192.0.2.7/24", "write 192.0.2.0/24"),
        ("2001:db8::1/64", "write 2001:db8::/64"),
        ("::ffff:192.0.2.1", "is an IPv4 network in IPv6's form"),
    ],
)
def test_what_is_not_a_network_is_refused_with_the_reason(text: str, complaint: str) -> None:
    """A mistyped network would trust or limit the wrong peers."""
    with pytest.raises(ValueError, match=complaint):
        parsing.read_network(text)


@pytest.mark.parametrize("text", ["", "-1", "1.0", "٣", "1 ", "ten"])
def test_a_count_is_made_of_the_ten_digits(text: str) -> None:
    """`int` accepts too much: signs, spaces, underscores, the digits of every script."""
    with pytest.raises(ValueError, match=r"^is not a whole number"):
        parsing.read_count(text)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:2525", Endpoint("127.0.0.1", 2525)),
        ("[::1]:0", Endpoint("::1", 0)),
        ("[0:0::1]:25", Endpoint("::1", 25)),
        ("Mail.Example.ORG:65535", Endpoint("mail.example.org", 65_535)),
        ("localhost:25", Endpoint("localhost", 25)),
    ],
)
def test_an_endpoint_is_a_host_and_a_port(text: str, endpoint: Endpoint) -> None:
    """A host is an IPv4 address, an IPv6 address in brackets, or a name."""
    assert parsing.read_endpoint(text) == endpoint


@given(
    st.one_of(
        st.ip_addresses(v=4).map(str),
        st.ip_addresses(v=6).map(str),
        st.sampled_from(["localhost", "a.example.org"]),
    ),
    st.integers(min_value=0, max_value=65_535),
)
def test_a_written_endpoint_reads_as_itself(host: str, port: int) -> None:
    """`str` of an endpoint is valid input."""
    assert parsing.read_endpoint(str(Endpoint(host, port))) == Endpoint(host, port)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not HOST:PORT"),
        ("2525", "is not HOST:PORT"),
        (":2525", "is not HOST:PORT"),
        ("::1:2525", "an IPv6 address stands in brackets"),
        ("127.0.0.1:", "has no valid port"),
        ("127.0.0.1:65536", "has no valid port"),
        ("127.0.0.1:-1", "has no valid port"),
        ("127.0.0.1:٣", "has no valid port"),
        ("[::1::]:25", "in its brackets"),
        ("[::g]:25", "in its brackets"),
        ("256.0.0.1:25", "has no valid IPv4 address"),
        ("127.1:25", "has no valid IPv4 address"),
        ("a b:25", "has no valid host"),
        ("a..b:25", "has no valid host"),
        (f"{'a' * 64}.org:25", "has no valid host"),
    ],
)
def test_what_is_not_an_endpoint_is_refused_with_the_reason(text: str, complaint: str) -> None:
    """Each part that can be wrong has its own message."""
    with pytest.raises(ValueError, match=complaint):
        parsing.read_endpoint(text)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("localhost", "localhost"),
        ("BÜCHER.de", "bücher.de"),
    ],
)
def test_a_domain_is_kept_in_lower_case(text: str, domain: str) -> None:
    """Recipients' domains, in lower case and without a trailing dot, are compared with the value."""
    assert parsing.read_domain(text) == domain


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("*.example.org", "write example.org, which takes in its subdomains"),
        (".example.org", "write example.org, which takes in its subdomains"),
        ("kim@example.org", "is an address; write the domain alone, such as example.org"),
        ("", "is not a domain; write one such as example.org"),
        ("*\r", "is not a domain; write one such as example.org"),
        ("*", "is not a domain"),
        ("127.0.0.1", "is not a domain"),
        ("a b.org", "is not a domain"),
        ("-a.org", "is not a domain"),
        ("a.org\n", "is not a domain"),
        ("a\u202e.org", "is not a domain"),
        (f"{'a.' * 127}org", "is not a domain"),
    ],
)
def test_what_is_not_a_domain_is_refused_with_what_would_be_right(text: str, complaint: str) -> None:
    """Many people try a pattern first, so the message names the domain that they mean."""
    with pytest.raises(ValueError, match=complaint):
        parsing.read_domain(text)


def test_a_host_name_is_put_into_its_ascii_form() -> None:
    """It is in the greeting, before a client can ask for UTF-8 (RFC 6531)."""
    assert parsing.read_hostname("Mail.Bücher.de") == "mail.xn--bcher-kva.de"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Mail.Example.org", "mail.example.org"),
        ("192.0.2.1", "192.0.2.1"),
        ("[::1]", "::1"),
        ("bücher.de", "xn--bcher-kva.de"),
    ],
)
def test_an_allowed_host_is_as_a_browser_names_it(text: str, host: str) -> None:
    """Browsers send names in lower case and in their ASCII form."""
    assert parsing.read_allowed_host(text) == host


@pytest.mark.parametrize("text", ["", "*", "mail.example.org:8025", "https://mail.example.org", "a/b"])
def test_an_allowed_host_has_no_port_and_no_pattern(text: str) -> None:
    """A pattern would allow DNS rebinding."""
    with pytest.raises(ValueError, match="is not a host; write a name or an address without a port"):
        parsing.read_allowed_host(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Mail.Example.org", "https://mail.example.org"),
        ("https://mail.example.org/", "https://mail.example.org"),
        ("https://mail.example.org:443", "https://mail.example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_is_written_as_a_browser_sends_it(text: str, origin: str) -> None:
    """A scheme's default port is left out (RFC 6454 section 6.1), else the comparison would fail."""
    assert parsing.read_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    ["", "*", "null", "mail.example.org", "https://", "https://a.org/path", "https://u@a.org", "ftp://a.org", "https://a.org?x",
     "https://*.a.org", "https://a.org:99999", "https://a\n.org", "https://[::1", "https://a.org:"],
)  # fmt: skip
def test_what_is_not_an_origin_is_refused(text: str) -> None:
    """Patterns, paths and users are refused: each would open the API to more than one site."""
    with pytest.raises(ValueError, match=r"^is not an origin; write a scheme and a host"):
        parsing.read_origin(text)


@pytest.mark.parametrize(
    ("text", "db"),
    [
        ("mail.db", "mail.db"),
        ("/var/lib/edgemail/mail.db", "/var/lib/edgemail/mail.db"),
        ("file:///var/lib/my%20mail.db", "/var/lib/my mail.db"),
        ("file:mail.db", "mail.db"),
        ("file:memory", "./memory"),
        ("file:///tmp/memory", "/tmp/memory"),
        ("libsql://name.example.org", "libsql://name.example.org"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://name.example.org/base", "https://name.example.org/base"),
    ],
)
def test_a_database_is_a_path_or_a_url(text: str, db: str) -> None:
    """A `file:` URL, which libSQL's own programs accept, means the path in it."""
    assert parsing.read_db(text) == db


def test_a_tilde_is_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No shell replaces `~` in the environment and in a file."""
    monkeypatch.setenv("HOME", "/home/kim")
    assert parsing.read_db("~/mail.db") == "/home/kim/mail.db"


def test_a_database_in_memory_is_no_file_of_that_name() -> None:
    """The word alone is the memory store; a path says that it is one."""
    assert parsing.read_db("memory") == "memory"
    assert parsing.read_db("./memory") == "./memory"
    assert parsing.read_db("./memory.db") == "memory.db"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not a path"),
        ("a\0b", "is not a path"),
        (":memory:", "keeps nothing"),
        ("~no.such.user/mail.db", "home directory"),
        ("postgres://example.org", "is not the URL of a database"),
        ("ws://127.0.0.1:8080", r"libsql://HOST, https://HOST or http://HOST:PORT, or a file's path$"),
        ("libsql://", "is not the URL of a database"),
        ("https://[::1", "is not the URL of a database"),
        ("libsql://kim:secret@example.org", "give a token as EDGEMAIL_DB_TOKEN"),
        ("libsql://example.org?authToken=secret", "give a token as EDGEMAIL_DB_TOKEN"),
        ("file://example.org/mail.db", "is not a file's URL"),
        ("file:///mail.db?mode=ro", "is not a file's URL"),
    ],
)
def test_what_is_not_a_database_is_refused_with_the_reason(text: str, complaint: str) -> None:
    """A secret in a URL would be printed with the URL, so it is a setting of its own."""
    with pytest.raises(ValueError, match=complaint):
        parsing.read_db(text)


@pytest.mark.parametrize("text", ["", "a b", "a\r\nX-Header: b", "tökén"])
def test_a_token_cannot_break_an_http_header(text: str) -> None:
    """The token is sent in an HTTP header."""
    with pytest.raises(ValueError, match="printable ASCII"):
        parsing.read_token(text)


_READERS: list[Callable[[str], Any]] = [
    parsing.read_duration,
    parsing.read_bytes,
    parsing.read_count,
    parsing.read_percent,
    parsing.read_network,
    parsing.read_endpoint,
    parsing.read_domain,
    parsing.read_hostname,
    parsing.read_allowed_host,
    parsing.read_origin,
    parsing.read_db,
    parsing.read_token,
]


@pytest.mark.parametrize("read", _READERS)
@given(
    st.one_of(st.text(), st.text("0123456789.:[]/@~%sdkKiB x-_", max_size=20), st.text().map("https://".__add__))
)
def test_any_text_is_a_value_or_a_value_error(read: Callable[[str], Any], text: str) -> None:
    """No text makes a function raise anything but ValueError, and its message is one line."""
    try:
        read(text)
    except ValueError as error:
        assert len(f"{error}".splitlines()) == 1  # noqa: PT017 - that there is no error is fine as well
