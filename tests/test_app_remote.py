"""The whole program on a real sqld, and what its senders and readers see when the database is in trouble."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from testkit.http_client import follow, inbox_path
from testkit.ports import free_port
from testkit.running_app import ANN, Program, running, settings_in
from testkit.sample_mail import letter
from testkit.smtp_peer import MAIL, Peer, drop_trace
from testkit.sqld import Sqld
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S, until
from testkit.write_lock_attack import holding_the_write_lock

from edgemail.settings import Settings, StoreSettings
from edgemail.store.base import Usage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

__all__ = ["bounded"]

COMMIT_S = 3.0
"""How long a sender waits for the database, at most."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sqld]:
    sqld = Sqld(tmp_path / "sqld", admin_port=free_port())
    sqld.start()
    yield sqld
    sqld.kill()


@asynccontextmanager
async def running_on(server: Sqld, folder: Path, commit_timeout_s: float = COMMIT_S) -> AsyncIterator[Program]:
    """Run the program on a database, with senders who wait for so long."""
    async with running(settings_on(server, folder, commit_timeout_s)) as program:
        yield program


def settings_on(server: Sqld, folder: Path, commit_timeout_s: float = COMMIT_S) -> Settings:
    """Make settings with a database on a server."""
    settings = settings_in(folder)
    smtp = replace(settings.smtp, commit_timeout_s=commit_timeout_s)
    return replace(settings, smtp=smtp, store=StoreSettings(db=server.url, token=server.token()))


@asynccontextmanager
async def sending(program: Program, subject: str) -> AsyncIterator[Peer]:
    """Hand a message over; its reply is yet to come."""
    async with Peer.greeted(program.smtp[1]) as peer:
        await peer.say(MAIL.replace(b"bob@example.com", ANN.encode()), 250, 250, 354)
        peer.send(letter(subject) + b".\r\n")
        yield peer


async def subjects(program: Program) -> list[str]:
    """List what an inbox has, oldest first."""
    return [message["subject"] for message in reversed(await program.list_inbox())]


async def test_who_waits_behind_a_slow_commit_is_told_in_time_and_not_kept_later(
    server: Sqld, tmp_path: Path
) -> None:
    """The time of a commit begins when its first message came: a 451 is never followed by the message itself."""
    async with running_on(server, tmp_path) as program:
        await program.send_letter("Before")
        server.pause()
        async with sending(program, "First") as first, sending(program, "Second") as second:
            await first.say(b"", 451)
            await second.say(b"", 451)
        server.resume()
        await program.send_letter("After")
        assert await subjects(program) == ["Before", "After"]


async def test_who_waits_behind_a_deletion_is_told_in_time_and_not_kept_later(server: Sqld, tmp_path: Path) -> None:
    """Whatever else is written has its own time, and takes nothing of a commit's."""
    async with running_on(server, tmp_path) as program:
        (before,) = await program.send_letter("Before")
        server.pause()
        deleting = asyncio.create_task(program.ask(f"/api/messages/{before}", "DELETE"))
        async with sending(program, "Second") as second:
            await second.say(b"", 451)
        assert not deleting.done()
        server.resume()
        assert (await deleting).status == 204
        await program.send_letter("After")
        assert await subjects(program) == ["After"]


def refuse_the_token(server: Sqld) -> None:
    """Start it again with the public key of another pair."""
    server.kill()
    key, server.key = server.key, Ed25519PrivateKey.generate()
    server.start()
    server.key = key


def accept_the_token(server: Sqld) -> None:
    server.kill()
    server.start()


TROUBLES: dict[str, tuple[Callable[[Sqld], None], Callable[[Sqld], None]]] = {
    "down": (Sqld.kill, Sqld.start),
    "hung": (Sqld.pause, Sqld.resume),
    "refusing the token": (refuse_the_token, accept_the_token),
}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_database_in_trouble_is_451_and_503_until_it_is_back(
    trouble: str, server: Sqld, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every sender is told in time; the log says when it began and when it ended, however many they are."""
    begin, end = TROUBLES[trouble]
    async with running_on(server, tmp_path) as program, AsyncExitStack() as stack:
        await program.send_letter("Before")
        with caplog.at_level(logging.INFO, "edgemail.store.remote.health"):
            await asyncio.to_thread(begin, server)
            senders = [await stack.enter_async_context(sending(program, f"{number}")) for number in range(4)]
            for sender in senders:
                await sender.say(b"", 451)
            assert (await program.ask("/readyz")).status == 503
            await asyncio.to_thread(end, server)
            await until(lambda: is_ready(program))
            await program.send_letter("After")
        assert await subjects(program) == ["Before", "After"]
    began, ended = lines_of(caplog)
    assert began.startswith(f"the database at {server.url} is not available: ")
    assert ended == f"the database at {server.url} is back"


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log has of the database."""
    return [record.getMessage() for record in caplog.records if record.name == "edgemail.store.remote.health"]


async def is_ready(program: Program) -> bool:
    return (await program.ask("/readyz")).status == 200


async def test_a_full_database_is_452_and_503_until_there_is_room(
    server: Sqld, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is there can be read; small mail that still finds room is kept."""
    large = letter("Large", "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 3000)
    async with running_on(server, tmp_path) as program, Peer.greeted(program.smtp[1]) as peer:

        async def send() -> str:
            await peer.say(MAIL.replace(b"bob@example.com", ANN.encode()), 250, 250, 354)
            peer.send(large + b".\r\n")
            return await peer.reply()

        assert (await send())[:4] == "250 "
        with caplog.at_level(logging.INFO, "edgemail"):
            await asyncio.to_thread(server.bound, "2mb")
            kept = 1
            while (reply := await send())[:4] == "250 ":
                kept += 1
            assert reply == "452 4.3.1 There is no room, try again later"
            assert (await send())[:4] == "452 "
            assert len(await program.list_inbox()) == kept
            answer = await program.ask("/readyz")
            assert (answer.status, answer.json()["detail"]) == (503, "the database keeps no mail")
            assert (await send())[:4] == "452 "
            await asyncio.to_thread(server.bound, "20mb")
            assert (await send())[:4] == "250 "
            assert await is_ready(program)
        assert len(await program.list_inbox()) == kept + 1
    assert lines_of(caplog) == [
        f"the database at {server.url} fails: SQLite error: database or disk is full",
        f"the database at {server.url} is back",
    ]


async def test_a_database_that_lets_nobody_write_is_451_at_once(
    server: Sqld, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Waiting does not help, as it would for the write lock; the log has the database's own reason, once."""
    async with running_on(server, tmp_path, commit_timeout_s=10 * PATIENCE_S) as program:
        await program.send_letter("Before")
        await asyncio.to_thread(server.block, "over quota")
        for number in range(2):
            async with sending(program, f"{number}") as sender:
                await sender.say(b"", 451)
        assert not await is_ready(program)
        assert await subjects(program) == ["Before"]
    assert lines_of(caplog) == [f"the database at {server.url} fails: Operation was blocked: over quota"]


async def test_old_mail_goes(server: Sqld, tmp_path: Path) -> None:
    """Retention sweeps a database elsewhere as it does a file."""
    settings = settings_on(server, tmp_path)
    async with running(settings) as program:
        await program.send_letter("Old", "Not new")
    aged = replace(settings.retention, max_age_s=0.01, interval_s=0.05)
    async with running(replace(settings, retention=aged)) as program:

        async def is_empty() -> bool:
            return not await program.list_inbox()

        await until(is_empty)
        await asyncio.to_thread(program._send, (letter("New"),), (ANN,))
        await until(is_empty)
        assert await program.app._store.measure() == Usage(0, 0)


async def test_an_inbox_that_is_too_full_loses_its_oldest(server: Sqld, tmp_path: Path) -> None:
    """Soon after the mail has come."""
    settings = settings_on(server, tmp_path)
    async with running(replace(settings, retention=replace(settings.retention, max_inbox_messages=3))) as program:
        await asyncio.to_thread(program._send, tuple(letter(f"{number}") for number in range(8)), (ANN,))

        async def is_trimmed() -> bool:
            return await subjects(program) == ["5", "6", "7"]

        await until(is_trimmed)


async def test_mail_is_deleted_by_the_api(server: Sqld, tmp_path: Path) -> None:
    """One message for all its recipients, or an inbox, whose mail stays with others."""
    ben = "ben@example.org"
    async with running_on(server, tmp_path) as program:
        first, _, _ = await program.send(letter("One"), letter("Two"), letter("Three"), to=(ANN, ben))
        assert (await program.ask(f"/api/messages/{first}", "DELETE")).status == 204
        assert (await program.ask(f"/api/messages/{first}", "DELETE")).status == 404
        assert await subjects(program) == ["Two", "Three"]
        assert (await program.ask(inbox_path(ANN), "DELETE")).json() == {"deleted": 2}
        assert await subjects(program) == []
        assert len(await program.list_inbox(ben)) == 2


async def test_two_programs_on_one_database_tell_each_others_mail(server: Sqld, tmp_path: Path) -> None:
    """To who waits and to who follows, within a second or two; each message once, and in order."""
    async with (
        running_on(server, tmp_path) as ours,
        running_on(server, tmp_path) as theirs,
        follow(ours.url, inbox_path(ANN, "/events?after=0")) as events,
    ):
        waiting = asyncio.create_task(ours.ask(inbox_path(ANN, "/wait?timeout=30&after=0")))
        await theirs.send_letter("Theirs")
        assert (await waiting).json()["message"]["subject"] == "Theirs"
        await ours.send_letter("Ours")
        await theirs.send_letter("Theirs, too")
        told = await events.take(3)
        assert [event.data["subject"] for event in told] == ["Theirs", "Ours", "Theirs, too"]
        assert await subjects(ours) == await subjects(theirs) == ["Theirs", "Ours", "Theirs, too"]


async def test_the_largest_message_comes_back_octet_for_octet(server: Sqld, tmp_path: Path) -> None:
    """25 MiB by SMTP, in parts into sqld, and by HTTP out again."""
    line = bytes(octet for octet in range(256) if octet not in b"\r\n") * 3 + b"\r\n"
    settings = settings_on(server, tmp_path, commit_timeout_s=30.0)
    head = letter("Large", "")
    message = head + line * ((settings.smtp.max_message_bytes - len(head)) // len(line))
    async with running(settings) as program:
        (mail_id,) = await program.send(message)
        answer = await program.ask(f"/api/messages/{mail_id}/raw")
        assert drop_trace(answer.body) == message
        (listed,) = await program.list_inbox()
        assert listed["size"] == len(answer.body)


@pytest.mark.slow
async def test_several_who_hold_the_write_lock_hang_nobody_and_lose_nothing(
    server: Sqld, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On the primary and through a replica: each sender is answered in time, the next try is the only copy."""
    replica = Sqld(tmp_path / "replica", primary=server, key=server.key)
    await asyncio.to_thread(replica.start)
    caplog.set_level(logging.INFO, "edgemail.store")
    wanted = [f"{number}" for number in range(6)]
    try:
        async with running_on(server, tmp_path, commit_timeout_s=0.8 * PATIENCE_S) as program:
            left = list(wanted)
            async with (
                holding_the_write_lock(server, server, replica, replica),
                AsyncExitStack() as stack,
            ):
                peers = [await stack.enter_async_context(sending(program, name)) for name in left]
                replies = [await peer.reply() for peer in peers]
                left = [name for name, reply in zip(left, replies, strict=True) if reply[:4] != "250 "]
                assert len(await program.list_inbox()) <= len(wanted)
            assert all(reply[:4] in {"250 ", "451 "} for reply in replies)
            await program.send_letter(*left)
            assert len(lines_of(caplog)) <= 2, "it can be read all the while, and that is no news"
            assert sorted(await subjects(program)) == wanted
    finally:
        replica.kill()
