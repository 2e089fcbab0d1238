"""Messages that are attached to messages: parsed, with attachments of their own."""

from __future__ import annotations

import re
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from testkit.http_client import inbox_path
from testkit.running_app import ANN

from edgemail.mailbox.attached import DEPTH_MAX

if TYPE_CHECKING:
    from testkit.running_app import Program

pytestmark = pytest.mark.asyncio(loop_scope="module")

OCTETS = bytes(range(256))


def wrap(inner: EmailMessage, subject: str) -> EmailMessage:
    """Return a message with a file of three octets and another message, in this order."""
    outer = EmailMessage()
    outer["Subject"] = subject
    outer["From"] = "Bob <bob@sender.example>"
    outer.set_content("See the message.\n")
    outer.add_attachment(b"abc", maintype="application", subtype="pdf", filename="a.pdf")
    outer.add_attachment(inner)
    return outer


def innermost() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Grüße"
    mail["From"] = "Eve <eve@else.example>"
    mail.set_content("Your verification code is 481223.\n")
    mail.add_attachment(OCTETS, maintype="application", subtype="zip", filename="all.zip")
    return mail


async def test_an_attached_message_reads_as_a_message(lasting: Program) -> None:
    """Under its address and by id alike; it has no envelope, and its codes are its own."""
    (mail_id,) = await lasting.send(wrap(innermost(), "Forwarded").as_bytes().replace(b"\n", b"\r\n"))
    for message in (f"/api/messages/{mail_id}", inbox_path(ANN, f"/messages/{mail_id}")):
        assert (await lasting.ask(message)).json()["codes"] == []
        answer = await lasting.ask(f"{message}/attachments/1/message")
        inner = answer.json()
        assert answer.headers["content-type"] == "application/json"
        assert not set(inner) & {"id", "date", "sender", "recipients"}
        assert (inner["subject"], inner["from"]) == ("Grüße", "Eve <eve@else.example>")
        assert [code["code"] for code in inner["codes"]] == ["481223"]
        assert inner["text"].strip() == "Your verification code is 481223."
        assert [(part["index"], part["name"]) for part in inner["attachments"]] == [(0, "all.zip")]
        octets = await lasting.ask(f"{message}/attachments/1")
        assert inner["size"] == len(octets.body)


async def test_attachments_of_attached_messages_have_the_numbers_of_both(lasting: Program) -> None:
    """Each level adds a number; each path is another resource with another ETag."""
    outer = wrap(wrap(innermost(), "Second"), "First")
    (mail_id,) = await lasting.send(outer.as_bytes().replace(b"\n", b"\r\n"))
    message = f"/api/messages/{mail_id}/attachments"
    assert (await lasting.ask(f"{message}/1/message")).json()["subject"] == "Second"
    assert (await lasting.ask(f"{message}/1.1/message")).json()["subject"] == "Grüße"
    answer = await lasting.ask(f"{message}/1.1.0")
    assert answer.body == OCTETS
    assert answer.headers["content-disposition"].endswith("''all.zip")
    assert (await lasting.ask(f"{message}/1.0")).body == b"abc"
    etags = {(await lasting.ask(f"{message}/{path}")).headers["etag"] for path in ("0", "1", "1.0", "1.1", "1.1.0")}
    assert len(etags) == 5


async def test_what_is_no_message_is_not_found(lasting: Program) -> None:
    """Nor is anything in it, nor what is attached at no number."""
    (mail_id,) = await lasting.send(wrap(innermost(), "First").as_bytes().replace(b"\n", b"\r\n"))
    for path in ("0/message", "2/message", "0.0", "1.0/message", "1.5", "1.0.0"):
        answer = await lasting.ask(f"/api/messages/{mail_id}/attachments/{path}")
        assert answer.status == 404, path
        assert "attachment" in answer.json()["detail"]


async def test_a_message_that_has_only_its_name_to_say_so_is_one(lasting: Program) -> None:
    """Some programs attach a saved message as any other file."""
    outer = EmailMessage()
    outer.set_content("See the file.\n")
    outer.add_attachment(
        b"Subject: Saved\r\n\r\nText.\r\n", maintype="application", subtype="octet-stream", filename="Mail.EML"
    )
    (mail_id,) = await lasting.send(outer.as_bytes().replace(b"\n", b"\r\n"))
    answer = await lasting.ask(f"/api/messages/{mail_id}/attachments/0/message")
    assert answer.json()["subject"] == "Saved"


TOO_DEEP = ".".join("0" * (DEPTH_MAX + 1))


@pytest.mark.parametrize("wrong", ["", "x", "-1", "1.", ".1", "1..1", "1,0", "1" * 10, TOO_DEEP])
async def test_what_is_no_path_is_named(lasting: Program, wrong: str) -> None:
    for rest in ("", "/message"):
        answer = await lasting.ask(f"/api/messages/1/attachments/{wrong}{rest}")
        if wrong:
            assert (answer.status, answer.json()["detail"][:3]) == (422, "n: ")
        else:
            assert answer.status == 404


async def test_messages_in_one_another_end_at_a_bound(lasting: Program) -> None:
    """A path of as many numbers as there may be is read."""
    nested = innermost()
    for level in range(DEPTH_MAX + 1):
        outer = EmailMessage()
        outer["Subject"] = f"Level {level}"
        outer.set_content("x\n")
        outer.add_attachment(nested)
        nested = outer
    (mail_id,) = await lasting.send(nested.as_bytes().replace(b"\n", b"\r\n"))
    path = ".".join("0" * DEPTH_MAX)
    answer = await lasting.ask(f"/api/messages/{mail_id}/attachments/{path}/message")
    assert answer.json()["subject"] == "Level 0"


async def test_an_attached_message_needs_the_same_key_as_its_message(lasting: Program) -> None:
    """Another address does not find it, and says no more than of a message that never was."""
    data = wrap(innermost(), "Mine").as_bytes().replace(b"\n", b"\r\n")
    (mail_id,) = await lasting.send(data, to=("eve@example.org",))
    paths = [inbox_path(ANN, f"/messages/{number}/attachments/1/message") for number in (mail_id, 10**9)]
    foreign, never = [await lasting.ask(path) for path in paths]
    assert (foreign.status, never.status) == (404, 404)
    bodies = [re.sub(rb"message \d+", b"message ID", answer.body) for answer in (foreign, never)]
    assert bodies[0] == bodies[1]
