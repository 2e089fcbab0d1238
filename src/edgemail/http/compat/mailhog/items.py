"""A message as MailHog's JSON: its envelope, and its octets and those of its parts, undecoded.

What `write_content` makes is made in a worker thread.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from edgemail.errors import AttachmentNotFound
from edgemail.http.compat.facts import write_time
from edgemail.http.compat.octets import serialize_octets
from edgemail.http.compat.views import SAFE_TYPES
from edgemail.mime.message import OCTETS_MAX
from edgemail.mime.structure import read_structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgemail.mime.header_fields import HeaderBlock
    from edgemail.mime.structure import MailPart
    from edgemail.model import StoredMail

_OPENING_OCTETS: Final = 1024 * 1024
"""Of a message that is too long, the header is looked for in so many octets."""

_BODIES_MAX: Final = 3
"""The bodies of all parts are together as long as so many messages: each level of parts holds them again."""

_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_TRACE: Final = frozenset({"received", "return-path"})


def write_beginning(mail: StoredMail) -> bytes:
    """Write what is said of a message beside its octets, up to those."""
    fields = {
        "ID": str(mail.id),
        "From": _write_path(mail.sender),
        "To": [_write_path(recipient) for recipient in mail.recipients],
        "Created": write_time(mail.date),
        "Raw": {"From": mail.sender, "To": list(mail.recipients), "Helo": ""},
    }
    return to_json(fields)[:-2] + b',"Data":'


def write_content(data: bytes) -> tuple[None, Sequence[bytes]]:
    """Write a message's octets, and all that stands behind them."""
    root = _read(data)
    left = [_BODIES_MAX * len(data)]
    pieces = [*serialize_octets(data, 0, len(data)), b'},"Content":{"Headers":', _write_headers(root.header)]
    pieces += [b',"Body":', *serialize_octets(data, root.start, len(data))]
    pieces += [b',"Size":%d,"MIME":null},"MIME":' % len(data), *_write_parts(root, left), b"}"]
    return None, pieces


def make_part(data: bytes, number: int) -> tuple[str, Sequence[bytes]]:
    """Return a part's decoded octets, under a type that no browser runs.

    Raises:
        AttachmentNotFound: there is no such part.
    """
    parts = _read(data).children
    if not 0 <= number < len(parts):
        raise AttachmentNotFound(f"the message has no part {number}")
    kind = parts[number].shown_type
    return kind if kind in SAFE_TYPES else "application/octet-stream", [parts[number].decode()]


def _read(data: bytes) -> MailPart:
    if len(data) > OCTETS_MAX:
        data = data[:_OPENING_OCTETS]
    return read_structure(data)


def _write_path(address: str) -> dict[str, Any]:
    local, _, domain = address.rpartition("@") if "@" in address else (address, "", "")
    return {"Relays": None, "Mailbox": local, "Domain": domain, "Params": ""}


def _write_headers(header: HeaderBlock) -> bytes:
    """Write the fields as they were sent; of those with the same name the last one, but for trace fields."""
    found: dict[str, list[str]] = {}
    for name, raw in header.fields:
        value = _FOLD.sub("", raw.decode("utf-8", "replace").removeprefix(" ")).rstrip("\r\n")
        found[name] = [*found.get(name, ()), value] if name.lower() in _TRACE else [value]
    return to_json(found)


def _write_parts(part: MailPart, left: list[int]) -> Iterator[bytes]:
    """Write what a multipart holds, null for anything else. `left` counts octets down."""
    if not part.is_multipart:
        yield b"null"
        return
    yield b'{"Parts":['
    for number, child in enumerate(part.children):
        start, end = child.start, child.start + len(child.octets[child.start : child.end].rstrip(b"\r\n"))
        size = end - start + sum(len(name) + len(raw) + 3 for name, raw in child.header.fields) + 2
        left[0] -= end - start
        if left[0] < 0:
            end = start
        yield b',{"Headers":' if number else b'{"Headers":'
        yield _write_headers(child.header)
        yield b',"Body":'
        yield from serialize_octets(child.octets, start, end)
        yield b',"Size":%d,"MIME":' % size
        yield from _write_parts(child, left)
        yield b"}"
    yield b"]}"
