"""What is put into a store can be read from it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import NOON, add_all, envelope, ids
from testkit.waiting import until

from edgemail.errors import MessageNotFound, StoreUnavailable
from edgemail.listener.spool import Spooler, SpoolFile
from edgemail.model import Code, MailId, Summary
from edgemail.store.base import PIECE_MAX_BYTES, SMALL_MAX_BYTES, SmallMail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgemail.store.base import Arrival, Mailbox
    from tests.contract.conftest import OpenStore

ANN, BEN = "ann@example.com", "ben@example.com"
MIB = 2**20
OCTETS = {
    "text": b"Subject: Hi\r\n\r\nHello.\r\n",
    "UTF-8": "Subject: Grüße 🐟\r\n\r\nこんにちは\r\n".encode(),
    "8-bit": bytes(range(128, 256)) * 3,
    "cut-off UTF-8": "Ende: ü".encode()[:-1],
    "a surrogate": b"\xed\xa0\x80",
    "byte order mark": b"\xef\xbb\xbfSubject: x\r\n\r\n",
    "NUL": b"before\x00after\r\n",
    "NUL at the end": b"text\x00",
    "only NUL": b"\x00",
    "lone CR and LF": b"a\rb\nc\r\r\nd\n\re",
    "empty": b"",
    "quotes": b"'); DROP TABLE mail; --\r\n\"\\",
    "25 MiB of text": (b"0123456789abcde\n" * (25 * MIB // 16)),
    "25 MiB of anything": random.Random(7).randbytes(25 * MIB),
}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(data, id=name, marks=pytest.mark.slow if name == "25 MiB of anything" else ())
        for name, data in OCTETS.items()
    ],
)
async def test_a_message_comes_back_octet_for_octet(store: Mailbox, data: bytes) -> None:
    """The octets that are read are those that were added, and the size counts them."""
    mail_id = await store.add(envelope(data=data))
    assert await store.read_data(mail_id) == data
    assert (await store.read_row(mail_id)).mail.size == len(data)
    pieces = [piece async for piece in store.read_pieces(mail_id)]
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= PIECE_MAX_BYTES for piece in pieces)


async def test_a_spooled_message_comes_back_octet_for_octet(store: Mailbox, tmp_path: Path) -> None:
    """A message that is too large for memory is kept like the others in the same commit."""
    spooler = Spooler(tmp_path, spool_above=10, max_memory=1000, max_spool=MIB)
    content = spooler.open()
    content.write("Grüße\r\n".encode() * 20_000)
    spool = content.finish()
    assert isinstance(spool, SpoolFile)
    await spool.flush()
    spooled = envelope(data=b"Received: x\r\n")._replace(spool=spool)
    mail_ids = await add_all(store, [envelope(), spooled, envelope()])
    assert await store.read_data(mail_ids[1]) == b"Received: x\r\n" + "Grüße\r\n".encode() * 20_000
    assert (await store.read_row(mail_ids[1])).mail.size == spooled.size
    pieces = [piece async for piece in store.read_pieces(mail_ids[1])]
    assert b"".join(pieces) == await store.read_data(mail_ids[1])
    assert await store.read_data(mail_ids[2]) == envelope().data
    spool.discard()
    await spooler.close()


async def test_a_row_says_when_from_whom_and_to_whom(store: Mailbox) -> None:
    """The envelope is kept with the message, its date to the millisecond and in UTC."""
    at = datetime(2026, 5, 17, 14, 0, 0, 250_999, timezone(timedelta(hours=2)))
    mail_id = await store.add(envelope("ann@example.org", "c@d.example", sender="Bob@Sender.example", at=at))
    mail = (await store.read_row(mail_id)).mail
    assert mail.date == datetime(2026, 5, 17, 12, 0, 0, 250_000, UTC)
    assert mail.sender == "Bob@sender.example"
    assert mail.recipients == ("ann@example.org", "c@d.example")


async def test_the_null_reverse_path_is_an_empty_sender(store: Mailbox) -> None:
    """A bounce comes from nobody (RFC 5321 section 4.5.5)."""
    mail_id = await store.add(envelope(sender=None))
    assert (await store.read_row(mail_id)).mail.sender == ""


async def test_a_quoted_sender_keeps_its_quotes_and_angles(store: Mailbox) -> None:
    """Only the path's own angles are taken off when a sender is read."""
    mail_id = await store.add(envelope(sender='"<a>"@sender.example'))
    assert (await store.read_row(mail_id)).mail.sender == '"<a>"@sender.example'


async def test_a_message_to_many_is_one_message_that_each_finds(store: Mailbox) -> None:
    """A hundred recipients share one copy."""
    names = [f"reader{number}@example.org" for number in range(100)]
    data = b"x" * 1000
    mail_id = await store.add(envelope(*names, data=data))
    for name in names:
        assert ids(await store.list_inbox(name, limit=10)) == [mail_id]
    usage = await store.measure()
    assert (usage.messages, usage.size) == (1, len(data))


async def test_an_inbox_is_found_by_its_exact_name_alone(store: Mailbox) -> None:
    """No prefix, suffix, pattern or other case of a name opens an inbox."""
    await store.add(envelope("a_n%x@example.org"))
    for other in (
        "a_n%x@example.or",
        "a_n%x@example.org.",
        "xa_n%x@example.org",
        "A_N%X@EXAMPLE.ORG",
        "abn%x@example.org",
        "%",
        "%@example.org",
        "",
        "<a_n%x@example.org>",
        "a_n%x@example.org, c@d.example",
    ):
        assert await store.list_inbox(other, limit=10) == []
    assert len(await store.list_inbox("a_n%x@example.org", limit=10)) == 1


async def test_names_with_separators_inside_stay_whole(store: Mailbox) -> None:
    """A quoted local part may hold what separates recipients, and still names one inbox."""
    names = (
        '"x>, <y"@example.org',
        '"x,y"@example.org',
        '"a\\"b"@example.org',
        '"c\\\\"@example.org',
        "ü@example.org",
        "d@e.example",
    )
    mail_id = await store.add(envelope(*names))
    assert (await store.read_row(mail_id)).mail.recipients == names
    for name in names:
        assert ids(await store.list_inbox(name, limit=10)) == [mail_id]
        alone = await store.add(envelope(name))
        assert ids(await store.list_inbox(name, limit=10)) == [alone, mail_id]
    assert await store.list_inbox("y", limit=10) == []


async def test_ids_grow_and_are_never_used_again(store: Mailbox) -> None:
    """Readers ask for mail after an id, so deleting the newest message must not free its id."""
    first, second = await add_all(store, [envelope(), envelope()])
    assert first < second
    await store.delete([second])
    third = await store.add(envelope())
    assert third > second
    await store.delete([first, third])
    assert await store.add(envelope()) > third


async def test_five_hundred_at_once_are_all_kept_under_distinct_ids(store: Mailbox) -> None:
    """Messages that come together share commits, and nothing else."""
    given = [envelope(data=b"token-%d." % number) for number in range(500)]
    mail_ids = await add_all(store, given)
    assert len(set(mail_ids)) == 500
    assert mail_ids == sorted(mail_ids)
    contents = await asyncio.gather(*[store.read_data(mail_id) for mail_id in mail_ids])
    assert contents == [message.data for message in given]


async def read_each(
    store: Mailbox, inboxes: Sequence[str], mail_ids: Sequence[MailId]
) -> tuple[list[list[MailId]], list[bytes]]:
    """List each inbox and read each message, all at once."""
    listings = await asyncio.gather(*[store.list_inbox(inbox, limit=10) for inbox in inboxes])
    contents = await asyncio.gather(*[store.read_data(mail_id) for mail_id in mail_ids])
    return [ids(rows) for rows in listings], contents


@pytest.mark.slow
async def test_however_many_come_at_once_each_finds_its_own(store: Mailbox) -> None:
    """No number of messages or recipients in a commit is a special one."""
    for count in (1, 2, 3, 7, 8, 9, 31, 63, 64, 65, 99):
        names = [f"{count}.{number}@example.org" for number in range(count)]
        mail_ids = await add_all(store, [envelope(name, *names[:3], data=name.encode()) for name in names[3:]])
        shared = await store.add(envelope(*names))
        listings, contents = await read_each(store, names[3:], mail_ids)
        assert listings == [[shared, mail_id] for mail_id in mail_ids]
        assert contents == [name.encode() for name in names[3:]]
        assert ids(await store.list_inbox(names[0], limit=200)) == [shared, *mail_ids[::-1]]
        alone = await add_all(store, [envelope(f"alone.{name}", data=name.encode()) for name in names])
        listings, contents = await read_each(store, [f"alone.{name}" for name in names], alone)
        assert listings == [[mail_id] for mail_id in alone]
        assert contents == [name.encode() for name in names]


@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"x" * SMALL_MAX_BYTES])
async def test_a_small_message_is_read_with_its_row(store: Mailbox, data: bytes) -> None:
    """By its id, and in each inbox that it is in, as its one recipient; in no other."""
    mail_id = await store.add(envelope(ANN, BEN, data=data))
    row = (await store.read_row(mail_id)).mail
    assert await store.read_small(mail_id) == SmallMail(row, data, None)
    for inbox in (ANN, BEN):
        assert await store.read_small(mail_id, inbox) == SmallMail(replace(row, recipients=(inbox,)), data, None)
    with pytest.raises(MessageNotFound):
        await store.read_small(mail_id, "other@example.com")


async def test_a_small_message_comes_with_the_codes_of_its_summary(store: Mailbox) -> None:
    """None stand for no summary, and no codes for a summary that has none."""
    with_codes, without = await add_all(store, [envelope(ANN), envelope(ANN)])
    codes = (Code("481223", "the word \x00 before it"), Code("77", ""))
    for mail_id, known in ((with_codes, codes), (without, ())):
        await store.add_summaries([(mail_id, Summary("", "", "", (), known, ()))])
        for inbox in (None, ANN):
            assert (await store.read_small(mail_id, inbox)).codes == known


@pytest.mark.parametrize("kind", ["file"], indirect=True)
async def test_a_file_is_read_in_any_thread(store: Mailbox) -> None:
    """What a thread reads by itself is what it would read by the store's threads."""
    small, large = await add_all(store, [envelope(ANN, BEN), envelope(ANN, data=b"x" * (SMALL_MAX_BYTES + 1))])
    await store.add_summaries([(small, Summary("", "", "", (), (Code("481223", ""),), ()))])
    blocking = store.blocking
    assert blocking is not None
    for mail_id, inbox in ((small, None), (small, BEN), (large, None), (large, ANN)):
        read = await asyncio.to_thread(blocking.read_small_now, mail_id, inbox)
        assert read == await store.read_small(mail_id, inbox)
    for mail_id, inbox in ((MailId(10**15), None), (small, "other@example.com")):
        with pytest.raises(MessageNotFound):
            await asyncio.to_thread(blocking.read_small_now, mail_id, inbox)


@pytest.mark.parametrize("kind", ["file"], indirect=True)
async def test_a_closed_file_is_not_opened_again_to_read(open_store: OpenStore, tmp_path: Path) -> None:
    """A thread that still reads while the program stops would leave a connection open."""
    store = await open_store(tmp_path)
    mail_id = await store.add(envelope())
    blocking = store.blocking
    assert blocking is not None
    await asyncio.to_thread(blocking.read_small_now, mail_id)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await asyncio.to_thread(blocking.read_small_now, mail_id)


@pytest.mark.parametrize("kind", ["sqld", "memory", "failing"], indirect=True)
async def test_other_stores_are_asked_on_the_event_loop(store: Mailbox) -> None:
    """They need it: to wait for a server, or to see no change half done."""
    assert store.blocking is None


async def test_the_row_of_a_large_message_is_read_alone(store: Mailbox) -> None:
    """Its data is left to `read_pieces`."""
    mail_id = await store.add(envelope(ANN, data=b"x" * (SMALL_MAX_BYTES + 1)))
    for inbox in (None, ANN):
        assert await store.read_small(mail_id, inbox) == SmallMail((await store.read_row(mail_id)).mail, None, None)


async def test_what_is_not_there_is_not_found(store: Mailbox) -> None:
    """An id that never was, or is gone, names nothing."""
    mail_id = await store.add(envelope())
    await store.delete([mail_id])
    for missing in (mail_id, MailId(10**15), MailId(0)):
        with pytest.raises(MessageNotFound):
            await store.read_row(missing)
        for inbox in (None, ANN):
            with pytest.raises(MessageNotFound):
                await store.read_small(missing, inbox)
        with pytest.raises(MessageNotFound):
            await store.read_data(missing)
        with pytest.raises(MessageNotFound):
            await anext(store.read_pieces(missing))


async def test_a_message_that_is_deleted_while_it_is_read_ends_in_an_error(store: Mailbox) -> None:
    """A reader who got the first pieces never takes them for the whole message."""
    mail_id = await store.add(envelope(data=b"x" * 3 * PIECE_MAX_BYTES))
    pieces = store.read_pieces(mail_id)
    assert await anext(pieces)
    await store.delete([mail_id])
    with pytest.raises(MessageNotFound):
        [piece async for piece in pieces]


async def test_readers_of_pieces_hold_nothing_up(store: Mailbox) -> None:
    """Many messages are half read while others are written, deleted and read."""
    large = b"0123456789abcdef" * (PIECE_MAX_BYTES // 8)
    mail_ids = await add_all(store, [envelope(data=large) for _ in range(4)])
    readers = [store.read_pieces(mail_id) for mail_id in mail_ids for _ in range(3)]
    begun = [await anext(reader) for reader in readers]
    kept = await store.add(envelope())
    assert await store.read_data(kept) == envelope().data
    assert await store.delete([kept]) == 1
    for first, reader in zip(begun, readers, strict=True):
        assert b"".join([first, *[piece async for piece in reader]]) == large


async def test_a_sender_that_does_not_wait_takes_nothing_from_the_others(store: Mailbox) -> None:
    """Giving up on one message leaves those in the same commit as they are."""
    futures = [store.add(envelope(data=b"%d" % number)) for number in range(20)]
    futures[7].cancel()
    kept = await asyncio.gather(*futures[:7], *futures[8:])
    assert len(set(kept)) == 19


async def test_observers_hear_of_every_message_after_its_commit_and_in_order(store: Mailbox) -> None:
    """Whoever hears of a message can read it; ids never come out of order."""
    heard: list[Arrival] = []
    reads: list[asyncio.Task[bytes]] = []

    def observe(arrivals: Sequence[Arrival]) -> None:
        heard.extend(arrivals)
        reads.extend(asyncio.create_task(store.read_data(arrival.id)) for arrival in arrivals)

    store.watch(observe)
    given = [envelope(f"r{number}@example.org", data=b"x" * number) for number in range(200)]
    mail_ids = await add_all(store, given)
    await until(lambda: len(heard) == 200)
    assert [arrival.id for arrival in heard] == mail_ids
    assert [(arrival.recipients, arrival.size) for arrival in heard] == [
        (message.recipients, len(message.data)) for message in given
    ]
    assert await asyncio.gather(*reads) == [message.data for message in given]


async def test_every_observer_hears(store: Mailbox) -> None:
    """Watching is not taken from one observer by the next."""
    first: list[MailId] = []
    second: list[MailId] = []
    store.watch(lambda arrivals: first.extend(arrival.id for arrival in arrivals))
    store.watch(lambda arrivals: second.extend(arrival.id for arrival in arrivals))
    mail_id = await store.add(envelope())
    await until(lambda: first == second == [mail_id])


async def test_a_store_that_is_in_use_answers_when_asked(store: Mailbox) -> None:
    """`check` is quiet while all is well, empty or not."""
    await store.check()
    await store.add(envelope(at=NOON))
    await store.check()


async def test_closing_finishes_what_is_under_way(open_store: OpenStore, tmp_path: Path) -> None:
    """What was handed over before `close` is committed by it."""
    store = await open_store(tmp_path)
    futures = [store.add(envelope()) for _ in range(50)]
    await store.close()
    assert all(future.done() for future in futures)
    assert len(set(await asyncio.gather(*futures))) == 50
