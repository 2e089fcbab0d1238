"""What other programs read in a message: Python's `email`, nodemailer's mailparser and postal-mime."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgemail import mime
from testkit import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgemail.model import ParsedMessage

_SENDERS = Path(__file__).parents[1] / "tests" / "senders"
_SHOWN = re.compile(r"(.*?)\s*<([^<>]*)>(?:, .*)?", re.DOTALL)
"""The first sender of what may be several."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader finds, in the form in which readers are compared."""

    subject: str = ""
    from_name: str = ""
    from_address: str = ""
    text: str = ""
    html: str = ""
    attachments: tuple[tuple[str, str, int], ...] = ()
    """Name, type and octets of each; without the pictures that the HTML shows."""

    error: str = ""
    """What the reader raises instead."""


def read_ours(octets: bytes) -> tuple[Reading, ParsedMessage]:
    """Read with edgemail."""
    read = mime.read(octets)
    first = read.summary.sender_name
    shown = _SHOWN.fullmatch(first)
    if shown:
        name, address = shown.groups()
    else:
        name, address = ("", first.split(", ")[0]) if "@" in first else (first, "")
    files = tuple((file.name, file.type, file.size) for file in read.summary.attachments)
    ours = Reading(read.summary.subject, name, address, plain(read.text), plain(read.html), files)
    return ours, read


def read_with_python(octets: bytes) -> Reading:
    """Read with the standard library's newer interface."""
    try:
        return _read_with_python(octets)
    except Exception as error:  # it raises on some broken headers
        return Reading(error=repr(error))


def _read_with_python(octets: bytes) -> Reading:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    senders = getattr(message["from"], "addresses", ())
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    files = []
    for part in _leaves(message):
        kind = part.get_content_type()
        if kind in texts and part.get_filename() is None and part.get_content_disposition() != "attachment":
            texts[kind].append(str(part.get_content(errors="replace")))
        else:
            files.append((part, part.get_filename() or "", kind, len(_octets(part))))
    html = "\n".join(texts["text/html"])
    return Reading(
        subject=one_line(str(message["subject"] or "")),
        from_name=one_line(senders[0].display_name) if senders else "",
        from_address=senders[0].addr_spec if senders else "",
        text=plain("\n".join(texts["text/plain"])),
        html=plain(html),
        attachments=tuple(
            (one_line(name), kind, size)
            for part, name, kind, size in files
            if not _is_shown(str(part["content-id"] or "").strip("<> "), kind, html)
        ),
    )


def _leaves(root: EmailMessage) -> Iterator[EmailMessage]:
    if root.get_content_maintype() != "multipart" or not root.is_multipart():
        yield root
        return
    for part in root.iter_parts():
        if isinstance(part, EmailMessage):
            yield from _leaves(part)


def _octets(part: EmailMessage) -> bytes:
    if part.get_content_maintype() == "message" and part.is_multipart():
        return b"".join(child.as_bytes(policy=email.policy.SMTP) for child in part.iter_parts())
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


@contextmanager
def node_readers() -> Iterator[Callable[[bytes], dict[str, Reading]]]:
    """Run mailparser and postal-mime while the block lasts; the value reads one message with both."""
    needs.check("mailparser")
    program = ["node", str(_SENDERS / "read.mjs")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_SENDERS) as process:
        into, out_of = process.stdin, process.stdout
        assert into is not None
        assert out_of is not None

        def read(octets: bytes) -> dict[str, Reading]:
            into.write(base64.b64encode(octets) + b"\n")
            into.flush()
            return {name: _read_json(found) for name, found in json.loads(out_of.readline()).items()}

        try:
            yield read
        finally:
            into.close()


def _read_json(found: dict[str, Any]) -> Reading:
    if "error" in found:
        return Reading(error=found["error"])
    html = found["html"] or ""
    return Reading(
        subject=one_line(found["subject"]),
        from_name=one_line(found["from_name"]),
        from_address=found["from_address"],
        text=plain(found["text"]),
        html=plain(html),
        attachments=tuple(
            (one_line(part["name"]), part["type"], part["size"])
            for part in found["parts"]
            if not _is_shown(part["cid"], part["type"], html)
        ),
    )


def _is_shown(content_id: str, kind: str, html: str) -> bool:
    """Return True for a picture that the HTML shows."""
    return bool(content_id) and kind.startswith("image/") and f"cid:{content_id}" in html


def plain(body: str | None) -> str:
    """Return a body with LF as its line ends, and without blanks at its ends."""
    return (body or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def one_line(text: str) -> str:
    """Return a text with single blanks."""
    return " ".join(text.split())
