"""Errors: always application/problem+json, without internal details."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import apsw
import pytest
from testkit.http_client import inbox_path
from testkit.running_app import ANN

from edgemail.mailbox.inbox import Inbox

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.http_client import Answer
    from testkit.running_app import Program

HUGE = 2**63


def check(answer: Answer, status: int) -> str:
    """Check that a response is a problem (RFC 9457); return its detail."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["type"] == "about:blank"
    assert (problem["status"], problem["title"]) == (status, HTTPStatus(status).phrase)
    detail: str = problem["detail"]
    assert detail
    return detail


async def test_what_is_no_address_is_a_bad_request(program: Program) -> None:
    """Every route with an address refuses it."""
    for address in (
        "nobody",
        "@example.org",
        "a@",
        "a@@b",
        "a b@example.org",
        "a@b\x00",
        "a\nb@example.org",
        "x" * 300 + "@example.org",
        "<a@b>",
    ):
        for rest in ("/messages", "/wait?timeout=0", "/events"):
            check(await program.ask(inbox_path(address, rest)), 400)
        check(await program.ask(inbox_path(address), "DELETE"), 400)


async def test_an_unknown_message_is_not_found(program: Program) -> None:
    """An unknown attachment of a known message is 404 too."""
    for rest in ("", "/raw", "/structure", "/attachments/0", "/attachments/0/message"):
        assert "999" in check(await program.ask(f"/api/messages/999{rest}"), 404)
    (mail_id,) = await program.send_letter("No attachments")
    check(await program.ask(f"/api/messages/{mail_id}/attachments/0"), 404)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (inbox_path(ANN, "/messages?limit=0"), "limit"),
        (inbox_path(ANN, "/messages?limit=201"), "limit"),
        (inbox_path(ANN, "/messages?limit=ten"), "limit"),
        (inbox_path(ANN, f"/messages?before={HUGE}"), "before"),
        (inbox_path(ANN, "/messages?after=-1"), "after"),
        (inbox_path(ANN, "/wait?timeout=-1"), "timeout"),
        (inbox_path(ANN, "/wait?timeout=nan"), "timeout"),
        (inbox_path(ANN, "/wait?after=x"), "after"),
        (inbox_path(ANN, "/events?after=x"), "after"),
        ("/api/messages/one", "id"),
        ("/api/messages/-1", "id"),
        (f"/api/messages/{HUGE}/raw", "id"),
        (f"/api/messages/1/attachments/{HUGE}", "n"),
        ("/api/messages/1/attachments/x", "n"),
    ],
)
async def test_a_wrong_parameter_is_named(program: Program, path: str, named: str) -> None:
    """The detail starts with the parameter's name."""
    assert check(await program.ask(path), 422).startswith(f"{named}: ")


async def test_no_such_route_and_no_such_method(program: Program) -> None:
    """Both are problems; a wrong method has an Allow header."""
    check(await program.ask("/api/nothing"), 404)
    check(await program.ask("/no/such/page"), 404)
    answer = await program.ask("/api/server", "DELETE")
    check(answer, 405)
    assert "GET" in answer.headers["allow"]


async def test_what_nobody_foresaw_says_nothing_of_its_inside(
    program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the traceback; the response has no details."""

    async def fail(*_: object) -> bytes:
        raise RuntimeError("secret /var/lib/edgemail")

    monkeypatch.setattr(Inbox, "read_raw", fail)
    answer = await program.ask("/api/messages/1/raw")
    check(answer, 500)
    assert b"secret" not in answer.body
    assert b"RuntimeError" not in answer.body
    assert "secret /var/lib/edgemail" in caplog.text


async def test_a_store_that_does_not_answer_is_no_fault_of_the_reader(program: Program, tmp_path: Path) -> None:
    """Routes that need the store answer 503; /healthz is still 200."""
    connection = apsw.Connection(str(tmp_path / "mail.db"))
    connection.execute("DROP TABLE mail")
    connection.close()
    for path in ("/readyz", inbox_path(ANN, "/messages"), "/api/messages/1", inbox_path(ANN, "/events")):
        answer = await program.ask(path)
        assert "no such table" not in check(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
    assert (await program.ask("/healthz")).status == 200


async def test_a_full_disk_is_told_as_that(program: Program) -> None:
    """A deletion on a full disk is 507."""
    (mail_id,) = await program.send_letter("Stays")
    writer = program.app._store._connections.writer  # type: ignore[attr-defined]
    writer.execute(
        "CREATE TRIGGER full BEFORE DELETE ON mail BEGIN INSERT INTO filler VALUES (randomblob(100000)); END"
    )
    writer.execute("CREATE TABLE filler (x)")
    writer.pragma("max_page_count", writer.pragma("page_count"))
    check(await program.ask(f"/api/messages/{mail_id}", "DELETE"), 507)
    assert len(await program.list_inbox()) == 1
