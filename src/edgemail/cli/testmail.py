"""Makes a test mail like those that confirm an address: text, HTML, a code, a link, an image, an attachment."""

from __future__ import annotations

import secrets
import struct
import zlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from functools import cache

_WIDTH = 240
_HEIGHT = 60


def make_testmail(sender: str, recipient: str, number: int, count: int) -> EmailMessage:
    """Return mail `number` of `count`, with its own code and link."""
    code = f"{secrets.randbelow(1_000_000):06}"
    link = f"https://example.org/confirm?token={secrets.token_urlsafe(16)}"
    part = f" ({number} of {count})" if count > 1 else ""
    image_id = make_msgid(domain="example.org")

    mail = EmailMessage()
    mail["From"] = Address("edgemail", addr_spec=sender)
    mail["To"] = recipient
    mail["Subject"] = f"Your code is {code}{part}"
    mail["Date"] = localtime()
    mail["Message-ID"] = make_msgid(domain="example.org")
    mail.set_content(
        f"Hello,\n\nyour verification code is {code}.\n\nOr confirm your address here:\n{link}\n\n"
        "This is a test mail from `edgemail send`.\n"
    )
    mail.add_alternative(
        f'<p>Hello,</p><p>your verification code is <b style="font-size: 150%">{code}</b>.</p>'
        f'<p><a href="{link}">Confirm your address</a></p>'
        f'<p><img src="cid:{image_id[1:-1]}" width="{_WIDTH}" height="{_HEIGHT}" alt="A band of colours"></p>'
        "<p>This is a test mail from <code>edgemail send</code>.</p>",
        subtype="html",
    )
    html = mail.get_payload()[1]  # type: ignore[index]  # multipart/alternative by now: text, then HTML
    html.add_related(make_png(), "image", "png", cid=image_id, filename="colours.png", disposition="inline")  # type: ignore[union-attr]
    mail.add_attachment(f"code,link\r\n{code},{link}\r\n".encode(), "text", "csv", filename="confirmation.csv")
    return mail


@cache
def make_png() -> bytes:
    """Return a band of colours as a PNG (RFC 2083)."""
    row = b"".join(bytes((255 * x // _WIDTH, 120, 255 - 255 * x // _WIDTH)) for x in range(_WIDTH))
    pixels = (b"\0" + row) * _HEIGHT  # each row says first that it is not filtered
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)  # 8 bits each of red, green, blue
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(pixels, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
