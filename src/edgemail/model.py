"""Values that all parts share: immutable, without I/O."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, NewType, Protocol

from edgemail.errors import AddressError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from datetime import datetime

MailId = NewType("MailId", int)
"""Identifies a stored message. Ids grow with each message and are never reused."""

PATH_MAX_OCTETS = 512
"""The longest path, with its "<" and ">". RFC 5321 section 4.5.3.1.3 asks for at least 256."""

LOCAL_PART_MAX_OCTETS = 255
"""RFC 5321 section 4.5.3.1.1 asks for at least 64; forwarders write whole addresses into longer ones."""

DOMAIN_MAX_OCTETS = 255
"""The longest domain (RFC 5321 section 4.5.3.1.2)."""

_MESSAGE_TYPES: Final = frozenset({"message/rfc822", "message/global"})

_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
_BCRYPT_COSTS: Final = range(4, 15)
"""A cost of 14 takes about a second; a higher one would let a few wrong passwords block the others."""
_OTHER_HASH = re.compile(r"\$|\{S?SHA[0-9]*\}", re.IGNORECASE)
"""How the other hashes of `htpasswd` begin."""

MAX_CREDENTIALS: Final = 50
"""The most names: a bearer's secret has no name, so it is compared with every one."""

Credential = tuple[str, str]
"""A name and its secret: plain, or a bcrypt hash."""

# The form of nearly every address. All other addresses take the slow path.
_COMMON = re.compile(r"([A-Za-z0-9._%+=-]{1,255})@([A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*)")
_COMMON_MAX_OCTETS = 256
"""In an address of this length or less the domain cannot be too long."""
_COMMON_OCTETS = re.compile(_COMMON.pattern.encode())
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Printable and not a special (RFC 5322 section 3.2.3), or beyond ASCII (RFC 6531 section 3.3).
# Dots may stand anywhere: phone carriers and spam traps use `a..b@` and `a.@`.
_ATOMS = re.compile(r"[^\x00-\x20\x7f()<>\[\]:;@\\,\"]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DOMAIN = re.compile(r"(?=.{1,255}\Z)[\w](?:[\w-]*[\w])?(?:\.[\w](?:[\w-]*[\w])?)*\.?")
_LITERAL = re.compile(r"\[[0-9A-Za-z:.\-]{1,60}\]")


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: a local part in its canonical form and a lower-case domain.

    `"a b"@Ex.org` has the local part `a b`: the quotes are syntax and not part of the name
    (RFC 5321 section 4.1.2). Only the bare `Postmaster` has an empty domain (section 4.5.1).
    """

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Parse `local@domain`, `"quoted local"@domain` or `local@[192.0.2.1]`.

        Raises:
            AddressError: the text is not a mailbox, is too long, or holds a control character.
        """
        common = _COMMON.fullmatch(text)
        if common and len(text) <= _COMMON_MAX_OCTETS:
            return cls(common[1], common[2].lower())
        if _count_octets(text) > PATH_MAX_OCTETS - 2:  # the path's "<" and ">"
            raise AddressError("the address is too long")
        if _CONTROL.search(text):
            raise AddressError("the address holds a control character")
        quoted = _QUOTED.match(text)
        if quoted:
            local, at, domain = quoted[1], text[quoted.end() : quoted.end() + 1], text[quoted.end() + 1 :]
            local = re.sub(r"\\(.)", r"\1", local)
        else:
            local, at, domain = text.rpartition("@")
        if at != "@" or not local:
            raise AddressError("an address has the form local@domain")
        if not (quoted or _ATOMS.fullmatch(local)):
            raise AddressError("the local part is not valid")
        if _count_octets(local) > LOCAL_PART_MAX_OCTETS:
            raise AddressError("the local part is too long")
        if not (_DOMAIN.fullmatch(_drop_marks(domain)) or _LITERAL.fullmatch(domain)):
            raise AddressError("the domain is not valid")
        if _count_octets(domain) > DOMAIN_MAX_OCTETS:
            raise AddressError("the domain is too long")
        return cls(local, domain.lower().removesuffix("."))

    @classmethod
    def parse_common(cls, octets: bytes) -> Address | None:
        """Parse an address of the common form; return None where only `parse` can decide."""
        common = _COMMON_OCTETS.fullmatch(octets)
        if common is None or len(octets) > _COMMON_MAX_OCTETS:
            return None
        local, domain = common.groups()
        return cls(local.decode(), domain.lower().decode())

    @property
    def inbox(self) -> str:
        """The name of this address's inbox: in lower case, quoted only where it must be."""
        return str(self).lower()

    def __str__(self) -> str:
        local = _write_local(self.local)
        return f"{local}@{self.domain}" if self.domain else local


def _count_octets(text: str) -> int:
    """Count the octets of the longer form: as given, or in lower case as inboxes are named."""
    return max(len(form.encode("utf-8", "surrogatepass")) for form in (text, text.lower()))


def _drop_marks(domain: str) -> str:
    r"""Drop combining marks and joiners, which IDNs may hold and `\w` does not match (RFC 5892)."""
    if domain.isascii():
        return domain
    return "".join(
        character
        for character in domain
        if unicodedata.category(character)[0] != "M" and character not in "\u200c\u200d"
    )


def _write_local(local: str) -> str:
    if local.isalnum() or _ATOMS.fullmatch(local):  # isalnum is the quicker test
        return local
    escaped = local.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Spool(Protocol):
    """The octets of a message that is too large to be held in memory."""

    @property
    def size(self) -> int:
        """The number of octets."""
        ...

    @property
    def is_text(self) -> bool:
        """True if the octets are valid UTF-8 without NUL."""
        ...

    async def flush(self) -> None:
        """Return once all octets can be read.

        Raises:
            StoreFull: the disk has no room for them.
            StoreUnavailable: they could not be written.
        """
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Read up to `size` octets from `offset` on. Works in any thread.

        Raises:
            StoreUnavailable: the octets cannot be read.
        """
        ...

    def discard(self) -> None:
        """Free the octets. May be called twice."""
        ...


class Envelope(NamedTuple):
    """A message on its way into the store.

    `sender` is the reverse-path, None for the null reverse-path. `recipients` are inbox names
    (see `Address.inbox`), without duplicates, in the order given. `data` is what will be kept,
    octet for octet; with a `spool`, `data` holds only the trace lines that go before it. The
    maker of the envelope discards the spool, whether the message is kept or not.

    This is a NamedTuple, as creating a frozen dataclass for each message takes three times as long.
    """

    sender: Address | None
    recipients: tuple[str, ...]
    data: bytes
    accepted_at: datetime
    spool: Spool | None = None

    @property
    def size(self) -> int:
        """The number of octets that will be kept."""
        return len(self.data) if self.spool is None else len(self.data) + self.spool.size

    def load(self) -> Envelope:
        """Return this envelope with the whole message in `data`.

        Raises:
            StoreUnavailable: the spool cannot be read.
        """
        return self if self.spool is None else self._replace(data=b"".join(self.read_pieces()), spool=None)

    def read_pieces(self, piece_octets: int = 2**18) -> Iterator[bytes]:
        """Yield what will be kept, piece by piece: first `data`, then the spool.

        Raises:
            StoreUnavailable: the spool cannot be read.
        """
        yield self.data
        if self.spool is not None:
            for offset in range(0, self.spool.size, piece_octets):
                yield self.spool.read(offset, piece_octets)


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code found in a message. `reason` says why it was recognised as one."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """A web link found in a message.

    `reason` says why it looks like a confirmation link; it is ``""`` for any other link.
    """

    url: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment as the message describes it. `size` is its decoded size in octets.

    The sender chose `name` and `type`: never trust them.
    """

    index: int
    name: str
    type: str
    size: int
    content_id: str = ""
    """Its Content-ID without angle brackets, by which HTML refers to it; ``""`` for none."""

    @property
    def is_message(self) -> bool:
        """True for an attached message; some programs give it no better type than its name."""
        return self.type in _MESSAGE_TYPES or self.name.lower().endswith(".eml")


@dataclass(frozen=True, slots=True)
class HeaderAddress:
    """A mailbox of an address field, decoded. Either part may be ``""``.

    The sender chose both: `address` need not be a valid one.
    """

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """An event of a calendar invitation (RFC 5545). Every text is as the sender wrote it, on one line."""

    method: str
    """In upper case, as ``REQUEST``, ``CANCEL`` or ``REPLY``; ``""`` for none."""
    title: str
    starts: str
    """``2026-11-27`` for a whole day, else ``2026-11-27T09:00``, with ``Z`` for UTC."""
    ends: str
    """As `starts`, or ``""``. The end of a whole day is that day itself, not the next."""
    time_zone: str
    """The zone of both times by its name, as ``Europe/Zurich``; ``""`` for UTC and for local times."""
    location: str
    organizer: str
    """``Name <a@b>``."""
    attendees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a listing shows of a message. Derived from its data, so it can be made again."""

    sender_name: str
    """The From: header, decoded: ``Name <a@b>``."""
    subject: str
    preview: str
    attachments: tuple[Attachment, ...]
    """What a person would call so: not the images that the HTML shows (see `inline_count`)."""
    codes: tuple[Code, ...]
    links: tuple[Link, ...]
    words: str = ""
    """Each word of sender, subject, text and attachments' names once, folded. For search only."""
    to: tuple[HeaderAddress, ...] = ()
    cc: tuple[HeaderAddress, ...] = ()
    bcc: tuple[HeaderAddress, ...] = ()
    reply_to: tuple[HeaderAddress, ...] = ()
    message_id: str = ""
    """The Message-ID without angle brackets."""
    inline_count: int = 0
    """The number of parts that belong to the HTML, as images that it shows."""
    events: tuple[CalendarEvent, ...] = ()
    source: str = ""
    """The network that it came from, as the server's own Received: field names it; ``""`` if that is
    not known. For an inbox's limits only."""


@dataclass(frozen=True, slots=True)
class Header:
    """One header field, its value unfolded and decoded (RFC 2047)."""

    name: str
    value: str
    raw: str = ""
    """The value as it was sent, with its folds; octets beyond ASCII as UTF-8 or else Latin-1."""


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A parsed message. `text` and `html` are decoded but not made safe; None where absent."""

    summary: Summary
    headers: tuple[Header, ...]
    text: str | None
    html: str | None
    links: tuple[Link, ...]
    """Every web link; the summary has only the confirmation links."""
    inline: tuple[Attachment, ...] = ()
    """The parts that belong to the HTML. They share their numbers with the attachments."""


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A row of the table `mail`, without its data. `size` is in octets."""

    id: MailId
    date: datetime
    sender: str
    recipients: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class ListedMail:
    """A stored message with its summary."""

    mail: StoredMail
    summary: Summary
    is_read: bool = False
    """Only a list of all mail tells it, and the tags."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen: an IP address or host name, and a port. Port 0 means any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_hashed(secret: str) -> bool:
    """Return True if a secret that was checked is a bcrypt hash."""
    return secret.startswith("$2")


def find_credential_mistake(name: str, secret: str, known: Container[str] = ()) -> str:
    """Return what is wrong with a name and a secret, or "". `known` has the names that were given before."""
    if not name or not secret:
        return "is not name:secret"
    if name in known:
        return "gives a name again; write each name once"
    if _OTHER_HASH.match(secret):
        match = _BCRYPT.fullmatch(secret)
        if match is None:
            return "has a hash that is not bcrypt's; make one with `htpasswd -nB NAME`, or write the secret itself"
        if int(match["cost"]) not in _BCRYPT_COSTS:
            return f"has a bcrypt cost that is not {_BCRYPT_COSTS[0]} to {_BCRYPT_COSTS[-1]}"
        return ""
    if not secret.isprintable():
        return "has a secret with a control character"
    return ""
