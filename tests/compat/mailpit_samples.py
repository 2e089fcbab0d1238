"""The messages that are sent to edgemail and were sent to Mailpit, to compare what both say of them."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
_DATE: Final = "Mon, 01 Jan 2024 10:00:00 +0200"


@dataclass(frozen=True, slots=True)
class CompatSample:
    """A message and its envelope's recipients. `tags` are those that it brings along."""

    name: str
    data: bytes
    recipients: tuple[str, ...] = ("kim@example.org",)
    tags: tuple[str, ...] = ()


def _letter(subject: str, **fields: str) -> EmailMessage:
    message = EmailMessage(SMTP)
    message["From"] = fields.pop("sender", "The Shop <hello@shop.example>")
    message["To"] = fields.pop("to", "Kim <kim@example.org>")
    message["Subject"] = subject
    message["Date"] = _DATE
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


def _with_boundaries(message: EmailMessage) -> bytes:
    """Write a message with boundaries that are the same each time."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"boundary-{number}")
    return message.as_bytes()


def _plain() -> bytes:
    message = _letter("Your order", Message_ID="<plain@shop.example>")
    message.set_content("Hello Kim,\n\nhere is your order.\nhttps://shop.example/o?a=1&b=2\n")
    return message.as_bytes()


def _page_alone() -> bytes:
    message = _letter("Only a page", Message_ID="<page@shop.example>", Reply_To="Reply <reply@shop.example>")
    message.set_content(
        '<p>Hello <a href="https://shop.example/x?a=1&amp;b=2">there</a></p><p>Your <b>code</b> is 123456<br>'
        "Keep it</p><ul><li>one</li><li>two</li></ul><div>first</div><div>second</div>",
        subtype="html",
    )
    return message.as_bytes()


def _all_parts() -> bytes:
    message = _letter(
        "All parts é", Message_ID="<parts@shop.example>", Cc="Second <second@example.org>, x@y.example"
    )
    message.set_content("The order with all its parts.\n")
    message.add_alternative('<p>See <img src="cid:logo@x"> and <a href="https://shop.example">us</a></p>', "html")
    page = message.get_payload(1)
    page.add_related(_PNG, "image", "png", cid="<logo@x>", filename="logo.png", disposition="inline")  # type: ignore[union-attr]
    message.add_attachment(b"%PDF-1.4 invoice", "application", "pdf", filename="invoice.pdf")
    message.add_attachment("a,b\n1,2\n", "csv", filename="tablé.csv")
    return _with_boundaries(message)


def _one_file() -> bytes:
    message = _letter("A file alone", Message_ID="<file@shop.example>")
    message.set_content(b"\x00\x01\x02", "application", "zip", filename="all.zip", disposition="attachment")
    return message.as_bytes()


def _attached_message() -> bytes:
    message = _letter("Forwarded", Message_ID="<forward@shop.example>")
    message.set_content("See below.\n")
    inner = _letter("The inner one", Message_ID="<inner@shop.example>")
    inner.set_content("Inner text.\n")
    message.add_attachment(inner)
    return _with_boundaries(message)


def _newsletter() -> bytes:
    message = _letter(
        "News of the week",
        sender='"News, Daily" <news@news.example>',
        Message_ID="<news@news.example>",
        List_Unsubscribe="<https://news.example/out?u=1>, <mailto:out@news.example>",
        List_Unsubscribe_Post="List-Unsubscribe=One-Click",
        X_Custom="folded " * 20,
    )
    message.set_content("News.\n")
    return message.as_bytes()


def _bad_unsubscribing() -> bytes:
    message = _letter("Bad list", Message_ID="<bad@news.example>", List_Unsubscribe="https://news.example/out")
    message.set_content("Bad.\n")
    return message.as_bytes()


def _tagged() -> bytes:
    message = _letter(
        "Tagged", to="kim+plus@example.org", Message_ID="<tags@shop.example>", X_Tags="Shop, Other tag"
    )
    message.set_content("Tagged.\n")
    return message.as_bytes()


SAMPLES: Final = (
    CompatSample("plain", _plain()),
    CompatSample("page alone", _page_alone()),
    CompatSample("all parts", _all_parts(), ("kim@example.org", "second@example.org", "hidden@example.org")),
    CompatSample("one file", _one_file()),
    CompatSample("attached message", _attached_message()),
    CompatSample("newsletter", _newsletter()),
    CompatSample("bad unsubscribing", _bad_unsubscribing()),
    CompatSample("tagged", _tagged(), ("kim+plus@example.org",), ("Shop", "Other tag", "plus")),
    CompatSample("nearly nothing", b"Subject: nearly\r\n\r\nnothing\r\n"),
    CompatSample(
        "encoded words",
        b"From: =?utf-8?q?J=C3=BCrg?= <jurg@shop.example>\r\nTo: =?utf-8?b?S8O8bQ==?= <kim@example.org>\r\n"
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_an?=\r\n =?utf-8?q?_alle?=\r\nDate: " + _DATE.encode() + b"\r\n"
        b"Message-ID: <words@shop.example>\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n",
    ),
)
