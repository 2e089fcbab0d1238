"""Reads who wants to read which inbox: a user name, or a response of PLAIN (RFC 4616)."""

from __future__ import annotations

import base64
import binascii

from edgemail.errors import AddressError
from edgemail.model import Address
from edgemail.pop3 import replies
from edgemail.pop3.outputs import OpenInbox, Pop3Reply


def read_inbox(name: bytes, default_domain: str | None) -> str | None:
    """Return the inbox of an address, in any case; None where it is not an address."""
    try:
        text = name.decode().strip()
        if "@" not in text and default_domain is not None:
            text = f"{text}@{default_domain}"
        return Address.parse(text).inbox
    except (UnicodeDecodeError, AddressError):
        return None


def read_plain(line: bytes, default_domain: str | None) -> OpenInbox | Pop3Reply:
    """Read a response in base64: whose inbox, who asks, and the password. Return the refusal if it is none."""
    try:
        parts = base64.b64decode(line, validate=True).split(b"\0", 2)
    except binascii.Error:
        return replies.BAD_BASE64
    if len(parts) != 3:
        return replies.BAD_RESPONSE
    acts_for, name, secret = parts
    inbox = read_inbox(acts_for or name, default_domain)
    if inbox is None:
        return replies.BAD_ADDRESS
    who = None if acts_for in (b"", name) else name.decode("utf-8", "surrogateescape")
    return OpenInbox(inbox, secret, who)
