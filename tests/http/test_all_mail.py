"""The routes of all mail: for everyone in dev mode, for the operator in public mode."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from testkit.http_client import Answer, follow
from testkit.running_app import Program, resolved_in, running, settings_in
from testkit.sample_mail import letter

if TYPE_CHECKING:
    from pathlib import Path

ANN, BEN = "ann@example.org", "ben@example.org"
OPERATOR = {"Authorization": "Bearer s3cret-of-the-operator"}
ROUTES = (
    ("GET", "/api/messages"),
    ("DELETE", "/api/messages"),
    ("PATCH", "/api/messages"),
    ("GET", "/api/counts"),
    ("GET", "/api/wait?timeout=0&after=0"),
    ("GET", "/api/tags"),
    ("PUT", "/api/tags/a"),
    ("DELETE", "/api/tags/a"),
    ("HEAD", "/api/events"),
    ("HEAD", "/api/events?after=0"),
)


async def list_all(program: Program, query: str = "") -> dict[str, Any]:
    answer = await program.ask(f"/api/messages{query}")
    assert answer.status == 200, answer.body
    listing: dict[str, Any] = answer.json()
    return listing


def ids(listing: dict[str, Any]) -> list[int]:
    return [message["id"] for message in listing["messages"]]


async def change(program: Program, **what: object) -> Answer:
    return await program.ask("/api/messages", "PATCH", body=json.dumps(what).encode())


async def test_all_mail_is_listed_page_by_page(program: Program) -> None:
    """Newest first, whatever the inbox, with every recipient."""
    (first,) = await program.send(letter("One"), to=(ANN, BEN))
    (second,) = await program.send(letter("Two"), to=(BEN,))
    (third,) = await program.send(letter("Three"))
    page = await list_all(program, "?limit=2")
    assert (ids(page), page["next_before"]) == ([third, second], second)
    page = await list_all(program, f"?limit=2&before={second}")
    assert (ids(page), page["next_before"]) == ([first], None)
    (message,) = page["messages"]
    assert (message["recipients"], message["read"], message["tags"]) == ([ANN, BEN], False, [])
    assert message["subject"] == "One"


async def test_a_search_has_operators(program: Program) -> None:
    """And pages; what it does not understand it looks for anywhere."""
    mail_ids = await program.send(*[letter(f"Bill {number}", f"Amount {number * 7}.") for number in range(5)])
    await program.send(letter("Other"), to=(BEN,))
    page = await list_all(program, "?search=subject:bill&limit=2")
    assert (ids(page), page["next_before"]) == (mail_ids[:2:-1], mail_ids[3])
    page = await list_all(program, f"?search=subject:bill&limit=2&before={mail_ids[1]}")
    assert (ids(page), page["next_before"]) == (mail_ids[:1], None)
    assert ids(await list_all(program, "?search=%22amount%2021%22%20-is:read")) == [mail_ids[3]]
    assert ids(await list_all(program, "?search=before:2020-01-01")) == []
    assert (await program.ask("/api/counts?search=bill")).json() == {"messages": 5, "unread": 5}


async def test_mail_is_marked_tagged_and_counted(program: Program) -> None:
    """By ids, and by a search."""
    mail_ids = await program.send(*[letter(f"Bill {number}") for number in range(3)])
    assert (await change(program, ids=mail_ids[:1], read=True, tags=["Shop", "a b"])).json() == {"changed": 1}
    assert (await program.ask("/api/counts")).json() == {"messages": 3, "unread": 2}
    (message,) = (await list_all(program, "?search=tag:shop"))["messages"]
    assert (message["id"], message["read"], message["tags"]) == (mail_ids[0], True, ["Shop", "a b"])
    assert (await change(program, search="subject:bill", read=True)).json() == {"changed": 2}
    assert (await change(program, search="", read=False)).json() == {"changed": 3}
    assert (await program.ask("/api/tags")).json() == {"tags": {"Shop": 1, "a b": 1}}
    renamed = await program.ask("/api/tags/a%20b", "PUT", body=b'{"name": "c"}')
    assert renamed.json() == {"changed": 1}
    assert (await program.ask("/api/tags/Shop", "DELETE")).json() == {"changed": 1}
    assert (await program.ask("/api/tags")).json() == {"tags": {"c": 1}}


async def test_mail_is_deleted_by_a_search_or_all_of_it(program: Program) -> None:
    """A search of which something would be left out deletes nothing."""
    await program.send(letter("Bill"), to=(ANN, BEN))
    (other,) = await program.send(letter("Note"), to=(BEN,))
    for nothing in (
        "after:soon",
        "to:",
        "-",
        "%20",
        "bill%20after:soon",
        "bill" + "".join(f"%20-x{number}" for number in range(16)),
    ):
        answer = await program.ask(f"/api/messages?search={nothing}", "DELETE")
        assert (answer.status, answer.json()["detail"]) == (422, "search: has something that cannot be looked for")
    assert (await program.ask("/api/messages?search=subject:bill", "DELETE")).json() == {"deleted": 1}
    assert ids(await list_all(program)) == [other]
    assert await program.list_inbox(ANN) == []
    assert (await program.ask("/api/messages", "DELETE")).json() == {"deleted": 1}
    assert await list_all(program) == {"messages": [], "next_before": None}


async def test_a_wait_is_across_inboxes(program: Program) -> None:
    """With what a wait of an inbox takes, and a search."""
    (first,) = await program.send(letter("Bill"), to=(BEN,))
    (second,) = await program.send(letter("Bill", sender="Eve <eve@other.example>"), to=(ANN,))
    answer = await program.ask("/api/wait?timeout=0&search=to:ann%20bill")
    assert answer.json()["message"]["id"] == second
    assert (await program.ask("/api/wait?timeout=0&from=BOB&subject=bil")).json()["message"]["id"] == first
    assert (await program.ask(f"/api/wait?timeout=0&after={first}&from=eve@")).json()["message"]["id"] == second
    assert (await program.ask("/api/wait?timeout=0&search=tag:none")).json() == {"status": "timeout"}
    waiting = asyncio.create_task(program.ask(f"/api/wait?after={second}&search=subject:late"))
    (late,) = (await program.send(letter("Early"), letter("Late")))[1:]
    assert (await waiting).json()["message"]["id"] == late


async def test_all_mail_is_followed_and_resumes(program: Program) -> None:
    """Without an address; the id of an event is the message's."""
    first, second = await program.send(letter("One"), letter("Two"))
    async with follow(program.url, f"/api/events?after={first}") as stream:
        (event,) = await stream.take(1)
        (third,) = await program.send(letter("Three"), to=(ANN, BEN))
        (later,) = await stream.take(1)
    assert (event.data["id"], later.data["id"], later.data["recipients"]) == (second, third, [ANN, BEN])
    assert (later.data["read"], later.data["tags"]) == (False, [])
    async with follow(program.url, "/api/events", f"Last-Event-ID: {second}\r\n") as stream:
        assert (await stream.take(1))[0].data["id"] == third


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "body: "),
        (b"{}", "ids: give either ids or a search"),
        (b'{"ids": [1], "search": "a"}', "ids: give either ids or a search"),
        (b'{"search": "a", "tags": ["b"]}', "tags: go with ids alone"),
        (b'{"search": "to:", "read": true}', "search: has something that cannot be looked for"),
        (b'{"ids": [1], "tags": ["<b>"]}', "tags"),
        (b'{"ids": [-1], "read": true}', "ids"),
        (b'{"ids": [1], "raed": true}', "raed"),
        (json.dumps({"ids": [1] * 1001, "read": True}).encode(), "ids"),
    ],
)
async def test_a_change_that_is_not_clear_is_refused(program: Program, body: bytes, reason: str) -> None:
    """And nothing is changed."""
    await program.send(letter("One"))
    answer = await program.ask("/api/messages", "PATCH", body=body)
    assert (answer.status, answer.json()["detail"].startswith(reason)) == (422, True), answer.json()
    assert (await program.ask("/api/counts")).json() == {"messages": 1, "unread": 1}


async def test_a_long_body_is_refused(program: Program) -> None:
    """With 413, before it is read whole."""
    assert (await program.ask("/api/messages", "PATCH", body=b" " * 70_000)).status == 413


async def test_public_all_mail_is_the_operators(tmp_path: Path) -> None:
    """A stranger learns from no route that there is mail; without a password file there are no such routes."""
    passwords = tmp_path / "passwords"
    passwords.write_text("root:s3cret-of-the-operator\n")
    passwords.chmod(0o600)
    public = {"domain": "example.org", "http_trusted_proxies": "127.0.0.1"}
    stranger = {"X-Forwarded-For": "203.0.113.7"}
    for flags, refusal in (({"password_file": str(passwords)}, 401), ({}, 404)):
        async with running(resolved_in(tmp_path, **public, **flags)) as program:
            (mail_id,) = await program.send(letter("Secret"))
            for method, path in ROUTES:
                answer = await program.ask(path, method, stranger)
                assert answer.status == refusal, (method, path)
                assert b"Secret" not in answer.body
            known = await program.ask(f"/api/events?address={ANN}", "HEAD", stranger)
            assert known.status == 200
            if not flags:
                continue
            for method, path in ROUTES:
                body = b'{"ids": [], "name": "b"}' if method in ("PUT", "PATCH") else None
                answer = await program.ask(path, method, OPERATOR, body)
                assert answer.status in (200, 422), (method, path)
            answer = await program.ask("/api/messages", "GET", OPERATOR)
            assert answer.json()["messages"] == []  # the operator has deleted it above
            assert mail_id > 0


async def test_who_only_reads_changes_nothing(tmp_path: Path) -> None:
    """With --no-smtp: the list is there, and every change gets 403."""
    settings = settings_in(tmp_path)
    async with running(settings) as writer:
        (mail_id,) = await writer.send(letter("One"))
        async with running(replace(settings, smtp=replace(settings.smtp, listen=()))) as program:
            assert ids(await list_all(program)) == [mail_id]
            assert ids(await list_all(program, "?search=one")) == [mail_id]
            for method, path, body in (
                ("DELETE", "/api/messages", None),
                ("DELETE", "/api/messages?search=one", None),
                ("PATCH", "/api/messages", b'{"ids": [1], "read": true}'),
                ("PATCH", "/api/messages", b'{"search": "", "read": true}'),
                ("PATCH", "/api/messages", b'{"ids": [1], "tags": ["a"]}'),
                ("PUT", "/api/tags/a", b'{"name": "b"}'),
                ("DELETE", "/api/tags/a", None),
            ):
                assert (await program.ask(path, method, body=body)).status == 403, (method, path)


async def test_deletion_may_be_off(tmp_path: Path) -> None:
    """For all mail too; to mark it is no deletion."""
    settings = resolved_in(tmp_path, deletion="off")
    async with running(settings) as program:
        (mail_id,) = await program.send(letter("One"))
        assert (await program.ask("/api/messages", "DELETE")).status == 403
        assert (await change(program, ids=[mail_id], read=True)).json() == {"changed": 1}


async def test_another_method_is_405(program: Program) -> None:
    """With the methods that there are."""
    assert (await program.ask("/api/messages", "POST")).status == 405
    assert (await program.ask("/api/wait", "DELETE")).status == 405
