"""Makes a message out of what a program writes to `sendmail`, and finds its recipients."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formataddr, formatdate, make_msgid
from typing import TYPE_CHECKING, Final

from edgemail.errors import AddressError
from edgemail.model import Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_LONE_LF: Final = re.compile(rb"(?<!\r)\n")
_DOT_ALONE: Final = re.compile(rb"(?:\A|(?<=\n))\.\r?(?:\n|\Z)")
_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]{0,9}:")
_MBOX_LINE: Final = re.compile(rb">?From [^\n]*\n")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*"?|<[^>]*+>?|\[[^\]]*+\]?|[(),;:]|[^"<\[(),;:]++')
_LOCAL_USER: Final = re.compile(r"[A-Za-z0-9._+-]{1,64}")
_NEVER_SENT: Final = frozenset({b"bcc", b"resent-bcc", b"return-path", b"content-length"})
"""Postfix drops the same fields from mail of local programs."""


class BadMessage(Exception):  # noqa: N818 - a mistake in what was written, with a text for who wrote it
    """The message cannot be sent as it is. The text says why."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: bytes
    """In lower case."""
    octets: bytes
    """All of its lines."""

    @property
    def value(self) -> str:
        """Return the value on one line."""
        value = self.octets.partition(b":")[2].replace(b"\r\n", b"")
        return value.decode("utf-8", "surrogateescape").strip()


class WrittenMail:
    """A message as a local program writes it: LF or CRLF at the end of lines, few header fields, or none."""

    def __init__(self, octets: bytes, *, ends_at_dot: bool) -> None:
        end = _DOT_ALONE.search(octets) if ends_at_dot else None
        if end:
            octets = octets[: end.start()]
        octets = _LONE_LF.sub(b"\r\n", octets)
        start = found.end() if (found := _MBOX_LINE.match(octets)) else 0
        self._fields, self._body = _split(octets, start)

    def find_recipients(self) -> list[str]:
        """Return the addresses of To, Cc and Bcc; of Resent-To and so on, if there are such fields.

        Raises:
            BadMessage: they cannot be read.
        """
        names = [field.name for field in self._fields]
        prefix = b"resent-" if {b"resent-to", b"resent-cc", b"resent-bcc"}.intersection(names) else b""
        wanted = {prefix + name for name in (b"to", b"cc", b"bcc")}
        return read_recipients((field.value for field in self._fields if field.name in wanted), "header")

    def write(self, sender: str, sender_name: str) -> bytes:
        """Return what is sent: without Bcc, and with From, Date and Message-ID where they are missing."""
        names = {field.name for field in self._fields}
        missing = {
            b"from": f"From: {formataddr((sender_name, sender or 'MAILER-DAEMON'))}",
            b"date": f"Date: {formatdate(localtime=True)}",
            b"message-id": f"Message-ID: {make_msgid(domain=sender.rpartition('@')[2] or 'localhost')}",
        }
        lines = [f"{line}\r\n".encode() for name, line in missing.items() if name not in names]
        fields = [field.octets for field in self._fields if field.name not in _NEVER_SENT]
        return b"".join((*fields, *lines, b"\r\n", self._body))


def _split(octets: bytes, start: int) -> tuple[list[_Field], bytes]:
    """Return the header's fields, and the body. A line that cannot be in a header begins the body."""
    fields: list[_Field] = []
    place = start
    while place < len(octets):
        end = octets.find(b"\r\n", place) + 2
        while end > 1 and octets[end : end + 1] in {b" ", b"\t"}:
            end = octets.find(b"\r\n", end) + 2
        if end < 2:
            end = len(octets)
        line = octets[place:end]
        if line == b"\r\n":
            return fields, octets[end:]
        found = _FIELD.match(line)
        if found is None:
            return fields, octets[place:]
        fields.append(_Field(found[1].lower(), line if line.endswith(b"\r\n") else line + b"\r\n"))
        place = end
    return fields, b""


def read_recipients(texts: Iterable[str], place: str) -> list[str]:
    """Return the addresses in texts such as ``Kim <kim@example.org>, root``, each once.

    Raises:
        BadMessage: one is no address.
    """
    return list(dict.fromkeys(address for text in texts for address in _read_list(text, place)))


def _read_list(text: str, place: str) -> Iterator[str]:
    """Yield the addresses of a list (RFC 5322 section 3.4), without names, comments and groups."""
    text = text.replace("\t", " ")
    if _CONTROL.search(text):
        raise BadMessage(f'"{text[:200]}" in the {place} has a control character')
    words: list[str] = []
    in_brackets: str | None = None
    depth = 0
    for sign in (*_TOKEN.findall(text), ""):
        if sign in {"(", ")"}:
            depth = max(depth + (1 if sign == "(" else -1), 0)
        elif depth and sign:
            continue
        elif sign in {",", ";", ""}:  # the last ends the list
            address = "".join(words).strip() if in_brackets is None else in_brackets
            if address or in_brackets is not None:
                yield check_address(address)
            words, in_brackets = [], None
        elif sign == ":":  # what came before is the name of a group
            words = []
        elif sign.startswith("<"):
            in_brackets = sign.strip("<> ")
            if in_brackets.startswith("@"):  # a route, which nobody uses any more
                in_brackets = in_brackets.rpartition(":")[2]
        else:
            words.append(sign)


def check_address(text: str) -> str:
    """Return an address as SMTP has it: ``user@domain``, or a user of the server's own domain alone.

    Raises:
        BadMessage: it is no address.
    """
    if _LOCAL_USER.fullmatch(text):
        return text
    try:
        return str(Address.parse(text))
    except AddressError as error:
        raise BadMessage(f'"{text[:200]}": {error}') from None


def batches(recipients: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield the recipients of each transaction."""
    for start in range(0, len(recipients), size):
        yield recipients[start : start + size]
