"""MailHog's, MailDev's, MailCatcher's and Inbucket's APIs where they have rules of their own."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
from testkit.running_app import resolved_in, running
from testkit.sample_mail import letter
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.http_client import Answer
    from testkit.running_app import Program

HUGE = (
    "0",
    "-1",
    "01",
    "9" * 18,
    str(2**63 - 1),
    str(2**63),
    "9" * 400,
    "1e3",
    "%00",
    "latest",
    "..",
    "%2e%2e%2f1",
    "%D9%A1",
)
ONE = (
    "/api/v1/messages/{}", "/api/v1/messages/{}/download", "/api/v1/messages/{}/mime/part/0/download",
    "/email/{}", "/email/{}/html", "/email/{}/source", "/email/{}/download", "/email/{}/attachment/a",
    "/messages/{}.json", "/messages/{}.html", "/messages/{}.plain", "/messages/{}.source", "/messages/{}.eml",
    "/messages/{}/parts/a", "/api/v1/mailbox/nobody/{}", "/api/v1/mailbox/nobody/{}/source",
    "/serve/mailbox/nobody/{}/html", "/serve/mailbox/nobody/{}/attach/0/a",
)  # fmt: skip
NAMES = ("a", "%00", "x" * 2000, "%F0%9F%98%80", "..%2F..%2Fetc", "%0d%0aX-A:%20b", '"', "<>")
ATTACHED = (
    b"Subject: Files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>\r\n"
    b'--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename="a\\"b/../c.html"\r\n'
    b"Content-ID: <x/y@z>\r\n\r\n<script>alert(2)</script>\r\n--b--\r\n"
)


async def ask(program: Program, method: str, path: str, body: Any = None) -> Answer:
    octets = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return await program.ask(path, method, {}, octets)


async def get(program: Program, path: str) -> Any:
    answer = await program.ask(path)
    assert answer.status == 200, answer.body
    return answer.json()


async def test_ids_and_names_that_are_none_are_not_found(program: Program) -> None:
    """Whatever they are made of; nothing of them is a header."""
    (mail_id,) = await program.send(ATTACHED)
    for path in ONE:
        for text in HUGE:
            answer = await program.ask(path.format(text))
            assert answer.status in (404, 405), (path, text, answer.status)
    for path in (f"/email/{mail_id}/attachment/", f"/messages/{mail_id}/parts/",
                 f"/api/v1/messages/{mail_id}/mime/part/", "/api/v1/mailbox/"):  # fmt: skip
        for name in NAMES:
            answer = await program.ask(f"{path}{name}{'/download' if 'mime' in path else ''}")
            assert answer.status in (200, 400, 404, 414, 431, 500), (path, name)
            assert answer.headers["x-a"] is None


async def test_what_a_browser_would_run_is_in_a_sandbox_or_under_no_type_that_it_runs(program: Program) -> None:
    (mail_id,) = await program.send(ATTACHED, to=("kim@example.org",))
    for path in (f"/email/{mail_id}/html", f"/messages/{mail_id}.html", f"/serve/mailbox/kim/{mail_id}/html"):
        answer = await program.ask(path)
        assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")
        assert answer.headers["content-security-policy"].startswith("sandbox allow-popups ")
    (about,) = (await get(program, f"/email/{mail_id}"))["attachments"]
    (link,) = [
        part["download-link"] for part in (await get(program, f"/api/v1/mailbox/kim/{mail_id}"))["attachments"]
    ]
    for path in (
        f"/email/{mail_id}/attachment/{about['generatedFileName']}",
        f"/email/{mail_id}/attachment/{quote(about['filename'], safe='')}",
        f"/messages/{mail_id}/parts/x%2Fy@z",
        f"/api/v1/messages/{mail_id}/mime/part/1/download",
        link.removeprefix(program.url),
    ):
        answer = await program.ask(path)
        if "%2F" in path and answer.status == 404:
            continue  # a slash in a name is a slash in a path: its generated name is there for that
        assert (answer.status, answer.headers.get_content_type()) == (200, "application/octet-stream"), path
        assert answer.body == b"<script>alert(2)</script>"


async def test_a_slow_reader_of_whole_messages_holds_one_of_them(program: Program) -> None:
    """What is deleted meanwhile is left out, and the list is whole."""
    large = letter("Large", "x" * 76 + "\r\n" + ("y" * 76 + "\r\n") * 20_000)
    for _ in range(12):
        await program.send(large)
    for path, key in (("/api/v2/messages?limit=250", "items"), ("/email", None)):
        ids = [message["id"] for message in await get(program, "/messages")]
        reading = await asyncio.to_thread(SlowReader, program, path)
        await ask(program, "DELETE", f"/messages/{ids[len(ids) // 2]}")
        listed = json.loads(await asyncio.to_thread(reading.read_on))
        messages = listed[key] if key else listed
        assert len(messages) == len(ids) - 1  # it was not made yet: sockets hold less than six of these
        if key:
            assert listed["count"] == len(messages)
        assert {len(message["Raw"]["Data"] if key else message["text"]) > 10**6 for message in messages} == {True}
        left = [message["id"] for message in await get(program, "/messages")]
        assert len(left) == len(ids) - 1


class SlowReader:
    """Reads the beginning of an answer, and the rest when it is asked for."""

    def __init__(self, program: Program, path: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(program.url).netloc, timeout=PATIENCE_S)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self._connection.request("GET", path)
        self._answer = self._connection.getresponse()
        self._beginning = self._answer.read(1000)

    def read_on(self) -> bytes:
        with contextlib.closing(self._connection):
            return self._beginning + self._answer.read()


@pytest.mark.parametrize("start", ["", "/api"])
async def test_maildev_lists_what_is_like_the_filters(program: Program, start: str) -> None:
    """Exactly, at any path; oldest first, unless it is sorted."""
    for number in range(3):
        await program.send(letter(f"Number {number}", extra="X-Shop: yes\r\n" if number else ""))
    await program.send(
        letter("Other", sender="Kim <kim@other.example>"), to=("a@example.org", "hidden@example.org")
    )

    async def find(query: str) -> list[str]:
        return [email["subject"] for email in await get(program, f"{start}/email{query}")]

    assert await find("") == ["Number 0", "Number 1", "Number 2", "Other"]
    assert await find("?sort=desc") == ["Other", "Number 2", "Number 1", "Number 0"]
    assert await find("?skip=1&limit=2") == ["Number 1", "Number 2"]
    assert await find("?skip=1&limit=2&sort=desc") == ["Number 2", "Number 1"]
    assert await find("?limit=0") == []
    assert await find("?limit=x&skip=-1") == ["Number 0", "Number 1", "Number 2", "Other"]
    assert await find("?subject=Number%201") == ["Number 1"]
    assert await find("?subject=number%201") == []
    assert await find("?from.address=kim@other.example&from.name=Kim") == ["Other"]
    assert await find("?headers.x-shop=yes&limit=1&skip=1") == ["Number 2"]
    assert await find("?envelope.to.address=hidden@example.org") == ["Other"]
    assert await find("?calculatedBcc.address=hidden@example.org&read=false") == ["Other"]
    assert await find("?nothing.like.this=1") == []
    assert (await program.ask(f"{start}/email?" + "&".join(f"a{n}=1" for n in range(40)))).status == 400


async def test_maildev_reads_deletes_and_refuses(program: Program) -> None:
    """One, some, all; it is read once it was opened. Nothing is sent on."""
    first, second, third = await program.send_letter("One", "Two", "Three")
    assert (await get(program, f"/email/{first}"))["read"] is True
    assert [email["read"] for email in await get(program, "/api/email")] == [True, False, False]
    assert (await ask(program, "PATCH", "/email/read-all")).json() == 2
    relayed = await ask(program, "POST", f"/email/{first}/relay/kim@example.org")
    assert (relayed.status, relayed.json()) == (500, {"error": "Outgoing mail not configured"})
    assert (await get(program, "/config"))["smtpPort"] == program.smtp[1]
    bodies: tuple[Any, ...] = (None, {}, {"ids": []}, {"ids": [" "]})
    for body in bodies:
        assert (await ask(program, "POST", "/email/delete", body)).status == 400
    deleted = await ask(program, "POST", "/api/email/delete", {"ids": [str(second), "x", str(second)]})
    assert deleted.json() == {"deleted": [str(second)], "notFound": ["x"]}
    assert (await ask(program, "DELETE", f"/email/{third}")).json() is True
    assert (await ask(program, "DELETE", f"/email/{third}")).json() == {"error": "Email was not found"}
    assert (await ask(program, "DELETE", "/email/all")).json() is True
    assert await get(program, "/email") == []
    assert await get(program, "/api/healthz") is True
    assert (await program.ask("/email", "HEAD")).status == 200
    assert (await program.ask("/email", "PUT")).status == 404


async def test_maildev_summaries(program: Program) -> None:
    """A page from either end, what is not read, what has some words."""
    first, *_ = await program.send_letter("One", "Two", "Three")
    await get(program, f"/email/{first}")
    page = await get(program, "/api/email/summary?limit=2&skip=1")
    assert [item["subject"] for item in page.pop("items")] == ["Two", "One"]
    assert page == {"total": 3, "storeTotal": 3, "unread": 2, "skip": 1, "limit": 2}
    oldest = await get(program, "/api/email/summary?limit=2&sort=asc")
    assert [item["subject"] for item in oldest["items"]] == ["One", "Two"]
    assert (await get(program, "/api/email/summary?sort=asc&skip=9"))["items"] == []
    found = await get(program, "/api/email/summary?unread=true&search=t")
    assert ([item["subject"] for item in found["items"]], found["total"], found["storeTotal"]) == (
        ["Three", "Two"],
        2,
        3,
    )


async def test_mailhog_lists_by_envelope_and_header(program: Program) -> None:
    """Newest first; limits as there; junk is the default."""
    for number in range(55):
        await program.send(letter(str(number), sender="Bob <bob@head.example>"), to=(f"u{number}@example.org",))
    listed = await get(program, "/api/v2/messages")
    assert (listed["total"], listed["count"], listed["start"]) == (55, 50, 0)
    assert listed["items"][0]["Content"]["Headers"]["Subject"] == ["54"]
    assert (await get(program, "/api/v2/messages?limit=0&start=-3"))["count"] == 50
    assert (await get(program, "/api/v2/messages?limit=999&start=50"))["count"] == 5
    assert (await get(program, "/api/v2/messages?start=99"))["items"] == []
    found = await get(program, "/api/v2/search?kind=to&query=U54@")
    assert [item["To"][0]["Mailbox"] for item in found["items"]] == ["u54"]
    assert (await get(program, "/api/v2/search?kind=to&query=ann@"))["total"] == 55
    assert (await get(program, "/api/v2/search?kind=from&query=bob@head"))["total"] == 55
    for query in ("kind=to", "kind=to&query=", "query=x", "kind=subject&query=x", ""):
        assert (await program.ask(f"/api/v2/search?{query}")).status == 400
    assert (await program.ask("/api/v2/messages", "POST")).status == 404


async def test_mailhog_has_parts_as_they_came(program: Program) -> None:
    """Each level of a multipart with its body, undecoded, within a bound for hostile nesting."""
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(40))
    (mail_id,) = await program.send(b"Subject: deep\r\nMIME-Version: 1.0\r\n" + deep + b"\r\n" + b"z" * 200_000)
    answer = await program.ask(f"/api/v1/messages/{mail_id}")
    assert len(answer.body) < 7 * 200_000
    item, levels = answer.json(), 0
    parts = item["MIME"]["Parts"]
    while parts and parts[0]["MIME"]:
        parts, levels = parts[0]["MIME"]["Parts"], levels + 1
    assert levels >= 30
    (mail_id,) = await program.send(ATTACHED)
    page, file = (await get(program, f"/api/v1/messages/{mail_id}"))["MIME"]["Parts"]
    assert (page["Body"], page["MIME"], page["Headers"]) == (
        "<script>alert(1)</script>", None, {"Content-Type": ["text/html"]},
    )  # fmt: skip
    assert page["Size"] == len("Content-Type: text/html\r\n\r\n<script>alert(1)</script>")
    assert file["Headers"]["Content-ID"] == ["<x/y@z>"]


async def test_octets_that_are_no_text_are_replaced(program: Program) -> None:
    """A character that is cut by a slice is none of these."""
    text = ("é" * 40_000).encode()
    (mail_id,) = await program.send(b"Subject: x\r\n\r\ny" + text + b"\xff")
    assert (await get(program, f"/api/v1/messages/{mail_id}"))["Content"][
        "Body"
    ] == "y" + "é" * 40_000 + "\ufffd\r\n"


async def test_jim_is_the_chaos_of_everybody(tmp_path: Path) -> None:
    """He comes, refuses and goes; rules for some addresses stay. What he cannot do here is refused."""
    async with running(resolved_in(tmp_path, chaos_api="on")) as program:
        own = {"stage": "rcpt", "code": 452, "percent": 100.0, "times": None, "glob": "x@example.org"}
        await ask(program, "PUT", "/api/chaos", {"rules": [own]})
        assert [(await program.ask("/api/v2/jim", method)).status for method in ("GET", "PUT", "DELETE")] == [
            404
        ] * 3
        assert (await ask(program, "POST", "/api/v2/jim")).status == 201
        assert (await ask(program, "POST", "/api/v2/jim")).status == 400
        chances = {"AcceptChance": 0.75, "rejectsenderchance": 0.5, "RejectAuthChance": 1}
        assert (await ask(program, "PUT", "/api/v2/jim", chances)).status == 200
        told = await get(program, "/api/v2/jim")
        assert (told["AcceptChance"], told["RejectSenderChance"], told["RejectRecipientChance"]) == (0.75, 0.5, 0)
        rules = (await get(program, "/api/chaos"))["rules"]
        assert rules[0] == own
        assert {(rule["stage"], rule["code"], rule["percent"]) for rule in rules[1:]} == {
            ("connect", 421, 25.0), ("mail", 451, 50.0), ("auth", 535, 100.0),
        }  # fmt: skip
        wrong = ({"DisconnectChance": 0.1}, {"LinkSpeedAffect": 1}, {"AcceptChance": 2}, {"AcceptChance": "1"},
                 b"[]", b"{", {"AcceptChance": -1}, {"RejectAuthChance": 2}, b'{"AcceptChance":1e999}')  # fmt: skip
        for body in wrong:
            assert (await ask(program, "PUT", "/api/v2/jim", body)).status == 400, body
        assert await get(program, "/api/v2/jim") == told
        assert (await program.ask("/api/v2/jim", "DELETE")).status == 200
        assert (await get(program, "/api/chaos"))["rules"] == [own]


async def test_without_the_chaos_api_there_is_no_jim(tmp_path: Path) -> None:
    async with running(resolved_in(tmp_path, chaos_api="off")) as program:
        assert {
            (await program.ask("/api/v2/jim", method)).status for method in ("GET", "POST", "PUT", "DELETE")
        } == {404}


async def test_mailcatcher_gives_each_format(program: Program) -> None:
    """As raw readers in PHP and Ruby ask for them."""
    (plain,) = await program.send(letter("Plain", "Just text."), to=("kim@example.org", "second@example.org"))
    (mail_id,) = await program.send(ATTACHED)
    listed = await get(program, "/messages")
    assert [(message["id"], message["subject"]) for message in listed] == [(plain, "Plain"), (mail_id, "Files")]
    assert listed[0]["recipients"] == ["<kim@example.org>", "<second@example.org>"]
    assert listed[0]["sender"].startswith("<")
    assert isinstance(listed[0]["size"], str)
    assert listed[0]["created_at"].endswith("+00:00")
    whole = await get(program, f"/messages/{mail_id}.json")
    assert (whole["type"], whole["formats"]) == ("multipart/mixed", ["source", "html"])
    assert [(part["cid"], part["type"]) for part in whole["attachments"]] == [("x/y@z", "text/html")]
    assert (await get(program, f"/messages/{plain}.json"))["formats"] == ["source", "plain"]
    assert (await program.ask(f"/messages/{plain}.plain")).body.strip() == b"Just text."
    assert (await program.ask(f"/messages/{plain}.html")).status == 404
    source, eml = [await program.ask(f"/messages/{plain}.{kind}") for kind in ("source", "eml")]
    assert source.body == eml.body
    assert (source.headers.get_content_type(), eml.headers.get_content_type()) == ("text/plain", "message/rfc822")
    assert (await program.ask("/messages", "HEAD")).status == 200
    assert (await program.ask("/messages", "POST")).status == 404
    assert [(await program.ask(f"/messages/{plain}", "DELETE")).status for _ in range(2)] == [204, 404]
    assert (await program.ask("/messages", "DELETE")).status == 204
    assert await get(program, "/messages") == []


async def test_an_inbucket_mailbox_is_a_local_part(program: Program) -> None:
    """With and without a tag, in any domain; with a domain it is one address."""
    await program.send(letter("One"), to=("kim@a.example",))
    await program.send(letter("Two"), to=("kim+tag@b.example",))
    await program.send(letter("Three"), to=("kimberly@a.example", "x-kim@a.example"))

    async def find(name: str) -> list[str]:
        return [listed["subject"] for listed in await get(program, f"/api/v1/mailbox/{name}")]

    assert await find("kim") == await find("KIM") == await find("kim+other") == ["One", "Two"]
    assert await find("kim@a.example") == ["One"]
    assert await find("kim%2Btag@b.example") == ["Two"]
    assert (await get(program, "/api/v1/mailbox/kim/latest"))["subject"] == "Two"
    assert (await program.ask("/api/v1/mailbox/nobody/latest")).status == 404
    for name in ("%20", "%3Ckim", "a,b", "kim%00"):
        assert (await program.ask(f"/api/v1/mailbox/{name}")).status == 500
    assert (await program.ask("/api/v1/mailbox/kim", "POST")).status == 404


async def test_an_inbucket_mailbox_loses_its_own_copies_alone(program: Program) -> None:
    """Other recipients keep a message, and see what was seen."""
    (both,) = await program.send(letter("Both"), to=("kim@a.example", "lee@a.example"))
    await program.send(letter("Tags"), to=("kim+a@a.example", "kim+b@a.example"))
    assert (await ask(program, "PATCH", f"/api/v1/mailbox/kim/{both}", {"seen": True})).json() == "OK"
    assert [message["seen"] for message in await get(program, "/api/v1/mailbox/kim")] == [True, False]
    assert (await program.ask(f"/api/v1/mailbox/kim/{both}", "DELETE")).json() == "OK"
    assert (await program.ask(f"/api/v1/mailbox/kim/{both}", "DELETE")).json() == "OK"
    assert (await program.ask(f"/api/v1/mailbox/kim/{both}")).status == 404
    assert [message["subject"] for message in await get(program, "/api/v1/mailbox/lee")] == ["Both"]
    assert (await get(program, "/api/v1/mailbox/kim/latest"))["subject"] == "Tags"
    assert (await program.ask("/api/v1/mailbox/kim", "DELETE")).json() == "OK"
    assert await get(program, "/api/v1/mailbox/kim") == []
    assert len(await get(program, "/messages")) == 1
