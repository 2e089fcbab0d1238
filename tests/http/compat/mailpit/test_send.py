"""`/send`: what is kept of it, what is refused, and how much of it at a time."""

from __future__ import annotations

import asyncio
import base64
import email.policy
import json
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from testkit.running_app import resolved_in, running
from testkit.waiting import until

from edgemail.errors import TooBusy
from edgemail.http.compat.bodies import as_fields
from edgemail.http.compat.mailpit.send import build_submission
from edgemail.http.compat.mailpit.submissions import SubmissionMemory

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from testkit.http_client import Answer
    from testkit.running_app import Program

SENDER = {"From": {"Email": "shop@example.org", "Name": "The Shop"}}
TO_KIM: dict[str, Any] = SENDER | {"To": [{"Email": "kim@example.org"}]}


async def send(program: Program, body: Any) -> Answer:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await program.ask("/api/v1/send", "POST", {}, octets)


def build(body: dict[str, Any]) -> EmailMessage:
    """Build a message, and read it with another reader."""
    data = build_submission(as_fields(body)).data
    assert b"\r\n\r\n" in data
    message: EmailMessage = BytesParser(policy=email.policy.default).parsebytes(data)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


async def test_it_is_kept_like_mail_that_came_by_smtp(program: Program) -> None:
    """In the inbox of each recipient, under a trace that names who asked."""
    answer = await send(
        program, TO_KIM | {"Cc": [{"Email": "Ann@Example.org"}], "Bcc": ["ben@example.org"], "Text": "Hello"}
    )
    assert answer.status == 200
    mail_id = answer.json()["ID"]
    for address in ("kim@example.org", "ann@example.org", "ben@example.org"):
        assert [message["id"] for message in await program.list_inbox(address)] == [int(mail_id)]
    raw = (await program.ask(f"/api/messages/{mail_id}/raw")).body
    assert raw.startswith(b"Return-Path: <shop@example.org>\r\nReceived: from [127.0.0.1] ([127.0.0.1])\r\n\tby ")
    assert b"with HTTP id " in raw
    assert b"ben@example.org" not in raw
    message = (await program.ask(f"/api/v1/message/{mail_id}")).json()
    assert (message["Bcc"], message["Text"]) == ([{"Name": "", "Address": "ben@example.org"}], "Hello")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain\n",
        "no end",
        "two\r\nlines\r\n",
        "é\n\nü",
        "a\rb",
        "\0",
        " blanks \n",
        "x" * 5000,
        ".\n..\n",
        "=3D=\n",
    ],
)
def test_texts_are_kept_to_the_character(text: str) -> None:
    """Whatever line ends they have, and however long their lines are."""
    message = build(TO_KIM | {"Text": text, "HTML": f"<p>{text}</p>"})
    parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    assert parts == [text.encode(), f"<p>{text}</p>".encode()]


def test_headers_are_one_line_each() -> None:
    """No field can begin another one, or another message."""
    evil = "a\r\nBcc: evil@example.org\r\n\r\nbody"
    message = build(
        {
            "From": {"Email": "shop@example.org", "Name": evil},
            "To": [{"Email": "kim@example.org", "Name": f'"{evil}" é'}],
            "ReplyTo": [{"Email": "reply@example.org", "Name": "Doe, John (x)"}],
            "Subject": evil,
            "Tags": [evil],
            "Headers": {"X-Evil": evil},
            "Attachments": [
                {"Content": "eA==", "Filename": evil, "ContentType": f"text/x-a; {evil}", "ContentID": evil}
            ],
        }
    )
    assert message["bcc"] is None
    assert message["x-evil"] == "a Bcc: evil@example.org body"
    assert message["reply-to"] == '"Doe, John (x)" <reply@example.org>'
    assert {part.get_content_type() for part in message.walk()} == {"multipart/related", "text/plain", "text/x-a"}


def test_files_and_images() -> None:
    """Images that the HTML names stand beside it; a type is told by the octets where none is given."""
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    message = build(
        TO_KIM
        | {
            "HTML": '<img src="cid:logo">',
            "Attachments": [
                {"Content": png, "Filename": "a.png", "ContentID": "<logo>"},
                {"Content": f"data:image/png;base64,{png}", "Filename": "ü b.png", "ContentType": "image/x-mine"},
                {"Content": "AA==", "Filename": "c", "ContentType": "message/rfc822"},
                {"Content": ""},
            ],
        }
    )
    related, *attached = message.iter_parts()
    assert related.get_content_type() == "multipart/related"
    shape = [(part.get_content_type(), part.get_filename(), part["content-id"]) for part in related.iter_parts()]
    assert shape == [("multipart/alternative", None, None), ("image/png", "a.png", "<logo>")]
    assert [(part.get_content_type(), part.get_filename()) for part in attached] == [
        ("image/x-mine", "ü b.png"),
        ("application/octet-stream", "c"),
        ("text/plain", None),
    ]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "EOF"),
        (b"[]", "the body is not a JSON object"),
        ({"To": [{"Email": "kim@example.org"}]}, "error building message: from not set"),
        (SENDER, "error building message: no recipients (to, cc, bcc) set"),
        (SENDER | {"To": [{"Email": "kim"}]}, "invalid To address: kim"),
        (SENDER | {"Cc": [{"Email": "a@b@c"}]}, "invalid Cc address: a@b@c"),
        (SENDER | {"Bcc": [""]}, "invalid Bcc address: "),
        (TO_KIM | {"ReplyTo": [{}]}, "invalid Reply-To address: "),
        ({"From": {"Email": "shop"}, "Bcc": ["kim@example.org"]}, "invalid From address: shop"),
        (TO_KIM | {"Headers": {"bcc": "x"}}, 'cannot overwrite header: "bcc"'),
        (TO_KIM | {"Headers": {"X-Tags": "x"}, "Tags": ["a"]}, 'cannot overwrite header: "X-Tags"'),
        (TO_KIM | {"Headers": {"X:Y": "x"}}, '"X:Y" is not the name of a header'),
        (TO_KIM | {"Headers": {"X-A": 7}}, 'the header "X-A" is not a string'),
        (TO_KIM | {"Headers": {"X-A": "x" * 9000}}, 'the header "X-A" is too long'),
        (TO_KIM | {"Text": 7}, "text is not a string"),
        (TO_KIM | {"To": "kim@example.org"}, "to is not a list"),
        (TO_KIM | {"Attachments": [{}] * 101}, "there are more than 100 attachments"),
        (SENDER | {"Bcc": [f"{n}@example.org" for n in range(101)]}, "there are more than 100 recipients"),
    ],
)
async def test_what_is_no_message_is_refused(lasting: Program, body: Any, error: str) -> None:
    """With 400, as JSON: this route alone answers so."""
    answer = await send(lasting, body)
    assert (answer.status, answer.json()) == (400, {"Error": error})


test_what_is_no_message_is_refused = pytest.mark.asyncio(loop_scope="module")(test_what_is_no_message_is_refused)


async def test_attachments_that_cannot_be_decoded(program: Program) -> None:
    answer = await send(program, TO_KIM | {"Attachments": [{"Content": "é", "Filename": "f"}]})
    assert answer.status == 400
    assert answer.json()["Error"].startswith('error decoding base64 attachment "f": ')


async def test_a_domain_that_is_not_served(tmp_path: Path) -> None:
    """What SMTP refuses is refused here, too."""
    async with running(resolved_in(tmp_path, domain="example.org", mode="dev")) as program:
        assert (await send(program, TO_KIM)).status == 200
        answer = await send(program, SENDER | {"To": [{"Email": "kim@elsewhere.example"}]})
        assert answer.json() == {"Error": "no mail is taken for kim@elsewhere.example"}


async def test_a_message_may_be_as_large_as_by_smtp(tmp_path: Path) -> None:
    """Its JSON too; any other body has the limit of all bodies."""
    settings = resolved_in(tmp_path, max_message_bytes="3MiB", max_http_body="1MiB", base_path="/mail")
    async with running(settings) as program:
        text = ("x" * 98 + "\n") * 25_000
        large = json.dumps(TO_KIM | {"Text": text}).encode()
        for path in ("/api/v1/send", "/api/v1/send?x=1", "/mail/api/v1/send"):
            answer = await program.ask(path, "POST", {}, large)
            assert answer.status == 200, answer.body
        message = (await program.ask("/api/v1/message/latest")).json()
        assert message["Text"] == text
        assert (await send(program, TO_KIM | {"Text": "x" * (3 * 2**20)})).status == 413
        grows = json.dumps(TO_KIM | {"Text": "é" * 1_450_000}, ensure_ascii=False).encode()
        answer = await send(program, grows)
        assert (answer.status, answer.json()) == (413, {"Error": "the message is too large"})
        for method, path in (("PUT", "/api/v1/tags"), ("DELETE", "/api/v1/messages"), ("PUT", "/api/v1/send")):
            assert (await program.ask(path, method, {}, b" " * (2**20 + 1))).status == 413, path


def test_bodies_under_way_share_a_bound() -> None:
    """One source has half of it; what is over is given back."""
    memory = SubmissionMemory(1_000)
    with memory.hold("a") as first, memory.hold("b") as other:
        first.grow(2_000)
        with pytest.raises(TooBusy):
            first.grow(1)
        other.grow(2_000)
        with memory.hold("c") as third, pytest.raises(TooBusy):
            third.grow(1)
    with memory.hold("c") as third:
        third.grow(2_000)


async def test_a_sender_that_hangs_up_leaves_nothing(program: Program) -> None:
    """Neither a message nor a traceback nor a task."""
    before = asyncio.all_tasks()
    at = urlsplit(program.url)
    _, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(
        b"POST /api/v1/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n" + b" " * 100_000
    )
    await writer.drain()
    await until(lambda: len(asyncio.all_tasks()) > len(before))
    writer.transport.abort()
    await until(lambda: asyncio.all_tasks() <= before)
    assert (await program.ask("/api/v1/messages")).json()["total"] == 0


async def test_its_tags_are_there_at_once(program: Program) -> None:
    """A test that has sent a message looks for it by its tag."""
    mail_id = (await send(program, TO_KIM | {"Tags": ["b", "a"]})).json()["ID"]
    found = (await program.ask("/api/v1/search?query=tag:a")).json()["messages"]
    assert [(message["ID"], message["Tags"]) for message in found] == [(mail_id, ["a", "b"])]


async def test_without_room_it_is_refused_for_now(tmp_path: Path) -> None:
    """As SMTP does while the disk is low."""
    async with running(resolved_in(tmp_path, min_free="99.99%")) as program:
        answer = await send(program, TO_KIM)
        assert answer.status == 503
        assert "there is no room for mail" in answer.json()["Error"]


@pytest.mark.parametrize("entry", [b"[]", b"{}", b"1", b'{"a":""}', b'""'])
async def test_a_body_of_many_small_values_is_refused_before_they_are_made(program: Program, entry: bytes) -> None:
    """Each takes 64 octets of memory: 25 MiB of them took 600 MiB, and ten seconds for everybody."""
    body = b'{"Tags":[' + b",".join([entry] * 100_001) + b"]}"
    answer = await send(program, body)
    assert (answer.status, answer.json()) == (400, {"Error": "the body has more than 100000 values"})


async def test_punctuation_in_a_text_is_no_value(program: Program) -> None:
    text = 'a,b[c{d\\,"' * 60_000
    answer = await send(program, TO_KIM | {"Text": text})
    assert answer.status == 200
    assert (await program.ask(f"/api/v1/message/{answer.json()['ID']}")).json()["Text"] == text
