"""What messages under way take is given back on each way out."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest
from testkit.smtp_peer import MAIL, Counter, Peer, listening
from testkit.spool_files import files_in, is_empty
from testkit.waiting import until

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.listener import spool
from edgemail.system import temporary_files

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from io import FileIO
    from pathlib import Path

    from edgemail.listener import Listener

    Way = Callable[[Peer, Listener], Coroutine[None, None, None]]

BODY = b"0123456789abcde\r\n" * 20_000
SMALL_LIMITS = {"spool_above_bytes": 1000, "data_timeout_s": 600.0}
BEGUN = MAIL.removesuffix(b"DATA\r\n")


async def say_most(peer: Peer) -> None:
    """Send most of a message by DATA."""
    await peer.say(MAIL, 250, 250, 354)
    peer.send(BODY)


async def begin(peer: Peer, listener: Listener) -> None:
    """Send most of a message by DATA, and wait until it is in a file."""
    await say_most(peer)
    await until(lambda: listener.spooler.spool_octets > 0 and files_in(listener.spooler.folder) != [])


async def begin_chunks(peer: Peer, listener: Listener) -> None:
    """Send a chunk that is not the last one."""
    await peer.say(BEGUN + b"BDAT %d\r\n" % len(BODY) + BODY, 250, 250, 250)
    assert listener.spooler.spool_octets == len(BODY)


async def reset(peer: Peer, listener: Listener) -> None:
    """Change one's mind."""
    await begin_chunks(peer, listener)
    await peer.say(b"RSET\r\n", 250)


async def greet_again(peer: Peer, listener: Listener) -> None:
    """EHLO is a RSET as well."""
    await begin_chunks(peer, listener)
    await peer.say(b"EHLO again.example\r\n", 250)


async def leave(peer: Peer, listener: Listener) -> None:
    """QUIT between two chunks."""
    await begin_chunks(peer, listener)
    await peer.say(b"QUIT\r\n", 221)


async def vanish_in_data(peer: Peer, listener: Listener) -> None:
    """The connection breaks within DATA."""
    await begin(peer, listener)
    peer.vanish()


async def vanish_in_chunk(peer: Peer, listener: Listener) -> None:
    """The connection breaks within a chunk."""
    await begin_chunks(peer, listener)
    peer.send(b"BDAT %d LAST\r\n" % (2 * len(BODY)) + BODY)
    peer.vanish()


async def send_too_much(peer: Peer, listener: Listener) -> None:
    """552 at the end mark."""
    await begin(peer, listener)
    await peer.say(BODY + BODY + b".\r\n", 552)


async def send_too_large_a_chunk(peer: Peer, listener: Listener) -> None:
    """552 for the chunk that is too much."""
    await begin_chunks(peer, listener)
    await peer.say(b"BDAT %d\r\n" % (2 * len(BODY)) + BODY + BODY, 552)


WAYS = (reset, greet_again, leave, vanish_in_data, vanish_in_chunk, send_too_much, send_too_large_a_chunk)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_message_that_ends_early_gives_back_what_it_took(way: Way, tmp_path: Path) -> None:
    """Whoever ends it: its file is closed, and its octets count no more."""
    counter = Counter()
    limits = SMALL_LIMITS | {"max_message_bytes": 2 * len(BODY), "spool_dir": str(tmp_path)}
    async with listening(counter, **limits) as (listener, port), Peer.greeted(port) as peer:
        await way(peer, listener)
        await until(lambda: is_empty(listener.spooler))
        assert counter.envelopes == []
    assert is_empty(listener.spooler)


async def test_a_message_that_takes_too_long_gives_back_what_it_took(tmp_path: Path) -> None:
    """421, and nothing is left of it."""
    limits = SMALL_LIMITS | {"data_timeout_s": 0.3, "spool_dir": str(tmp_path)}
    async with listening(Counter(), **limits) as (listener, port), Peer.greeted(port) as peer:
        await begin(peer, listener)
        assert (await peer.reply()).startswith("421 ")
        await until(lambda: is_empty(listener.spooler))


async def test_a_server_that_stops_gives_back_what_messages_took(tmp_path: Path) -> None:
    """One under way is dropped when the time to stop is over."""
    limits = SMALL_LIMITS | {"shutdown_timeout_s": 0.05, "spool_dir": str(tmp_path)}
    async with listening(Counter(), **limits) as (listener, port), Peer.greeted(port) as peer:
        await begin(peer, listener)
        await listener.stop()
        await listener.spooler.close()
        await until(lambda: is_empty(listener.spooler))


@pytest.mark.parametrize("error", [None, StoreFull("full"), StoreUnavailable("away"), ValueError("a bug")])
async def test_a_message_is_counted_until_its_commit_is_over(error: Exception | None, tmp_path: Path) -> None:
    """However it ends; a large one and a small one alike."""
    counter = Counter()
    limits = SMALL_LIMITS | {"spool_dir": str(tmp_path)}
    async with listening(counter, **limits) as (listener, port):
        for count, body in enumerate((BODY, b"Hi.\r\n"), 1):
            async with Peer.greeted(port) as peer:
                await peer.say(MAIL, 250, 250, 354)
                peer.send(body + b".\r\n")
                await counter.arrival(count)
                assert not is_empty(listener.spooler)
                if error is None:
                    counter.keep(count - 1)
                else:
                    counter.futures[-1].set_exception(error)
                codes = {StoreFull: "452", StoreUnavailable: "451", ValueError: "451"}
                assert (await peer.reply())[:3] == ("250" if error is None else codes[type(error)])
                await until(lambda: is_empty(listener.spooler))


async def test_who_is_told_that_the_store_is_late_leaves_the_message_counted(tmp_path: Path) -> None:
    """Its octets are still read: the commit may come yet."""
    counter = Counter()
    limits = SMALL_LIMITS | {"commit_timeout_s": 0.05, "spool_dir": str(tmp_path)}
    async with listening(counter, **limits) as (listener, port), Peer.greeted(port) as peer:
        await say_most(peer)
        await peer.say(b".\r\n", 451)
        peer.vanish()
        await until(lambda: not listener.connections)
        assert listener.spooler.spool_octets >= len(BODY)
        assert counter.contents == [BODY]
        counter.keep(0)
        await until(lambda: is_empty(listener.spooler))


class Failing:
    """A file on a disk that fails after so many octets."""

    def __init__(self, file: FileIO, after: int, number: int) -> None:
        self._file = file
        self._left = after
        self._errno = number

    def write(self, octets: memoryview) -> int:
        if not self._left:
            raise OSError(self._errno, os.strerror(self._errno))
        self._left -= (written := self._file.write(octets[: self._left]))
        return written

    def close(self) -> None:
        self._file.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("after", [0, 1, 100_000, len(BODY) - 1])
async def test_a_disk_that_fails_costs_the_message_and_nothing_else(
    number: int, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any octet; the connection stays, small mail is accepted, and a later try succeeds."""
    counter = Counter(keeps_at_once=True)
    limits = SMALL_LIMITS | {"spool_dir": str(tmp_path)}
    async with listening(counter, **limits) as (listener, port), Peer.greeted(port) as peer:
        open_file = temporary_files.open_nameless
        with monkeypatch.context() as patch:
            patch.setattr(spool, "open_nameless", lambda folder: Failing(open_file(folder), after, number))
            await say_most(peer)
            peer.send(b".\r\n")
            # A block that failed before the end mark came is 452, whatever the disk said.
            assert (await peer.reply())[:3] in ({"451", "452"} if number == errno.EIO else {"452"})
            await peer.say(MAIL + b"Hi.\r\n.\r\n", 250, 250, 354, 250)
            await until(lambda: is_empty(listener.spooler))
        await say_most(peer)
        await peer.say(b".\r\n", 250)
        small, large = counter.envelopes
        assert small.data.endswith(b"\r\nHi.\r\n")
        assert large.size == len(large.data) + len(BODY)


async def test_no_room_is_said_at_the_end_and_before_where_a_size_is_told(tmp_path: Path) -> None:
    """SIZE= and the octets themselves count against `max_spool`; small mail does not."""
    counter = Counter()
    limits = SMALL_LIMITS | {"max_spool_bytes": len(BODY) + 5000, "spool_dir": str(tmp_path)}
    async with (
        listening(counter, **limits) as (listener, port),
        Peer.greeted(port) as one,
        Peer.greeted(port) as other,
    ):
        await say_most(one)
        one.send(b".\r\n")
        await counter.arrival()
        await say_most(other)
        await other.say(b".\r\n", 452)
        await other.say(BEGUN + b"BDAT %d LAST\r\n" % len(BODY) + BODY, 250, 250, 452)
        await other.say(b"EHLO other.example\r\nMAIL FROM:<a@example.org> SIZE=%d\r\n" % len(BODY), 250, 452)
        counter.keep(0)
        assert (await one.reply()).startswith("250 ")
        await until(lambda: is_empty(listener.spooler))
        await say_most(other)
        other.send(b".\r\n")
        await counter.arrival(2)
        counter.keep(1)
        assert (await other.reply()).startswith("250 ")
