"""Messages under the address of their inbox: nobody else's are there, and nobody else is named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from testkit.http_client import follow, inbox_path
from testkit.running_app import ANN, Program
from testkit.sample_mail import letter

from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from testkit.http_client import Answer

    from edgemail.model import MailId
    from edgemail.store.base import SmallMail

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEN = "ben@example.org"
SLASHES = "a/messages/7@example.org"
RESTS = ("", "/raw", "/structure", "/attachments/0", "/attachments/1/message")
WITH_FILE = letter(
    "File",
    '--b\r\nContent-Type: text/plain; name="a.txt"\r\nContent-Disposition: attachment\r\n\r\nabc\r\n'
    "--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\nSubject: In\r\n\r\nIn.\r\n--b--",
    extra='MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n',
)


async def ask(program: Program, address: str, mail_id: int | str, rest: str = "", method: str = "GET") -> Answer:
    return await program.ask(inbox_path(address, f"/messages/{mail_id}{rest}"), method)


async def test_a_message_reads_the_same_under_its_address(lasting: Program) -> None:
    """Taken apart, raw and its attachments; `recipients` names the address alone."""
    (mail_id,) = await lasting.send(WITH_FILE, to=(ANN, BEN))
    whole = (await lasting.ask(f"/api/messages/{mail_id}")).json()
    assert whole["recipients"] == [ANN, BEN]
    for address in (ANN, BEN, "BEN@Example.org"):
        message = await ask(lasting, address, mail_id)
        assert message.json() == whole | {"recipients": [address.lower()]}
        for rest in RESTS[1:]:
            answer, by_id = (
                await ask(lasting, address, mail_id, rest),
                await lasting.ask(f"/api/messages/{mail_id}{rest}"),
            )
            assert (answer.status, answer.body) == (200, by_id.body)
            for name in ("content-type", "content-disposition"):
                assert answer.headers[name] == by_id.headers[name]


async def test_a_listing_a_wait_and_an_event_name_their_address_alone(lasting: Program) -> None:
    """Whoever knows one address learns of no other."""
    (mail_id,) = await lasting.send(letter("Shared secret"), to=("one@example.org", BEN))
    for path in ("/messages", "/messages?search=secret", f"/wait?after={mail_id - 1}&timeout=0"):
        answer = await lasting.ask(inbox_path("one@example.org", path))
        assert b"Shared secret" in answer.body
        assert b"ben@" not in answer.body
    async with follow(lasting.url, inbox_path("one@example.org", "/events?after=0")) as stream:
        event = await stream.next()
        assert event is not None
        assert event.data["recipients"] == ["one@example.org"]


async def test_somebody_elses_message_is_as_unknown_as_one_that_never_was(lasting: Program) -> None:
    """The same status, text and headers, whichever way it is asked for."""
    (mail_id,) = await lasting.send(WITH_FILE, to=(BEN,))
    for method, rest in (*(("GET", rest) for rest in RESTS), ("DELETE", "")):
        foreign = await ask(lasting, ANN, mail_id, rest, method)
        never = await ask(lasting, ANN, 10**9, rest, method)
        assert (foreign.status, never.status) == (404, 404)
        bodies = [re.sub(rb"message \d+", b"message ID", answer.body) for answer in (foreign, never)]
        assert bodies[0] == bodies[1]
        assert set(foreign.headers) == set(never.headers)
    assert (await ask(lasting, BEN, mail_id)).status == 200


async def test_a_miss_does_the_same_work_whatever_it_misses(
    lasting: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same statements: the time of an answer does not tell whose an id is, nor that somebody has read it."""
    (mail_id,) = await lasting.send(WITH_FILE, to=(BEN,))
    assert (await ask(lasting, BEN, mail_id)).status == 200
    asked: list[str] = []
    query, read_small = SqliteStore._query, SqliteStore.read_small_now

    async def note(store: SqliteStore, statement: str, *bindings: object) -> list[tuple[object, ...]]:
        asked.append(statement)
        return await query(store, statement, *bindings)

    def note_small(store: SqliteStore, mail_id: MailId, inbox: str | None = None) -> SmallMail:
        asked.append("small")
        return read_small(store, mail_id, inbox)

    monkeypatch.setattr(SqliteStore, "_query", note)
    monkeypatch.setattr(SqliteStore, "read_small_now", note_small)
    for method, rest in (*(("GET", rest) for rest in RESTS), ("DELETE", "")):
        work = []
        for missing in (mail_id, 10**9):
            asked.clear()
            await ask(lasting, ANN, missing, rest, method)
            work.append(tuple(asked))
        assert work[0] == work[1]
        assert work[0]


async def test_deleting_takes_a_message_out_of_one_inbox(lasting: Program) -> None:
    """The others keep it; it is gone with the last of them."""
    (mail_id,) = await lasting.send(letter(), to=("cat@example.org", "dan@example.org"))
    answer = await ask(lasting, "cat@example.org", mail_id, method="DELETE")
    assert (answer.status, answer.body) == (204, b"")
    assert await lasting.list_inbox("cat@example.org") == []
    assert (await ask(lasting, "cat@example.org", mail_id)).status == 404
    assert (await ask(lasting, "cat@example.org", mail_id, method="DELETE")).status == 404
    assert (await ask(lasting, "dan@example.org", mail_id)).status == 200
    assert (await ask(lasting, "dan@example.org", mail_id, method="DELETE")).status == 204
    assert (await lasting.ask(f"/api/messages/{mail_id}")).status == 404


async def test_an_address_may_look_like_a_messages_path(lasting: Program) -> None:
    """Slashes may stand in a local part; the path is still read in one way only."""
    (mail_id,) = await lasting.send(letter("Slashes"), to=(SLASHES,))
    assert (await ask(lasting, SLASHES, mail_id)).json()["subject"] == "Slashes"
    assert (await lasting.ask(inbox_path(SLASHES), "DELETE")).json() == {"deleted": 1}


@pytest.mark.parametrize("wrong", ["one", "-1", str(2**63), "1.5"])
async def test_what_is_no_id_is_named(lasting: Program, wrong: str) -> None:
    """422 as by id; the largest id there can be is merely not there."""
    for rest in RESTS:
        answer = await ask(lasting, ANN, wrong, rest)
        assert (answer.status, answer.json()["detail"][:4]) == (422, "id: ")
    assert (await ask(lasting, ANN, 2**63 - 1)).status == 404
    assert (await ask(lasting, ANN, 0)).status == 404
