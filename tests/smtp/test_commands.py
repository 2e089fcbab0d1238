"""A line becomes a command, or a reply that says what is wrong with it."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.model import Address
from edgemail.smtp.commands import CommandError, Verb, read_hello, read_mail, read_rcpt, split_command

_any_octets = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=80).map(str.encode),
    st.lists(st.sampled_from((b"<", b">", b'"', b"\\", b"@", b":", b" ", b"a", b".", b"SIZE=1", b"\0"))).map(
        b"".join
    ),
)


def refusal_of_mail(argument: bytes, *, extended: bool = True) -> int:
    with pytest.raises(CommandError) as caught:
        read_mail(argument, extended=extended)
    return caught.value.reply.code


def rcpt(argument: bytes, *, smtputf8: bool = False) -> Address:
    return read_rcpt(argument, smtputf8=smtputf8, postmaster_domain="mx.example.com")


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb not in (Verb.HTTP, Verb.UNKNOWN)])
def test_a_verb_is_known_in_any_case(verb: Verb) -> None:
    """RFC 5321 section 2.4."""
    for word in (verb.value, verb.value.lower(), verb.value.title()):
        assert split_command(f"{word} two words".encode()) == (verb, b"two words")
        assert split_command(word.encode()) == (verb, b"")


@pytest.mark.parametrize(
    "method", ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI"]
)
def test_a_method_of_http_is_known_for_what_it_is(method: str) -> None:
    """RFC 9110 section 9.3: browsers can be talked into sending any of them."""
    assert split_command(f"{method} / HTTP/1.1".encode())[0] is Verb.HTTP


@given(_any_octets)
def test_any_other_line_has_the_unknown_verb(line: bytes) -> None:
    """No octets raise, and only a verb is one."""
    verb, _ = split_command(line)
    if line.split(b" ")[0].strip().upper() not in {verb.value.encode() for verb in Verb}:
        assert verb in (Verb.UNKNOWN, Verb.HTTP)


@given(_any_octets, st.booleans())
def test_no_argument_raises_anything_but_a_reply(argument: bytes, flag: bool) -> None:
    """A peer's mistake is a refusal, never another error."""
    read_hello(argument)
    for read in (
        lambda: read_mail(b"FROM:" + argument, extended=flag),
        lambda: read_mail(argument, extended=flag),
        lambda: rcpt(b"TO:" + argument, smtputf8=flag),
        lambda: rcpt(argument, smtputf8=flag),
    ):
        with contextlib.suppress(CommandError):
            read()


@given(st.binary(max_size=600))
def test_a_name_is_kept_within_255_octets(argument: bytes) -> None:
    """As text, whatever it is; `write_trace` makes it fit for a header line."""
    name = read_hello(argument)
    assert len(name) <= 255
    assert name.encode().decode() == name


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        (b"client.example", "client.example"),
        (b"  my pc\t ", "my pc"),
        ("MÜLLER-PC".encode(), "MÜLLER-PC"),
        (b"M\xdcLLER-PC", "M\ufffdLLER-PC"),
        (b"", ""),
        (b" \t", ""),
        (b"x" * 2000, "x" * 255),
    ],
)
def test_a_name_is_what_the_peer_calls_itself(argument: bytes, name: str) -> None:
    """RFC 5321 section 4.1.4: none is refused."""
    assert read_hello(argument) == name


@given(_any_octets)
def test_a_path_that_is_taken_holds_no_control_characters(argument: bytes) -> None:
    """It goes into header lines, listings and logs."""
    try:
        address = rcpt(b"TO:" + argument, smtputf8=True)
    except CommandError:
        return
    assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in str(address))
    assert Address.parse(str(address)) == address


def test_mail_declares_a_sender_and_its_parameters() -> None:
    """RFC 1870, RFC 6152 and RFC 6531, in any case and order."""
    command = read_mail(b"From:<Ann@Example.org> smtputf8 Body=8bitmime SIZE=0012", extended=True)
    assert (command.sender, command.size_octets, command.smtputf8) == (Address("Ann", "example.org"), 12, True)
    plain = read_mail(b"FROM:<>", extended=True)
    assert (plain.sender, plain.size_octets, plain.smtputf8) == (None, 0, False)


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        (b"", 501),
        (b"FROM", 501),
        (b"FROM:", 501),
        (b"FROM:<ann@example.org", 501),
        (b"FROM:<ann@example.org> SIZE=x", 501),
        (b"FROM:<ann@example.org> SIZE=1 SIZE=1", 501),
        (b"FROM:<ann@example.org> BODY=9BIT", 501),
        (b"FROM:<ann@example.org> SMTPUTF8=1", 501),
        (b"FROM:<ann@example.org> RET=X", 501),
        (b"FROM:<www-data>", 501),
        (b"FROM:<ann@example.org> X=1", 555),
        (b"FROM:<caf\xc3\xa9@example.org>", 553),
        (b"FROM:<caf\xe9@example.org> SMTPUTF8", 501),
    ],
)
def test_a_mistake_in_mail_has_its_code(argument: bytes, code: int) -> None:
    """RFC 5321 section 4.3.2, RFC 6531 section 3.5."""
    assert refusal_of_mail(argument) == code


def test_helo_gives_no_parameters() -> None:
    """RFC 5321 section 4.1.1.11: they belong to extensions."""
    assert refusal_of_mail(b"FROM:<ann@example.org> SIZE=1", extended=False) == 555


@given(st.integers(0, 10**20 - 1))
def test_a_size_is_what_its_digits_say(size: int) -> None:
    """RFC 1870 section 3: up to twenty digits."""
    assert read_mail(b"FROM:<> SIZE=%d" % size, extended=True).size_octets == size


@given(st.text(min_size=1, max_size=30))
def test_a_size_is_made_of_ascii_digits_alone(value: str) -> None:
    """Not of what int() takes: signs, blanks, underscores, other scripts' digits."""
    if not (value.isascii() and value.isdigit()) and " " not in value:
        assert refusal_of_mail(f"FROM:<> SIZE={value}".encode(errors="replace")) in (501, 555)


def test_a_bare_postmaster_is_of_this_server() -> None:
    """RFC 5321 section 4.5.1; with a domain it is like any other."""
    assert rcpt(b"TO:<Postmaster>") == Address("postmaster", "mx.example.com")
    assert rcpt(b"TO:<Postmaster@ex.org>") == Address("Postmaster", "ex.org")


@pytest.mark.parametrize(
    ("argument", "address"),
    [
        (b"TO:<root>", Address("root", "localhost")),
        (b"TO:<Root>", Address("Root", "localhost")),
        (b"TO:root", Address("root", "localhost")),
        (b'TO:<"a b">', Address("a b", "localhost")),
        (b"TO:<@relay.example:root>", Address("root", "localhost")),
        (b"TO:<postmaster>", Address("postmaster", "mx.example.com")),
        (b"TO:<root@ex.org>", Address("root", "ex.org")),
        (b"TO:<root@>", None),
        (b"TO:<>", None),
        (b"TO:<ro ot>", None),
    ],
)
def test_an_address_without_a_domain_gets_the_default_one(argument: bytes, address: Address | None) -> None:
    """Where there is one; else it is refused."""
    with contextlib.nullcontext() if address else pytest.raises(CommandError):
        found = read_rcpt(argument, smtputf8=False, postmaster_domain="mx.example.com", default_domain="localhost")
        assert found == address
    if b"@" not in argument and b"postmaster" not in argument:
        with pytest.raises(CommandError):
            rcpt(argument)


@pytest.mark.parametrize(
    "argument",
    [
        b"FROM:" + b" " * 2000 + b"x",
        b"FROM:<" + b" " * 2000,
        b"FROM:<" + b"@" * 2000,
        b"FROM:<@a:" + b" " * 2000,
        b"FROM" + b"\t" * 2000,
        b"FROM:<" + b'"' * 1999,
        b'FROM:<"' + b"\\" * 1999,
        b"FROM:<a@b> " + b"x=" * 1000,
        b"FROM:<a@b>" + b" SIZE=1" * 280,
    ],
)
def test_a_hostile_argument_takes_no_time(argument: bytes) -> None:
    """No pattern goes over a line again and again: a thousand lines of 2,000 octets take no second."""
    started = time.process_time()
    for _ in range(100):
        with contextlib.suppress(CommandError):
            read_mail(argument, extended=True, default_domain="localhost")
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "argument",
    [
        b"TO:<bob@ex.org>",
        b"to: <bob@ex.org>",
        b"TO:bob@ex.org",
        b"TO:<@a,@b:bob@ex.org>",
        b'TO:<"b\\ob"@EX.org.>',
        b"\tTO\t:\t< bob@ex.org\t>\t",
    ],
)
def test_one_recipient_may_be_written_in_many_ways(argument: bytes) -> None:
    """Each is the same inbox."""
    assert rcpt(argument).inbox == "bob@ex.org"
