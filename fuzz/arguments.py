"""The invariants of the parsers: what holds for every argument of a command."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edgemail.errors import AddressError
from edgemail.model import PATH_MAX_OCTETS, Address
from edgemail.smtp import Deliver, Reply, replies, write_trace
from edgemail.smtp.auth import AuthExchange, Login
from edgemail.smtp.commands import (
    CommandError,
    Verb,
    read_chunk,
    read_common_rcpt,
    read_hello,
    read_mail,
    read_rcpt,
    split_command,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_DOMAINS = {0: None, 2: "localhost"}
_CHALLENGE = b"<nonce@mx.example.com>"
_AT = datetime(2026, 1, 2, tzinfo=UTC)
_CONSTANTS = frozenset(value for value in vars(replies).values() if isinstance(value, Reply))


def check_parser(octets: bytes) -> None:
    """Give octets to a parser; the first octet chooses it and its options.

    Raises:
        AssertionError: a rule is broken.
    """
    choice = octets[0] if octets else 0
    PARSERS[choice % 8 % len(PARSERS)](octets[1:], choice // 8)


def _check_address(octets: bytes, _: int) -> None:
    try:
        address = Address.parse(octets.decode("utf-8", "surrogateescape"))
    except AddressError:
        return
    _check_round_trip(address)


def _check_round_trip(address: Address) -> None:
    written, inbox = str(address), address.inbox
    assert Address.parse(written) == address, f"{written!r} is read as another address"
    assert Address.parse(inbox).inbox == inbox == inbox.lower(), f"{inbox!r} does not name itself"
    for text in (written, inbox):
        assert len(text.encode()) <= PATH_MAX_OCTETS - 2, f"{text!r} is too long"
        assert not re.search(r"[\x00-\x1f\x7f]", text), f"{text!r} holds a control character"
    assert address.domain == address.domain.lower().rstrip("."), f"{address.domain!r} has another name as well"


def _check_command(octets: bytes, _: int) -> None:
    verb, argument = split_command(octets)
    word = re.split(rb"[ \t]", octets, maxsplit=1)[0] if verb is not Verb.UNKNOWN else octets.partition(b" ")[0]
    assert octets.endswith(argument)
    if verb not in (Verb.HTTP, Verb.UNKNOWN):
        assert word.strip().upper() == verb.encode(), f"{word!r} was read as {verb}"


def _check_mail(octets: bytes, options: int) -> None:
    extended, default_domain = bool(options & 1), _DOMAINS[options & 2]
    try:
        command = read_mail(octets, extended=extended, default_domain=default_domain)
    except CommandError as error:
        _check_refusal(error)
        return
    _check_text(octets)
    assert 0 <= command.size_octets < 10**20
    assert extended or (command.size_octets, command.smtputf8) == (0, False), "HELO gives no extensions"
    if command.sender is None:
        return
    _check_round_trip(command.sender)
    assert command.smtputf8 or str(command.sender).isascii(), "UTF-8 without SMTPUTF8"
    parameters = f" SIZE={command.size_octets}{' SMTPUTF8' if command.smtputf8 else ''}" if extended else ""
    again = read_mail(f"FROM:<{command.sender}>{parameters}".encode(), extended=extended)
    assert again == command, f"{command} became {again}"


def _check_rcpt(octets: bytes, options: int) -> None:
    smtputf8, default_domain = bool(options & 1), _DOMAINS[options & 2]
    try:
        address = read_rcpt(
            octets, smtputf8=smtputf8, postmaster_domain="example.com", default_domain=default_domain
        )
    except CommandError as error:
        _check_refusal(error)
        return
    _check_text(octets)
    assert read_common_rcpt(octets) in (None, address), f"{octets!r} is read in two ways"
    _check_round_trip(address)
    for text in (str(address), address.inbox):
        again = read_rcpt(f"TO:<{text}>".encode(), smtputf8=True, postmaster_domain="example.com")
        assert again.inbox == address.inbox, f"{text!r} is another inbox"
    assert smtputf8 or str(address).isascii(), "UTF-8 without SMTPUTF8"


def _check_text(octets: bytes) -> None:
    assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", octets), f"{octets!r} was taken with a control character"


def _check_chunk(octets: bytes, _: int) -> None:
    try:
        size_octets, is_last = read_chunk(octets)
    except CommandError as error:
        _check_refusal(error)
        return
    assert 0 <= size_octets < 10**20
    assert is_last == octets.upper().strip(b" ").endswith(b"LAST")
    assert read_chunk(b"%d%b" % (size_octets, b" last" if is_last else b"")) == (size_octets, is_last)


def _check_hello(octets: bytes, _: int) -> None:
    name = read_hello(octets)
    delivery = Deliver(None, (), b"", name, "SMTP")
    trace = write_trace(delivery, peer_ip="::1", hostname="mx", transaction="t", at=_AT).split(b"\r\n")[1]
    assert re.fullmatch(rb"Received: from [!-~]{1,255} \(\[IPv6:::1\]\)", trace), f"{name!r} breaks {trace!r}"
    assert not re.search(rb'[()<>@,;\\"]', trace[15:-14]), f"{name!r} is more than a word in {trace!r}"


def _check_auth(octets: bytes, _: int) -> None:
    argument, *lines = octets.split(b"\n")
    exchange = AuthExchange(_CHALLENGE)
    answer, challenges = exchange.start(argument), 0
    while isinstance(answer, Reply) and answer.code == 334 and lines:
        challenges += 1
        answer = exchange.answer(lines.pop(0))
        assert isinstance(answer, Login) or answer in _CONSTANTS
    assert challenges <= 2, "more is asked than a name and a password"
    if isinstance(answer, Login):
        assert answer.challenge in (b"", _CHALLENGE)
        assert len(answer.name) + len(answer.secret) <= len(octets), "a name or a password is longer than what came"
        assert repr(answer.secret) not in repr(answer) or not answer.secret, "a password is shown"
    else:
        assert answer.code in (334, 501, 504)


def _check_refusal(error: CommandError) -> None:
    assert error.reply in _CONSTANTS
    assert error.reply.is_refusal


PARSERS: tuple[Callable[[bytes, int], None], ...] = (
    _check_address,
    _check_command,
    _check_mail,
    _check_rcpt,
    _check_chunk,
    _check_hello,
    _check_auth,
)
