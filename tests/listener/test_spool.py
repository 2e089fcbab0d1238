"""A message is the same in a file as in memory, up to where it is kept."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit.sample_mail import envelope
from testkit.spool_files import files_in, is_empty
from testkit.sqld import Sqld
from testkit.waiting import until

from edgemail.errors import StoreUnavailable
from edgemail.listener.spool import Spooler, SpoolFile
from edgemail.mailbox.operator import OperatorMailbox
from edgemail.store.remote.store import RemoteStore
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edgemail.model import Envelope

MANY = 2**40
MIB = 2**20
BODY = b"0123456789abcde\r\n" * 20_000


def spooler_in(
    folder: Path | None, *, spool_above: int = 0, max_memory: int = MANY, max_spool: int = MANY
) -> Spooler:
    return Spooler(folder, spool_above=spool_above, max_memory=max_memory, max_spool=max_spool)


async def spooled(spooler: Spooler, octets: bytes) -> Envelope:
    """Make an envelope of a message that is in a file."""
    content = spooler.open()
    content.write(octets)
    found = content.finish()
    assert isinstance(found, SpoolFile)
    await found.flush()
    return envelope("root@example.org", data=b"Return-Path: <>\r\n")._replace(spool=found)


async def test_without_a_folder_files_are_in_memory_and_take_no_more_than_it_may() -> None:
    """A container with a read-only root has no folder; memory stays bounded."""
    spooler = spooler_in(None, max_memory=len(BODY) + 1000)
    envelope = await spooled(spooler, BODY)
    assert envelope.spool is not None
    assert files_in(None) != []
    assert envelope.spool.read(0, len(BODY) + 1) == BODY
    more = spooler.open()
    more.write(b"x" * 2000)
    assert more.is_refused
    envelope.spool.discard()
    await spooler.close()
    await until(lambda: is_empty(spooler))


async def test_what_is_refused_leaves_its_room_to_the_others_at_once(tmp_path: Path) -> None:
    """Else one that is too much takes all others with it."""
    spooler = spooler_in(tmp_path, max_spool=300_000)
    one, other = spooler.open(), spooler.open()
    one.write(b"x" * 150_000)
    other.write(b"x" * 150_000)
    one.write(b"x")
    assert one.is_refused
    other.write(b"x" * 150_000)
    assert not other.is_refused
    other.discard()
    await spooler.close()
    await until(lambda: is_empty(spooler))


class AtOnce(Executor):
    """Does all work in the thread that asks for it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


async def test_a_message_whose_first_block_cannot_be_written_leaves_nothing_counted(tmp_path: Path) -> None:
    """The thread may fail while others of its blocks are still handed over."""
    spooler = spooler_in(tmp_path / "missing", spool_above=MIB, max_memory=64 * MIB)
    spooler.thread.shutdown()
    spooler.thread = AtOnce()  # type: ignore[assignment]
    content = spooler.open()
    while content._file is None:
        content.write(b"x" * 40_000)
    content.write(b"x" * 1_000)
    assert content.is_refused
    content.discard()
    await until(lambda: is_empty(spooler))


async def test_past_what_memory_may_take_small_messages_go_to_files(tmp_path: Path) -> None:
    """Many of them are as much as one that is large."""
    spooler = spooler_in(tmp_path, spool_above=1000, max_memory=2500)
    contents = [spooler.open() for _ in range(4)]
    for content in contents:
        content.write(b"x" * 1000)
    assert [spooler.spool_octets, spooler.memory_octets] == [2000, 4000]
    found = [content.finish() for content in contents]
    assert [type(message) for message in found] == [bytes, bytes, SpoolFile, SpoolFile]
    for message in found:
        if isinstance(message, SpoolFile):
            await message.flush()
            assert message.read(0, 2000) == b"x" * 1000
            message.discard()
    await until(lambda: (spooler.spool_octets, spooler.memory_octets, files_in(tmp_path)) == (0, 2000, []))
    await spooler.close()


async def test_large_messages_leave_half_of_the_memory_to_small_ones(tmp_path: Path) -> None:
    """Else a few of them would send every small message behind them to a file."""
    spooler = spooler_in(tmp_path, spool_above=8 * MIB, max_memory=8 * MIB)
    contents = [spooler.open() for _ in range(3)]
    for content, octets in zip(contents, (3 * MIB, 3 * MIB, MIB // 2), strict=True):
        for _ in range(octets // 2**16):
            content.write(b"x" * 2**16)
    found = [content.finish() for content in contents]
    assert [type(message) for message in found] == [bytes, SpoolFile, bytes]
    assert isinstance(found[1], SpoolFile)
    await found[1].flush()
    assert found[1].read(0, 4 * MIB) == b"x" * 3 * MIB == found[0]
    await until(lambda: spooler.memory_octets == 3 * MIB + MIB // 2)
    found[1].discard()
    await spooler.close()


async def test_a_large_message_in_memory_gives_back_what_it_took(tmp_path: Path) -> None:
    """All of its blocks count no more, and what still comes is dropped."""
    spooler = spooler_in(tmp_path, spool_above=MIB)
    content = spooler.open()
    for size in (70_000, 100, 70_000):
        content.write(b"x" * size)
    assert spooler.memory_octets == 140_100
    content.discard()
    content.write(b"x")
    assert is_empty(spooler)
    await spooler.close()


_PIECES = st.lists(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=100).map(str.encode),
        st.integers(1, 4).map(lambda times: "ä€😀".encode() * 2**13 * times),
        st.just(b"\xe2\x82"),
    ),
    min_size=1,
    max_size=12,
)


@given(_PIECES, st.integers(0, 5000) | st.just(2**24))
@settings(max_examples=100, deadline=None)
def test_a_message_is_the_same_in_a_file_and_in_memory(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], spool_above: int
) -> None:
    """For any cut, and whether it is text is known either way."""

    async def run() -> None:
        spooler = spooler_in(tmp_path_factory.getbasetemp(), spool_above=spool_above)
        content = spooler.open()
        for piece in pieces:
            content.write(piece)
        expected = b"".join(pieces)
        found = content.finish()
        assert content.size_octets == len(expected)
        if isinstance(found, bytes):
            assert found == expected
            assert len(expected) <= spool_above
        else:
            await found.flush()
            assert b"".join(found.read(at, 70_000) for at in range(0, found.size, 70_000)) == expected
            assert found.is_text == is_text(expected)
            found.discard()
        await spooler.close()

    asyncio.run(run())


def is_text(octets: bytes) -> bool:
    """Tell whether octets are UTF-8 without NUL."""
    try:
        return "\0" not in octets.decode()
    except UnicodeDecodeError:
        return False


async def test_the_operator_gets_a_large_message_octet_for_octet(tmp_path: Path) -> None:
    """It goes from one file to the other."""
    (tmp_path / "spool").mkdir()
    spooler = spooler_in(tmp_path / "spool")
    mailbox = OperatorMailbox(tmp_path / "operator")
    mailbox.open()
    made = await spooled(spooler, BODY)
    await mailbox.deliver(made)
    (kept,) = mailbox.list_mail()
    assert kept.path.read_bytes().endswith(b"\r\n" + BODY)
    spooler.hold(len(made.data))
    spooler.release(made)
    await until(lambda: is_empty(spooler))
    await spooler.close()


@pytest.fixture
def sqld(tmp_path: Path) -> Iterator[Sqld]:
    server = Sqld(tmp_path / "sqld")
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("body", [BODY * 20, bytes(range(256)) * 2**14, BODY], ids=["text", "octets", "one part"])
@pytest.mark.parametrize("where", ["local", "remote"])
async def test_a_store_keeps_a_large_message_octet_for_octet(
    where: str, body: bytes, sqld: Sqld, tmp_path: Path
) -> None:
    """In a file and on a server, as text and as octets."""
    (tmp_path / "spool").mkdir()
    spooler = spooler_in(tmp_path / "spool")
    store = (
        await SqliteStore.open(tmp_path / "mail.db")
        if where == "local"
        else await RemoteStore.open(sqld.url, sqld.token())
    )
    try:
        made = await spooled(spooler, body)
        mail_id = await store.add(made)
        assert await store.read_data(mail_id) == made.data + body
        assert (await store.measure()).size == len(made.data) + len(body)
    finally:
        await store.close()
    spooler.hold(len(made.data))
    spooler.release(made)
    await until(lambda: is_empty(spooler))
    await spooler.close()


async def test_a_file_that_is_cut_short_is_not_kept_as_a_message(tmp_path: Path) -> None:
    """A disk that lost something is found out, and nothing of the batch is kept."""
    spooler = spooler_in(tmp_path)
    store = await SqliteStore.open(tmp_path / "mail.db")
    made = await spooled(spooler, BODY)
    assert isinstance(made.spool, SpoolFile)
    assert made.spool._file is not None
    made.spool._file.truncate(len(BODY) - 1)
    with pytest.raises(StoreUnavailable):
        await store.add(made)
    assert (await store.measure()).messages == 0
    assert await store.read_data(await store.add(envelope())) == envelope().data
    await store.close()
    made.spool.discard()
    await spooler.close()
