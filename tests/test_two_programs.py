"""Two programs on one database: who waits at one gets the mail that the other takes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import smtplib
from typing import TYPE_CHECKING

import pytest
from testkit.http_client import ask, follow
from testkit.server_process import Process, serving
from testkit.sqld import Sqld
from testkit.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANN = "ann@example.org"
START_S = 4 * PATIENCE_S


def send(taking: Process, subject: str) -> None:
    """Send a mail to Ann."""
    with smtplib.SMTP(*taking.smtp, timeout=PATIENCE_S) as client:
        client.sendmail("bob@sender.example", [ANN], f"Subject: {subject}\r\n\r\nHello.\r\n")


async def shows(asked: Process, subjects: set[str]) -> bool:
    """Return True if a program lists just these; it may not have loaded its HTTP side yet."""
    with contextlib.suppress(TimeoutError):
        listed = (await ask(asked.url, f"/api/inboxes/{ANN}/messages")).json()["messages"]
        return {message["subject"] for message in listed} == subjects
    return False


@contextlib.contextmanager
def two(tmp_path: Path, kind: str, *, only_reads: bool) -> Iterator[tuple[Process, Process]]:
    """Run the program that takes mail, and the one that is asked for it, on one database."""
    with contextlib.ExitStack() as stack:
        environ, url = {"EDGEMAIL_MODE": "dev"}, ""
        if kind == "sqld":
            server = Sqld(tmp_path / "sqld")
            server.start()
            stack.callback(server.kill)
            url, environ["EDGEMAIL_DB_TOKEN"] = server.url, server.token()
        taking = stack.enter_context(serving(tmp_path / "mail.db", url=url, **environ))
        smtp = "off" if only_reads else "127.0.0.1:0"
        asked = stack.enter_context(serving(tmp_path / "mail.db", url=url, smtp=smtp, **environ))
        yield taking, asked


@pytest.mark.parametrize("only_reads", [False, True], ids=["both take mail", "one only reads"])
@pytest.mark.parametrize("kind", ["file", pytest.param("sqld", marks=pytest.mark.needs_sqld)])
async def test_who_waits_at_one_program_gets_what_another_takes(
    tmp_path: Path, kind: str, only_reads: bool
) -> None:
    """By address and of all mail, by a request that waits and by events."""
    with two(tmp_path, kind, only_reads=only_reads) as (taking, asked):
        async with contextlib.AsyncExitStack() as stack:
            streams = [
                await stack.enter_async_context(follow(asked.url, path))
                for path in (f"/api/inboxes/{ANN}/events", "/api/events")
            ]
            waits = [
                asyncio.create_task(ask(asked.url, f"{path}?after=0&timeout=9"))
                for path in (f"/api/inboxes/{ANN}/wait", "/api/wait")
            ]
            await asyncio.to_thread(send, taking, "From next door")
            answers = [(await wait).json() for wait in waits]
            assert [answer["message"]["subject"] for answer in answers] == ["From next door"] * 2
            for stream in streams:
                (event,) = await stream.take(1)
                assert event.data["subject"] == "From next door"


@pytest.mark.slow
@pytest.mark.needs_sqld
async def test_two_that_take_mail_on_one_sqld_show_each_others(tmp_path: Path) -> None:
    """Both take mail at the same time, each commits its own, and either lists and deletes all of it."""
    with two(tmp_path, "sqld", only_reads=False) as programs:
        await asyncio.gather(
            *[
                asyncio.to_thread(send, program, f"{name} {number}")
                for number in range(5)
                for name, program in zip(("left", "right"), programs, strict=True)
            ]
        )
        sent = {f"{name} {number}" for name in ("left", "right") for number in range(5)}
        left, right = programs
        for program in programs:
            await until(functools.partial(shows, program, sent), START_S)
        assert (await ask(left.url, f"/api/inboxes/{ANN}", "DELETE")).json() == {"deleted": len(sent)}
        await until(functools.partial(shows, right, set()), START_S)
