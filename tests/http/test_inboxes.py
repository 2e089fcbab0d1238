"""Listing an inbox, waiting for mail, emptying it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from testkit.http_client import inbox_path
from testkit.running_app import ANN, running, settings_in
from testkit.sample_mail import envelope, letter
from testkit.waiting import until

from edgemail.http import waiting

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from testkit.running_app import Program

MESSAGES = inbox_path(ANN, "/messages")
WAIT = inbox_path(ANN, "/wait")
WITH_FILE = letter(
    "Confirm your account",
    "--b\r\nContent-Type: text/plain\r\n\r\nYour code is 481223.\r\nhttps://shop.example/confirm?t=1\r\n"
    '--b\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
    'Content-Disposition: attachment; filename="a.pdf"\r\n\r\nAAEC\r\n--b--',
    extra='MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n',
)


async def test_an_empty_inbox_is_an_empty_list(program: Program) -> None:
    """Every address is an inbox, so none is unknown."""
    answer = await program.ask(MESSAGES)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"messages": [], "next_before": None}


async def test_a_listed_message_has_all_that_a_reader_looks_for(program: Program) -> None:
    """It has envelope, headers, preview, attachments, codes and confirmation links."""
    (mail_id,) = await program.send(WITH_FILE, to=(ANN, "ben@example.org"))
    (message,) = await program.list_inbox()
    assert set(message) == {
        *("id", "date", "sender", "recipients", "from", "subject", "preview", "size"),
        *("attachments", "codes", "links", "to", "cc", "message_id", "inline_count", "events"),
    }
    assert message["id"] == mail_id
    assert message["sender"] == "bounce@sender.example"
    assert message["recipients"] == [ANN]
    assert message["from"] == "Bob <bob@sender.example>"
    assert message["subject"] == "Confirm your account"
    assert message["preview"].startswith("Your code is 481223.")
    assert message["attachments"] == [{"index": 0, "name": "a.pdf", "type": "application/pdf", "size": 3}]
    assert [code["code"] for code in message["codes"]] == ["481223"]
    assert [link["url"] for link in message["links"]] == ["https://shop.example/confirm?t=1"]
    assert message["size"] > len(WITH_FILE)
    assert message["date"].endswith("Z")
    assert len(message["date"]) == len("2026-11-23T20:51:00.123Z")


async def test_the_summary_that_is_stored_says_the_same(program: Program) -> None:
    """A listing made from the message and one from the stored summary are the same."""
    await program.send(WITH_FILE)
    early = await program.list_inbox()
    store = program.app._store

    async def is_summarised() -> bool:
        return not await store.list_unsummarized(0, max_rows=1, max_bytes=1)

    await until(is_summarised)
    assert await program.list_inbox() == early


async def test_pages_lead_from_the_newest_to_the_oldest(program: Program) -> None:
    """`next_before` is there exactly when there is more."""
    sent = await program.send_letter(*[str(number) for number in range(7)])
    pages, before = [], ""
    while True:
        page = (await program.ask(f"{MESSAGES}?limit=3{before}")).json()
        pages.append([message["id"] for message in page["messages"]])
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"
    assert pages == [sent[:3:-1], sent[3:0:-1], sent[:1]]
    assert (await program.ask(f"{MESSAGES}?limit=7")).json()["next_before"] is None


async def test_the_largest_page_leads_on_as_well(program: Program) -> None:
    """With the largest limit, `next_before` still leads to the rest."""
    await asyncio.gather(*[program.app._inbox.deliver(envelope()) for _ in range(201)])
    page = (await program.ask(f"{MESSAGES}?limit=200")).json()
    assert len(page["messages"]) == 200
    assert page["next_before"] == page["messages"][-1]["id"]
    rest = (await program.ask(f"{MESSAGES}?limit=200&before={page['next_before']}")).json()
    assert (len(rest["messages"]), rest["next_before"]) == (1, None)


async def test_after_leaves_out_what_the_reader_has(program: Program) -> None:
    """Both bounds may be given together."""
    sent = await program.send_letter(*"abcde")
    assert [message["id"] for message in await program.list_inbox(ANN, f"?after={sent[2]}")] == sent[:2:-1]
    assert [message["id"] for message in await program.list_inbox(ANN, f"?after={sent[0]}&before={sent[2]}")] == [
        sent[1]
    ]


WRITINGS = (
    ("Ann@Example.ORG", "aNN@exAMPLE.org"),
    ("ann+tag@example.org", "ann+tag@example.org"),
    ("a/b@example.org", "a/b@example.org"),
    ("a/messages@example.org", "a/messages@example.org"),
    ("100%@example.org", "100%@example.org"),
    ('"a b>, <c"@example.org', '"A b>, <c"@example.org'),
    ('"plain"@example.org', "plain@example.org"),
    ("bare@example.org", '"bare"@example.org'),
    ("jürgen@example.org", "JÜRGEN@example.org"),
    ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
    ("a&b=c?d#e@example.org", "a&b=c?d#e@example.org"),
)


async def test_a_search_looks_at_sender_subject_and_text(program: Program) -> None:
    """Every word must be in one of them, in any case, whether the mail is summarised or not."""
    filler = "Lorem ipsum dolor sit amet. " * 20
    ids = [
        *await program.send(letter("Your parcel", f"{filler}It waits at the Übergabe.")),
        *await program.send(letter("Parcel", "Nothing here.", sender="Depot <a@depot.example>")),
    ]

    async def found(text: str) -> list[int]:
        answer = await program.ask(f"{MESSAGES}?search={quote(text)}")
        return [message["id"] for message in answer.json()["messages"]]

    store = program.app._store

    async def is_summarised() -> bool:
        return not await store.list_unsummarized(0, max_rows=1, max_bytes=1)

    for _ in range(2):
        assert await found("PARCEL") == ids[::-1]
        assert await found("übergabe parcel") == ids[:1]
        assert await found("depot") == ids[1:]
        assert await found("parcel nowhere") == []
        await until(is_summarised)


async def test_a_search_goes_on_where_a_page_ends(program: Program) -> None:
    """`next_before` leads through all of it."""
    ids = [
        *await program.send(letter("One of many")),
        *await program.send(letter("One")),
        *await program.send(letter()),
    ]
    first = (await program.ask(f"{MESSAGES}?search=one&limit=1")).json()
    rest = (await program.ask(f"{MESSAGES}?search=one&limit=5&before={first['next_before']}")).json()
    assert [message["id"] for message in first["messages"] + rest["messages"]] == ids[1::-1]
    assert rest["next_before"] is None


async def test_an_address_names_its_inbox_in_any_case_and_writing(program: Program) -> None:
    """The percent-encoded path is matched as a whole address."""
    for to, asked in WRITINGS:
        await program.send(letter(f"For {to}"), to=(to,))
        assert [message["subject"] for message in await program.list_inbox(asked)] == [f"For {to}"]


async def test_a_slash_need_not_be_encoded(program: Program) -> None:
    """A slash in an address works encoded and plain."""
    await program.send(letter("For you"), to=("a/b+c@example.org",))
    for written in ("a/b+c@example.org", "a%2Fb%2Bc%40example.org", "a%2fb+c@EXAMPLE.org"):
        answer = await program.ask(f"/api/inboxes/{written}/messages")
        assert len(answer.json()["messages"]) == 1


async def test_wait_answers_with_what_is_there(program: Program) -> None:
    """The newest, or the first after an id."""
    first, second, third = await program.send_letter("One", "Two", "Three")
    found = (await program.ask(WAIT)).json()
    assert found["status"] == "found"
    assert found["message"] == (await program.list_inbox())[0]
    assert found["message"]["id"] == third
    assert (await program.ask(f"{WAIT}?after={first}")).json()["message"]["id"] == second


async def test_wait_answers_as_soon_as_mail_arrives(program: Program) -> None:
    """The response comes long before the timeout."""
    waiting = asyncio.create_task(program.ask(f"{WAIT}?timeout=55&after=0"))
    await until(lambda: bool(program.app._inbox._notifier._subscriptions))
    (mail_id,) = await program.send_letter("Here it is")
    answer = await waiting
    assert answer.json()["message"]["id"] == mail_id


async def test_wait_filters_by_sender_and_subject(program: Program) -> None:
    """A part of each is enough, in any case, but both must match."""
    await program.send(
        letter("Your code", sender="Other <x@other.example>"),
        letter("Your code 1", sender="The Shop <noreply@shop.example>"),
        letter("Hello", sender="Hello <x@other.example>"),
    )
    for query in ("subject=code+1", "from=SHOP", "from=noreply%40shop.example", "subject=code&from=shop"):
        message = (await program.ask(f"{WAIT}?timeout=0&{query}")).json()["message"]
        assert message["subject"] == "Your code 1"
    for query in ("subject=no+such", "from=no+such", "subject=hello&from=shop"):
        assert (await program.ask(f"{WAIT}?timeout=0&{query}")).json() == {"status": "timeout"}
    found = (await program.ask(f"{WAIT}?timeout=0&from=bounce%40sender")).json()
    assert found["message"]["subject"] == "Hello"


async def test_wait_says_when_its_time_is_up(program: Program) -> None:
    """A timeout is a normal response."""
    started = time.monotonic()
    answer = await program.ask(f"{WAIT}?timeout=0.2")
    assert (answer.status, answer.json()) == (200, {"status": "timeout"})
    assert 0.2 <= time.monotonic() - started < 5


async def test_wait_is_capped(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request waits longer than WAIT_MAX_S."""
    assert waiting.WAIT_MAX_S == 55
    monkeypatch.setattr(waiting, "WAIT_MAX_S", 0.2)
    answer = await program.ask(f"{WAIT}?timeout=100000")
    assert answer.json() == {"status": "timeout"}


async def test_emptying_an_inbox_says_how_much_went(program: Program) -> None:
    """Other recipients keep their copies."""
    await program.send(letter(), letter(), to=(ANN, "ben@example.org"))
    answer = await program.ask(inbox_path(ANN.upper()), "DELETE")
    assert (answer.status, answer.json()) == (200, {"deleted": 2})
    assert await program.list_inbox() == []
    assert len(await program.list_inbox("ben@example.org")) == 2


async def test_an_address_of_a_foreign_domain_is_an_empty_inbox(tmp_path: Path) -> None:
    """Reading a foreign domain's address is allowed, and finds nothing."""
    async with running(settings_in(tmp_path, domains=("example.org",))) as program:
        await program.send(letter())
        assert await program.list_inbox("ann@evil.example") == []
        assert len(await program.list_inbox("ann@example.org")) == 1


async def test_forty_waiters_each_get_theirs(program: Program) -> None:
    """All of them get their own message."""
    names = [f"reader{number}@example.org" for number in range(40)]
    paths = [f"/api/inboxes/{quote(name)}/wait?after=0&timeout=50" for name in names]
    waiting = asyncio.gather(*[program.ask(path) for path in paths])
    await until(lambda: len(program.app._inbox._notifier._subscriptions) == 40)
    await program.send(letter(), to=tuple(names))
    assert {answer.json()["status"] for answer in await waiting} == {"found"}
