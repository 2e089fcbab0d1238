"""`/send`: a message made of JSON, kept like one that came by SMTP. Nothing is sent."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from edgemail.errors import AddressError
from edgemail.http.compat.answers import Refused
from edgemail.http.compat.bodies import as_fields, take_list, take_text, take_texts
from edgemail.http.compat.mailpit.building import OutgoingFile, write_content
from edgemail.model import Address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.http.compat.bodies import Fields

_TAKEN_FIELDS: Final = frozenset(
    {"to", "from", "cc", "bcc", "reply-to", "date", "subject", "content-type", "mime-version"}
)
_FIELD: Final = re.compile(r"[!-9;-~]{1,200}")
_TYPE: Final = re.compile(r"([a-z0-9!#$&^_.+-]{1,100})/([a-z0-9!#$&^_.+-]{1,100})", re.IGNORECASE)
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ATTACHMENTS_MAX: Final = 100
_TAGS_MAX: Final = 200
_NAME_MAX: Final = 255
_VALUE_MAX: Final = 8 * 1024
_CONTENT_FIELD_MAX: Final = 255
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Submission:
    """A message to keep, its envelope and its tags. `data` has no trace fields yet."""

    sender: Address
    recipients: tuple[Address, ...]
    data: bytes
    tags: tuple[str, ...] = ()


def build_submission(fields: Fields) -> Submission:
    """Build a message. Call it in a worker thread.

    Raises:
        Refused: the fields are not those of a message; the text says why.
    """
    sender = as_fields(fields.get("from"))
    recipients: list[Address] = []
    head: list[str] = []
    for key, name in (("to", "To"), ("cc", "Cc"), ("replyto", "Reply-To")):
        named = [_read_named(entry, name) for entry in take_list(fields, key)]
        if name != "Reply-To":
            recipients += [address for address, _ in named]
        if named:
            head.append(f"{name}: " + ",\r\n ".join(_write_named(*entry) for entry in named))
    for text in take_texts(fields, "bcc"):  # in the envelope alone, from which it is shown
        recipients.append(_read_address(text, "Bcc"))
    tags = take_texts(fields, "tags")
    taken = _TAKEN_FIELDS | ({"x-tags"} if tags else set())
    own = {}
    for name, value in as_headers(fields.get("headers")):
        if name.lower() in taken:
            raise Refused(f'cannot overwrite header: "{name}"')
        own[name.lower()] = _write_field(name, value)
    sender_address = take_text(sender, "email").strip()
    if not sender_address:
        raise Refused("error building message: from not set")
    if not recipients:
        raise Refused("error building message: no recipients (to, cc, bcc) set")
    from_address = _read_address(sender_address, "From")
    head.insert(0, f"From: {_write_named(from_address, take_text(sender, 'name'))}")
    head.append(_write_field("Subject", take_text(fields, "subject")))
    head.append(f"Date: {format_datetime(datetime.now(UTC))}")
    if "message-id" not in own:
        head.append(f"Message-ID: <{uuid4().hex}@edgemail>")
    if tags:
        head.append(_write_field("X-Tags", ", ".join(tags)))
    octets = "\r\n".join([*head, *own.values(), ""]).encode("utf-8", "replace")
    data = octets + _write_content(fields)
    return Submission(from_address, tuple(dict.fromkeys(recipients)), data, tuple(tags[:_TAGS_MAX]))


def as_headers(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the header fields of a JSON object, which keep the case of their names.

    Raises:
        Refused: it is no object, or a field is not valid.
    """
    if value is None:
        return
    if not isinstance(value, dict):
        raise Refused("headers is not a JSON object")
    for name, text in value.items():
        if not isinstance(text, str):
            raise Refused(f'the header "{name}" is not a string')
        if not _FIELD.fullmatch(name):
            raise Refused(f'"{name}" is not the name of a header')
        yield name, text


def _write_content(fields: Fields) -> bytes:
    attachments = take_list(fields, "attachments")
    if len(attachments) > _ATTACHMENTS_MAX:
        raise Refused(f"there are more than {_ATTACHMENTS_MAX} attachments")
    files = [_read_attachment(entry) for entry in attachments]
    return write_content(take_text(fields, "text"), take_text(fields, "html"), files)


def _read_attachment(entry: Any) -> OutgoingFile:
    fields = as_fields(entry)
    name = _one_line(take_text(fields, "filename"))[:_CONTENT_FIELD_MAX]
    text = take_text(fields, "content").rpartition(",")[2]  # a data URL has its type in front
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(f'error decoding base64 attachment "{name}": {error}') from None
    given = _TYPE.match(take_text(fields, "contenttype").strip())
    kind = given[0].lower() if given else _guess_type(content)
    if kind.startswith(("multipart/", "message/")):  # what is in base64 is neither
        kind = "application/octet-stream"
    content_id = _one_line(take_text(fields, "contentid")).strip("<>")[:_CONTENT_FIELD_MAX]
    return OutgoingFile(content, kind, name, content_id)


def _guess_type(content: bytes) -> str:
    """Tell the type by the first octets, as Mailpit does where none is given."""
    for start, kind in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
    ):
        if content.startswith(start):
            return kind
    return "application/octet-stream" if b"\0" in content[:512] else "text/plain"


def _read_named(entry: Any, field: str) -> tuple[Address, str]:
    fields = as_fields(entry)
    return _read_address(take_text(fields, "email"), field), take_text(fields, "name")


def _read_address(text: str, field: str) -> Address:
    try:
        address = Address.parse(text.strip())
    except AddressError:
        raise Refused(f"invalid {field} address: {text}") from None
    return address


def _write_named(address: Address, name: str) -> str:
    """Write an address with its name."""
    name = _one_line(name)
    if len(name) > _NAME_MAX:
        raise Refused("a name is too long")
    if not name:
        return str(address)
    if not name.isascii():
        return f"{_encode(name)} <{address}>"
    if not _ATOMS.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{address}>"


def _write_field(name: str, value: str) -> str:
    """Write a header field."""
    value = _one_line(value)
    if len(value) > _VALUE_MAX:
        raise Refused(f'the header "{name}" is too long')
    return f"{name}: {value if value.isascii() else _encode(value)}"


def _encode(text: str) -> str:
    """Encode a text for a header (RFC 2047), in lines of 75 octets."""
    return Header(text, "utf-8").encode(linesep="\r\n")


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()
