"""The envelope of a message in a file: it stands in header fields, which mail servers add at delivery.

edgemail writes these two, before all others:

    Return-Path: <shop@example.com>
    X-Envelope-To: <kim@example.org>,
            <lee@example.org>

It takes both off again when it reads such a message, so that the octets are those that it had.
Other servers write `Delivered-To:` and `X-Original-To:`; these are read, and stay where they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgemail.errors import AddressError
from edgemail.model import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEAD_MAX_BYTES: Final = 256 * 1024
"""Fields are looked for in the first so many octets of a message."""

_FIELD: Final = re.compile(rb"([!-9;-~]{1,76})[ \t]{0,9}:([^\n]*+(?:\n[ \t][^\n]*+)*)\n(?![ \t])")
_OWN: Final = b"x-envelope-to"
_ORIGINAL_FIRST: Final = (b"x-original-to", b"delivered-to", b"envelope-to", _OWN)
"""They may differ: the first has what the sender wrote, the others what aliases made of it."""
_IN_BRACKETS: Final = re.compile(r'<((?:"[^"\\]*+(?:\\.[^"\\]*+)*"|[^<>"])*)>')


@dataclass(frozen=True, slots=True)
class ReadEnvelope:
    """The envelope that the header fields at a message's beginning name."""

    sender: Address | None
    knows_sender: bool
    """False if there is no valid Return-Path; True with the sender None for the null reverse-path."""
    recipients: tuple[str, ...]
    """As they stand there, each once; a local user's may have no domain."""
    length: int
    """The number of octets of these fields: the message begins behind them."""
    is_own: bool
    """True if edgemail wrote the file."""


def read_envelope(head: bytes) -> ReadEnvelope:
    """Read the envelope from the first octets of a message."""
    path: str | None = None
    place, length = 0, 0
    own: list[str] = []
    found: dict[bytes, list[str]] = {}
    is_own = False
    for number, (name, value) in enumerate(_read_fields(head)):
        place += value.length
        if name == b"return-path" and path is None:
            path = value.text
            if number == 0 and _read_path(path) is not None:
                length = place
        elif name == _OWN and not is_own and place - value.length == length:
            own = _read_addresses(value.text)
            length, is_own = place, True
        elif name in _ORIGINAL_FIRST:
            found.setdefault(name, []).extend(_read_addresses(value.text))
    sender = None if path is None else _read_path(path)
    others = next((found[name] for name in _ORIGINAL_FIRST if found.get(name)), [])
    return ReadEnvelope(
        None if sender is None else sender.address,
        sender is not None,
        tuple(dict.fromkeys(own if is_own else others)),
        length,
        is_own,
    )


def write_envelope(sender: str, recipients: Sequence[str]) -> bytes:
    """Write both fields. `sender` is the reverse-path without its brackets."""
    listed = ",\r\n\t".join(f"<{recipient}>" for recipient in recipients)
    return f"{write_return_path(sender)}X-Envelope-To: {listed}\r\n".encode("utf-8", "surrogateescape")


def write_return_path(sender: str) -> str:
    """Write the field that final delivery adds (RFC 5321 section 4.4)."""
    return f"Return-Path: <{sender}>\r\n"


@dataclass(frozen=True, slots=True)
class _Value:
    text: str
    length: int
    """The octets of the whole field."""


@dataclass(frozen=True, slots=True)
class _ReversePath:
    address: Address | None


def _read_fields(head: bytes) -> Iterator[tuple[bytes, _Value]]:
    """Yield the fields of a header with their names in lower case, until one is not well formed."""
    place = 0
    while found := _FIELD.match(head, place):
        text = re.sub(rb"\r?\n", b"", found[2]).decode("utf-8", "replace").strip()
        yield found[1].lower(), _Value(text, found.end() - place)
        place = found.end()


def _read_path(text: str) -> _ReversePath | None:
    """Read a reverse-path; return None if it is not one."""
    bare = text.removeprefix("<").removesuffix(">").strip() if text[:1] == "<" else text
    if not bare:
        return _ReversePath(None) if text == "<>" else None
    try:
        return _ReversePath(Address.parse(bare))
    except AddressError:
        return None


def _read_addresses(text: str) -> list[str]:
    """Read a list in brackets, as edgemail writes it, or one address."""
    addresses = [address.strip() for address in _IN_BRACKETS.findall(text)] or [text]
    return [address for address in addresses if address]
