"""What a failure may look like, and that it leaves nothing behind once it is over."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from testkit.failing_store import FailingStore
from testkit.sample_mail import add_all, envelope, ids
from testkit.waiting import until

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.model import Summary
from edgemail.settings import StoreSettings
from edgemail.store.base import Usage
from edgemail.store.memory import MemoryStore
from edgemail.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from testkit.sqld import Sqld

    from edgemail.model import MailId
    from edgemail.store.base import Arrival, Mailbox

ANN, BEN = "ann@example.org", "ben@example.org"
COMMIT_S = 1.0
"""How long a sender waits for the server that is down."""


@dataclass
class Breakable:
    """A store, how to break it, and how to mend it."""

    store: Mailbox
    fail: Callable[[], Awaitable[None]]
    mend: Callable[[], Awaitable[None]]


@asynccontextmanager
async def failing(_: pytest.FixtureRequest) -> AsyncIterator[Breakable]:
    """Fail as told."""
    store = FailingStore(MemoryStore())

    async def fail() -> None:
        store.fail(StoreUnavailable("as told"))

    async def mend() -> None:
        store.mend()

    yield Breakable(store, fail, mend)
    await store.close()


@asynccontextmanager
async def down(request: pytest.FixtureRequest) -> AsyncIterator[Breakable]:
    """Kill the server, and start it again."""
    server: Sqld = request.getfixturevalue("sqld")
    await server.wipe()
    settings = StoreSettings(db=server.url, token=server.token())
    store = await open_store(settings, commit_timeout_s=COMMIT_S)

    is_down = False

    async def fail() -> None:
        nonlocal is_down
        await asyncio.to_thread(server.kill)
        is_down = True

    async def start() -> None:
        nonlocal is_down
        await asyncio.to_thread(server.start)
        is_down = False

    async def mend() -> None:
        await start()

        async def is_back() -> bool:
            try:
                await store.add(envelope("probe@example.org"))
            except StoreUnavailable:
                return False
            return True

        await until(is_back)
        await store.delete_inbox("probe@example.org")

    yield Breakable(store, fail, mend)
    if is_down:  # the test failed; others use the same server
        await start()
    await store.close()


@pytest_asyncio.fixture(
    params=[
        pytest.param(failing, id="failing"),
        pytest.param(down, id="sqld is down", marks=pytest.mark.needs_sqld),
    ]
)
async def broken(request: pytest.FixtureRequest) -> AsyncIterator[Breakable]:
    """Give a store that a test can break."""
    async with request.param(request) as breakable:
        yield breakable


async def test_a_message_that_fails_is_not_kept(broken: Breakable) -> None:
    """Neither then nor later; no observer hears of it, and the next message has a greater id."""
    store = broken.store
    heard: list[Arrival] = []
    store.watch(heard.extend)
    (before,) = await add_all(store, [envelope(ANN)])
    await broken.fail()
    results = await asyncio.gather(*[store.add(envelope(ANN)) for _ in range(3)], return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailable] * 3
    await broken.mend()
    after = await store.add(envelope(ANN))
    assert after > before
    assert ids(await store.list_inbox(ANN, limit=10)) == [after, before]
    assert await store.measure() == Usage(2, 2 * len(envelope().data))
    assert [arrival.id for arrival in heard if arrival.recipients == (ANN,)] == [before, after]


async def test_readers_are_told_that_it_is_unavailable(broken: Breakable) -> None:
    """Whatever they read, and `check` for a probe; afterwards they read as before."""
    store = broken.store
    mail_ids = await add_all(store, [envelope(ANN, data=b"message")])
    await broken.fail()
    reads: Sequence[Callable[[], Awaitable[object]]] = (
        lambda: store.list_inbox(ANN, limit=10),
        lambda: store.search_inbox(ANN, ["a"], limit=10),
        lambda: store.read_row(mail_ids[0]),
        lambda: store.read_small(mail_ids[0], ANN),
        lambda: store.read_data(mail_ids[0]),
        lambda: anext(store.read_pieces(mail_ids[0])),
        lambda: store.list_unsummarized(0, max_rows=10, max_bytes=1000),
        store.measure,
        lambda: store.list_oldest(10),
        store.check,
    )
    for read in reads:
        with pytest.raises(StoreUnavailable):
            await read()
    await broken.mend()
    for read in reads:
        await read()
    assert await store.read_data(mail_ids[0]) == b"message"


async def test_what_is_deleted_or_summarised_meanwhile_stays_as_it_was(broken: Breakable) -> None:
    """Whoever asked is told, and may ask again."""
    store = broken.store
    mail_ids = await add_all(store, [envelope(ANN), envelope(ANN), envelope(ANN)])
    writes: Sequence[Callable[[], Awaitable[object]]] = (
        lambda: store.add_summaries([(mail_ids[2], Summary("", "", "", (), (), ()))]),
        lambda: store.delete(mail_ids[:1]),
        lambda: store.trim_inboxes([ANN], max_messages=1, max_bytes=None),
        lambda: store.delete_inbox(ANN),
    )
    await broken.fail()
    for write in writes:
        with pytest.raises(StoreUnavailable):
            await write()
    await broken.mend()
    rows = await store.list_inbox(ANN, limit=10, oldest_first=True)
    assert [(row.mail.id, row.summary) for row in rows] == [(mail_id, None) for mail_id in mail_ids]
    for write, left in zip(writes, (3, 2, 1, 0), strict=True):
        await write()
        assert len(await store.list_inbox(ANN, limit=10)) == left


@pytest_asyncio.fixture
async def store() -> AsyncIterator[FailingStore]:
    """Give a store that fails as told."""
    opened = FailingStore(MemoryStore())
    yield opened
    await opened.close()


async def test_a_full_store_keeps_nothing_more_and_still_reads(store: FailingStore) -> None:
    """Until there is room again."""
    (kept,) = await add_all(store, [envelope(ANN)])
    store.fail(StoreFull("full"))
    with pytest.raises(StoreFull):
        await store.add(envelope(ANN))
    with pytest.raises(StoreFull):
        await store.check()
    assert ids(await store.list_inbox(ANN, limit=10)) == [kept]
    store.mend()
    assert await store.add(envelope(ANN)) > kept


async def test_a_failure_half_way_leaves_a_beginning_and_another_try_does_the_rest(store: FailingStore) -> None:
    """Stores write in batches: only a batch is all or nothing. A message is never kept in part."""
    mail_ids = await add_all(store, [envelope(ANN) for _ in range(6)])
    store.fail(StoreUnavailable("half way"), after=2)
    with pytest.raises(StoreUnavailable):
        await store.delete(mail_ids[:4])
    store.mend()
    assert ids(await store.list_inbox(ANN, limit=10, oldest_first=True)) == mail_ids[2:]
    assert await store.delete(mail_ids[:4]) == 2
    store.fail(StoreUnavailable("half way"), after=1)
    added = await asyncio.gather(*[store.add(envelope(BEN)) for _ in range(3)], return_exceptions=True)
    assert [type(result) for result in added] == [int, StoreUnavailable, StoreUnavailable]
    store.mend()
    assert ids(await store.list_inbox(BEN, limit=10)) == [added[0]]


async def test_a_slow_store_answers_everyone_in_the_end_and_in_order(store: FailingStore) -> None:
    """Nobody is told that a message is kept before it is."""
    store.pause()
    futures = [store.add(envelope(ANN)) for _ in range(3)]
    listing = asyncio.create_task(store.list_inbox(ANN, limit=10, oldest_first=True))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not any(future.done() for future in futures)
    assert not listing.done()
    store.resume()
    mail_ids: list[MailId] = await asyncio.gather(*futures)
    assert mail_ids == sorted(mail_ids)
    await listing
    assert ids(await store.list_inbox(ANN, limit=10, oldest_first=True)) == mail_ids
