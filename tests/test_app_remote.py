"""The whole program on a real sqld, and what its senders and readers see when the database is in trouble."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgemail.settings import Settings, StoreSettings
from support.apps import ANN, Program, running, settings_in
from support.bounds import bounded
from support.mail import letter
from support.smtp_peer import MAIL, Peer
from support.sqld import Sqld
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

__all__ = ["bounded"]

COMMIT_S = 3.0
"""How long a sender waits for the database, at most."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sqld]:
    one = Sqld(tmp_path / "sqld")
    one.start()
    yield one
    one.kill()


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
    return [one["subject"] for one in reversed(await program.list_inbox())]


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
    """A commit waits for its turn to write within its own time, not in addition to it."""
    async with running_on(server, tmp_path) as program:
        (before,) = await program.send_letter("Before")
        server.pause()
        deleting = asyncio.create_task(program.ask(f"/api/messages/{before}", "DELETE"))
        await until(lambda: program.app._store._write_lock.locked())  # type: ignore[attr-defined]
        async with sending(program, "Second") as second:
            await second.say(b"", 451)
        server.resume()
        assert (await deleting).status == 204
        await program.send_letter("After")
        assert await subjects(program) == ["After"]
