"""The invariants of the parsers: what holds for every argument of a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgemail.errors import AddressError
from edgemail.model import PATH_MAX_OCTETS, Address
from edgemail.smtp import Reply, replies
from edgemail.smtp.auth import AuthExchange
from edgemail.smtp.commands import (
    CommandError,
    Verb,
    read_chunk,
    read_hello,
    read_mail,
    read_rcpt,
    split_command,
)

if TYPE_CHECKING:
    from collections.abc import Callable

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
    word, blank, rest = octets.partition(b" ")
    assert octets == word + blank + argument
    assert argument == rest
    if verb not in (Verb.HTTP, Verb.UNKNOWN):
        assert word.strip().upper() == verb.encode(), f"{word!r} was read as {verb}"


def _check_mail(octets: bytes, options: int) -> None:
    extended, auth = bool(options & 1), bool(options & 2)
    try:
        command = read_mail(octets, extended=extended, auth=auth)
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
    again = read_mail(f"FROM:<{command.sender}>{parameters}".encode(), extended=extended, auth=auth)
    assert again == command, f"{command} became {again}"


def _check_rcpt(octets: bytes, options: int) -> None:
    smtputf8 = bool(options & 1)
    try:
        address = read_rcpt(octets, smtputf8=smtputf8, postmaster_domain="example.com")
    except CommandError as error:
        _check_refusal(error)
        return
    _check_text(octets)
    _check_round_trip(address)
    for text in (str(address), address.inbox):
        again = read_rcpt(f"TO:<{text}>".encode(), smtputf8=True, postmaster_domain="example.com")
        assert again.inbox == address.inbox, f"{text!r} is another inbox"
    assert smtputf8 or str(address).isascii(), "UTF-8 without SMTPUTF8"


def _check_text(octets: bytes) -> None:
    assert not re.search(rb"[\x00-\x1f\x7f]", octets), f"{octets!r} was taken with a control character"


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
    try:
        name = read_hello(octets)
    except CommandError as error:
        _check_refusal(error)
        return
    assert re.fullmatch(r"[!-~]{1,255}", name), f"{name!r} could break a header line"
    assert read_hello(name.encode()) == name


def _check_auth(octets: bytes, _: int) -> None:
    argument, *lines = octets.split(b"\n")
    exchange = AuthExchange()
    reply, challenges = exchange.start(argument), 0
    while reply.code == 334 and lines:
        challenges += 1
        reply = exchange.answer(lines.pop(0))
        assert reply in _CONSTANTS
    assert reply.code in (235, 334, 501, 504)
    assert challenges <= 2, "more is asked than a name and a password"


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
