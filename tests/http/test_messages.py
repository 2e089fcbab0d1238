"""One message: parsed, raw, its attachments, and its deletion."""

from __future__ import annotations

from email.message import EmailMessage
from urllib.parse import quote, unquote

import pytest
from testkit.running_app import ANN, Program
from testkit.sample_mail import letter

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE_NAMES = (
    'quote".txt',
    "back\\slash.txt",
    "../../etc/passwd",
    "C:\\Windows\\system.ini",
    "line\r\nSet-Cookie: a=b",
    "semi;colon=1.txt",
    "ünïcödé ☃.txt",
    "per%22cent%0d%0a.txt",
    "a" * 1000,
    "",
)


def with_attachment(name: str, octets: bytes, media_type: str = "text/html") -> bytes:
    """Return a message whose attachment has any name, as RFC 2231 allows."""
    return letter(
        "File",
        "--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
        f"--b\r\nContent-Type: {media_type}\r\nContent-Transfer-Encoding: 8bit\r\n"
        f"Content-Disposition: attachment; filename*=UTF-8''{quote(name, safe='')}\r\n\r\n"
        f"{octets.decode()}\r\n--b--",
        extra='MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n',
    )


async def test_a_message_comes_taken_apart(lasting: Program) -> None:
    """It has the listing's fields, headers, text, HTML as sent, and every link."""
    mail = EmailMessage()
    mail["From"] = "Bob <bob@sender.example>"
    mail["Subject"] = "Grüße"
    mail["X-Twice"] = "one"
    mail.set_content("Text at https://plain.example/page\n")
    mail.add_alternative("<p onclick=x>HTML<script>alert(1)</script> <a href=https://h.example/x>y</a></p>", "html")
    (mail_id,) = await lasting.send(mail.as_bytes().replace(b"\n", b"\r\n"))
    message = (await lasting.ask(f"/api/messages/{mail_id}")).json()
    listed = (await lasting.list_inbox())[0]
    assert {name: message[name] for name in listed if name != "links"} == {
        name: value for name, value in listed.items() if name != "links"
    }
    assert set(message) - set(listed) == {"bcc", "reply_to", "inline", "headers", "text", "html"}
    assert [sorted(header) for header in message["headers"]] == [["name", "raw", "value"]] * len(message["headers"])
    assert message["text"].strip() == "Text at https://plain.example/page"
    assert "<script>alert(1)</script>" in message["html"]
    headers = [(header["name"], header["value"]) for header in message["headers"]]
    assert [name for name, _ in headers[:2]] == ["Return-Path", "Received"]
    assert ("Subject", "Grüße") in headers
    assert ("X-Twice", "one") in headers
    assert {"https://plain.example/page", "https://h.example/x"} <= {link["url"] for link in message["links"]}
    assert listed["links"] == []


async def test_a_message_without_bodies_has_null_for_them(lasting: Program) -> None:
    """A missing text or HTML body is null."""
    (mail_id,) = await lasting.send(
        letter(extra='MIME-Version: 1.0\r\nContent-Type: application/zip; name="a.zip"\r\n', text="PK")
    )
    message = (await lasting.ask(f"/api/messages/{mail_id}")).json()
    assert (message["text"], message["html"]) == (None, None)


OCTETS = {
    "8-bit": b"Subject: x\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
    "dots": b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n",
    "no headers": b"just text\r\n",
    "long lines": b"Subject: x\r\n\r\n" + b"y" * 900 + b"\r\n",
    "a megabyte": b"Subject: x\r\n\r\n" + b"0123456789abcde\r\n" * 65_000,
}


@pytest.mark.parametrize("data", OCTETS.values(), ids=OCTETS.keys())
async def test_raw_is_what_was_sent_under_the_trace_lines(lasting: Program, data: bytes) -> None:
    """It comes octet for octet, as a download that no browser shows as a page."""
    (mail_id,) = await lasting.send(data)
    answer = await lasting.ask(f"/api/messages/{mail_id}/raw")
    assert answer.body.endswith(b"\r\n" + data)
    trace = answer.body.removesuffix(data)
    assert trace.startswith(b"Return-Path: <bounce@sender.example>\r\nReceived: ")
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert int(answer.headers["content-length"]) == (await lasting.list_inbox())[0]["size"]


async def test_an_attachment_never_comes_under_its_own_type(lasting: Program) -> None:
    """Hostile HTML or SVG must not run in this origin."""
    page = b"<script>fetch('/api/inboxes/x@y/messages')</script>"
    for media_type in ("text/html", "image/svg+xml", "application/javascript"):
        (mail_id,) = await lasting.send(with_attachment("page.html", page, media_type))
        (attachment,) = (await lasting.ask(f"/api/messages/{mail_id}")).json()["attachments"]
        assert (attachment["type"], attachment["size"]) == (media_type, len(page))
        answer = await lasting.ask(f"/api/messages/{mail_id}/attachments/0")
        assert answer.body == page
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
async def test_a_hostile_name_stays_a_name(lasting: Program, name: str) -> None:
    """No quote, line end or path separator of it gets into the header."""
    (mail_id,) = await lasting.send(with_attachment(name, b"x"))
    answer = await lasting.ask(f"/api/messages/{mail_id}/attachments/0")
    disposition = answer.headers["content-disposition"]
    encoded = disposition.removeprefix("attachment; filename*=UTF-8''")
    assert encoded.isascii()
    assert not set(encoded) & set("\"\\/;\r\n' ")
    shown = unquote(encoded)
    assert shown
    assert len(shown) <= 255
    assert not set(shown) & set("/\\\r\n\x00")
    assert "set-cookie" not in answer.headers
    assert answer.body == b"x"


async def test_a_plain_name_is_kept(lasting: Program) -> None:
    """Non-ASCII letters are kept too."""
    (mail_id,) = await lasting.send(with_attachment("Übersicht 2026.pdf", b"x", "application/pdf"))
    answer = await lasting.ask(f"/api/messages/{mail_id}/attachments/0")
    assert unquote(answer.headers["content-disposition"]).endswith("''Übersicht 2026.pdf")


async def test_deleting_a_message_takes_it_from_everyone(lasting: Program) -> None:
    """The response has no body; a second deletion is 404."""
    (mail_id,) = await lasting.send(letter(), to=("ben@example.org", "cat@example.org"))
    answer = await lasting.ask(f"/api/messages/{mail_id}", "DELETE")
    assert (answer.status, answer.body) == (204, b"")
    assert (await lasting.ask(f"/api/messages/{mail_id}", "DELETE")).status == 404
    assert await lasting.list_inbox("cat@example.org") == []
    assert (await lasting.ask(f"/api/messages/{mail_id}")).status == 404


async def test_the_envelope_decides_and_not_the_headers(lasting: Program) -> None:
    """A message reaches its envelope's recipients, whatever its To: says."""
    await lasting.send(letter("To: says ann"), to=("blind@example.org",))
    assert [message["subject"] for message in await lasting.list_inbox("blind@example.org")] == ["To: says ann"]
    assert "To: says ann" not in [message["subject"] for message in await lasting.list_inbox(ANN)]
