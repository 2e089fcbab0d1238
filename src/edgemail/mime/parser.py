"""A raw message -> its headers, bodies and attachments, as a parser gives them.

`fast-mail-parser` does it; where it gives up, the standard library stands in; where a message is made to wear
either out, the headers alone are read. One message always takes the same way, so its attachments keep their
numbers.
"""

from __future__ import annotations

import codecs
import email
import re
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import Message
from typing import TYPE_CHECKING, Protocol

from fast_mail_parser import DecodeError, ParseError, parse_email, parse_email_tree

from edgemail.mime import effort

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTACHMENTS_MAX = 256
"""Those after it are in the raw message only."""

OCTETS_MAX = 64 * 1024 * 1024
"""Of a message; the parser takes 100 MiB."""

HEAD_OCTETS_MAX = 1024 * 1024
"""Of a header; a million short fields take 100 MB and half a second."""

OPENING_OCTETS_MAX = 16 * 1024
"""Of a header that is read without the rest."""

LEVELS_MAX = 200
"""The fast parser recurses before it counts levels, some 256 octets of stack each: 100,000 levels end the
process on any thread, and 500 do on musl's."""

LABELS_MAX = 64
"""Parts of a message whose tree is looked at; messages within messages recurse, 1 KiB of stack each."""

PARTS_MAX = 50_000
"""Some 400 octets of memory each, however short."""

DECODING_MAX = 500_000_000
"""See `effort.decoding`: some 0.1 s in the fast parser."""

SLOW_LINES_MAX = 2_000_000
"""Lines times levels: some 0.6 s in the standard library's parser."""

PARAMETERS_MAX = 500_000_000
"""See `effort.parameters`: about as long."""

_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")
_CP1252 = {ord(char): octet for octet in range(128, 160) if (char := bytes([octet]).decode("cp1252", "ignore"))}
_NO_CHARSETS = frozenset({"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


class Headers(Protocol):
    """What has headers: values by name, both in order; made when asked for."""

    @property
    def headers(self) -> dict[str, list[str]]:
        """Every value of every name as it is written."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A parsed message: nothing cleaned, nothing cut."""

    subject: str
    sender: str
    source: Headers | None
    texts: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


def parse(data: bytes) -> Mail:
    """Take a message apart; never raises."""
    shape = effort.measure(data)
    is_small = (
        len(data) <= OCTETS_MAX
        and effort.head_end(data, HEAD_OCTETS_MAX) >= 0
        and (shape.parts <= PARTS_MAX or not effort.levels(data, shape))
    )
    if is_small and _is_fast(data, shape):
        whole_lines = data[: data.rfind(b"\n") + 1]  # base64 that is cut off within a line does not decode
        for octets in (data, whole_lines) if len(whole_lines) < len(data) else (data,):
            try:
                return _fast(octets)
            except ParseError:
                continue
    if is_small and _is_soon_done(data, shape):
        try:
            return _slow(data)
        except Exception:
            return _opening(data)
    return _opening(data)


def _is_fast(data: bytes, shape: effort.Shape) -> bool:
    """Tell whether the fast parser is safe."""
    is_flat = shape.types <= LEVELS_MAX or effort.levels(data, shape) <= LEVELS_MAX
    return is_flat and (not shape.words or effort.decoding(data) <= DECODING_MAX)


def _is_soon_done(data: bytes, shape: effort.Shape) -> bool:
    """Tell whether the standard library's parser would be done soon: it goes through each line at each level."""
    steps = effort.lines(data) * (effort.levels(data, shape) + 1)
    return steps <= SLOW_LINES_MAX and effort.parameters(data) <= PARAMETERS_MAX


def _fast(data: bytes) -> Mail:
    """Parse, mostly without the GIL.

    Raises:
        ParseError: a part does not decode, the header is broken, or the charset is not one of the parser's.
    """
    mail = parse_email(data)
    if any(warning.kind == "charset-fallback" for warning in mail.warnings):
        raise DecodeError("the standard library may know the charset")
    sender = mail.from_
    if sender is None:
        shown = _first(mail.headers, "from")
    else:
        shown = f"{sender.display_name} <{sender.address}>" if sender.display_name else sender.address
    return Mail(
        subject=mail.subject,
        sender=shown,
        source=mail,
        texts=_mend(data, "text/plain", mail.text_plain),
        pages=_mend(data, "text/html", mail.text_html),
        parts=[Part(part.filename, part.mimetype, part.content) for part in mail.attachments[:ATTACHMENTS_MAX]],
    )


def _first(headers: dict[str, list[str]], name: str) -> str:
    return next((values[0] for key, values in headers.items() if key.lower() == name and values), "")


def _mend(data: bytes, kind: str, bodies: list[str]) -> list[str]:
    """Read as UTF-8 what the parser, for want of a label, read as Windows-1252."""
    if not any(not body.isascii() and _MOJIBAKE.search(body) for body in bodies):
        return bodies
    labelled = _labelled(data, kind)
    if len(labelled) != len(bodies):
        return bodies
    return [body if known else _reread(body) for body, known in zip(bodies, labelled, strict=True)]


def _labelled(data: bytes, kind: str) -> list[bool]:
    """Tell of each body whether it names its charset; of none where the message has too many parts to look."""
    if data.lower().count(b"content-type") > LABELS_MAX:
        return []
    found = []
    try:
        todo = [parse_email_tree(data, mode="metadata")]
    except ParseError:
        return []
    while todo:
        part = todo.pop()
        if part.children and not part.is_message:
            todo.extend(reversed(part.children))
        elif part.content_type == kind and part.disposition != "attachment":
            label = _first(part.headers, "content-type").lower()
            found.append("charset" in label and "ascii" not in label)
    return found


def _reread(text: str) -> str:
    try:
        return text.translate(_CP1252).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _opening(data: bytes) -> Mail:
    """Read the beginning of the header, and nothing else."""
    end = effort.head_end(data, OPENING_OCTETS_MAX)
    head = data[: end if end >= 0 else OPENING_OCTETS_MAX].lstrip()
    try:
        mail = parse_email(head + b"\r\n\r\n", mode="metadata")
    except ParseError:
        return Mail("", "", None)
    return Mail(mail.subject, _first(mail.headers, "from"), mail)


def _slow(data: bytes) -> Mail:
    """Parse with the standard library; only the headers still come from the fast parser."""
    opening = _opening(data)
    mail = Mail(opening.subject, opening.sender, opening.source)
    for part in _leaves(email.message_from_bytes(data)):
        kind = part.get_content_type()
        if kind in {"text/plain", "text/html"} and part.get_content_disposition() != "attachment":
            bodies = mail.texts if kind == "text/plain" else mail.pages
            bodies.append(_decode(_content(part), part.get_content_charset("utf-8")))
        elif len(mail.parts) < ATTACHMENTS_MAX:
            mail.parts.append(Part(_name(part), kind, _content(part)))
    return mail


def _leaves(root: Message) -> Iterator[Message]:
    """Walk the parts in order, but not into a message within the message: that is one attachment."""
    todo = [root]
    while todo:
        part = todo.pop()
        if part.get_content_maintype() != "multipart":
            yield part
        elif part.is_multipart():
            todo.extend(child for child in reversed(list(part.get_payload())) if isinstance(child, Message))


def _content(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    return b"\n".join(child.as_bytes() for child in part.get_payload() if isinstance(child, Message))


def _name(part: Message) -> str:
    name = part.get_filename("")[:1_000]
    return str(make_header(decode_header(name)))


def _decode(content: bytes, charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
        text = content.decode("utf-8" if name == "ascii" or name in _NO_CHARSETS else name, "replace")
    except (LookupError, UnicodeError, ValueError):
        text = content.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode("utf-8")
