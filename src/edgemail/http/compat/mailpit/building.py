"""Writes a message with text, HTML, images and attachments (RFC 2045, RFC 2046). Texts are kept to the octet."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from email.utils import encode_rfc2231
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE_MAX: Final = 900
_LONG_LINE: Final = re.compile(rb"[^\n]{%d}" % _LINE_MAX)
_LONE_CR: Final = re.compile(rb"\r(?!\n)")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+")
_BASE64_LINE_BYTES: Final = 57
_QUOTED_MAX_BYTES: Final = 256 * 1024
"""Longer texts are in base64: quoting holds the interpreter's lock all the time."""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """An attachment, or with a Content-ID an image of the HTML. Each text is one line."""

    content: bytes
    media_type: str
    name: str
    content_id: str


def write_content(text: str, html: str, files: Sequence[OutgoingFile]) -> bytes:
    """Write the Content fields and the body that stand behind the other header fields."""
    parts = [_write_text(text, "plain")]
    if html:
        parts.append(_write_text(html, "html"))
    entity = _join("alternative", parts)
    inline = [file for file in files if file.content_id]
    attached = [file for file in files if not file.content_id]
    entity = _join("related", [entity, *map(_write_file, inline)])
    return b"MIME-Version: 1.0\r\n" + _join("mixed", [entity, *map(_write_file, attached)])


def _join(kind: str, entities: list[bytes]) -> bytes:
    """Make a multipart of entities; one alone needs none."""
    if len(entities) == 1:
        return entities[0]
    boundary = uuid4().hex.encode()
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind.encode(), boundary)
    pieces = [head]
    for entity in entities:
        pieces += (b"--", boundary, b"\r\n", entity, b"\r\n")
    return b"".join([*pieces, b"--", boundary, b"--\r\n"])


def _write_text(text: str, kind: str) -> bytes:
    octets = text.encode("utf-8", "replace")
    encoding = b"7bit"
    if not octets.isascii() or b"\0" in octets or _LONG_LINE.search(octets) or _LONE_CR.search(octets):
        if len(octets) > _QUOTED_MAX_BYTES or b"\0" in octets or not _has_one_line_end(octets):
            encoding, octets = b"base64", _write_base64(octets)
        else:
            encoding, octets = b"quoted-printable", binascii.b2a_qp(octets, istext=True)
    return (
        b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n" % (kind.encode(), encoding)
    ) + octets


def _has_one_line_end(octets: bytes) -> bool:
    """Return True where every line ends in the same way: quoting makes them the same."""
    full = octets.count(b"\r\n")
    return full in (0, octets.count(b"\n")) and full == octets.count(b"\r")


def _write_file(file: OutgoingFile) -> bytes:
    disposition = "inline" if file.content_id else "attachment"
    name = f"; {_write_name(file.name)}" if file.name else ""
    head = f"Content-Type: {file.media_type}\r\nContent-Disposition: {disposition}{name}\r\n"
    if file.content_id:
        head += f"Content-ID: <{file.content_id}>\r\n"
    head += "Content-Transfer-Encoding: base64\r\n\r\n"
    return head.encode("utf-8", "replace") + _write_base64(file.content)


def _write_name(name: str) -> str:
    """Write a file's name as a parameter (RFC 2183, RFC 2231)."""
    if _TOKEN.fullmatch(name):
        return f"filename={name}"
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'filename="{escaped}"'
    return f"filename*={encode_rfc2231(name, 'utf-8')}"


def _write_base64(octets: bytes) -> bytes:
    """Encode in lines of 76 characters."""
    lines = [
        base64.b64encode(octets[start : start + _BASE64_LINE_BYTES])
        for start in range(0, len(octets), _BASE64_LINE_BYTES)
    ]
    return b"\r\n".join(lines)
