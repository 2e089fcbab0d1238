"""A whole message as Mailpit's JSON. Everything here runs in a worker thread."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from edgemail.errors import AttachmentNotFound
from edgemail.http.compat.facts import add_missing, collect_headers, read_date, unfold_value, write_time
from edgemail.http.compat.mailpit.shapes import make_message_id, sort_tags, write_address, write_addresses
from edgemail.http.compat.mailpit.unsubscribing import read_list_unsubscribe
from edgemail.http.compat.views import PAGE_TEXT_MAX, SAFE_TYPES
from edgemail.http.large_responses import serialize_text
from edgemail.mime.message import Message
from edgemail.mime.page_text import write_page_text
from edgemail.mime.reader import SUBJECT_MAX
from edgemail.mime.text_line import make_line
from edgemail.model import HeaderAddress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import Attachment, ListedMail


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """What the envelope has to be compared with."""

    message_id: str
    date: str | None
    bcc: tuple[HeaderAddress, ...]
    named: tuple[HeaderAddress, ...]
    """All addresses of To, Cc and Bcc."""


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What is said of a part with its octets."""

    name: str
    media_type: str


def write_content(data: bytes) -> tuple[HeadFacts, Sequence[bytes]]:
    """Write what a message says itself: the end of the document that `write_beginning` begins."""
    message = Message(data)
    to, cc, bcc = (message.addresses(key) for key in ("to", "cc", "bcc"))
    sender = next(iter(message.addresses("from")), HeaderAddress("", ""))
    return_path = message.header_text("return-path").strip(" <>\r\n\t")
    text, html = message.text or "", message.html or ""
    if html and not text.strip():
        text = write_page_text(html[:PAGE_TEXT_MAX])
    inline: list[dict[str, Any]] = []
    attached: list[dict[str, Any]] = []
    inline_indices = {about.index for about in message.inline}
    for number, about, octets in message.numbered_files():
        (inline if about.index in inline_indices else attached).append(_describe(number, about, octets))
    fields = {
        "From": write_address(sender),
        "To": write_addresses(to),
        "Cc": write_addresses(cc),
        "ReplyTo": write_addresses(message.addresses("reply-to")),
        "ReturnPath": return_path or sender.address,
        "Subject": make_line(message.header_text("subject"), SUBJECT_MAX),
        "ListUnsubscribe": read_list_unsubscribe(
            unfold_value(message.header_text("list-unsubscribe")),
            unfold_value(message.header_text("list-unsubscribe-post")),
        ),
        "Username": "",
        "Inline": inline,
        "Attachments": attached,
    }
    facts = HeadFacts(message.message_id, read_date(message.header_text("date")), bcc, (*to, *cc, *bcc))
    return facts, [
        to_json(fields)[1:-1],
        b',"Text":',
        *serialize_text(text),
        b',"HTML":',
        *serialize_text(html),
        b"}\n",
    ]


def write_beginning(listed: ListedMail, facts: HeadFacts) -> bytes:
    """Write what is said of a message beside its content."""
    mail = listed.mail
    fields = {
        "ID": str(mail.id),
        "MessageID": facts.message_id or make_message_id(mail.id),
        "Bcc": write_addresses(add_missing(facts.bcc, facts.named, mail.recipients)),
        "Date": facts.date or write_time(mail.date),
        "Tags": sort_tags(listed.tags),
        "Size": mail.size,
    }
    return to_json(fields)[:-1] + b","


def write_headers(data: bytes) -> tuple[None, Sequence[bytes]]:
    """Write all header fields: the values of each name, as they were sent."""
    return None, [to_json(dict(sorted(collect_headers(Message(data)).items())))]


def make_part(data: bytes, number: str) -> tuple[PartFacts, Sequence[bytes]]:
    """Return a part's octets, under a type that no browser runs.

    Raises:
        AttachmentNotFound: there is no such part.
    """
    for found, about, octets in Message(data).numbered_files():
        if found == number:
            kind = about.type if about.type in SAFE_TYPES else "application/octet-stream"
            return PartFacts(about.name or about.content_id, kind), [octets]
    raise AttachmentNotFound(f"the message has no part {number}")


def _describe(number: str, about: Attachment, octets: bytes) -> dict[str, Any]:
    return {
        "PartID": number,
        "FileName": about.name,
        "ContentType": about.type,
        "ContentID": about.content_id,
        "Size": len(octets),
        "Checksums": {
            "MD5": hashlib.md5(octets, usedforsecurity=False).hexdigest(),
            "SHA1": hashlib.sha1(octets, usedforsecurity=False).hexdigest(),
            "SHA256": hashlib.sha256(octets).hexdigest(),
        },
    }
