"""Mail with a 250 is in the database and its replicas once, after kills of the database."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from testkit.server_process import Sender, serving
from testkit.sqld import Sqld
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S, until

from edgemail.store.remote.hrana import HranaClient, HranaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testkit.server_process import Peer

__all__ = ["bounded"]

SENDERS = 6
ROUNDS = 3
LEAST = 60
"""The fewest messages with a 250 between two kills."""
FIND = "SELECT data FROM inbox JOIN mail ON id = mail_id WHERE address = 'load@example.org' ORDER BY id"


class PatientSender(Sender):
    """A sender that repeats a message after a temporary failure, until it is stopped."""

    is_over = False
    deferred = 0

    def _send(self, peer: Peer, token: str) -> bool:
        is_kept = super()._send(peer, token)
        self.deferred += self.last_code == 451
        return (is_kept or self.last_code == 451) and not self.is_over


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[Sqld]:
    server = Sqld(tmp_path / "primary")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def replica(tmp_path: Path, primary: Sqld) -> Iterator[Sqld]:
    server = Sqld(tmp_path / "replica", primary, primary.key)
    server.start()
    yield server
    server.kill()


async def tokens_on(server: Sqld) -> Counter[str]:
    """Count the tokens of the messages that a server has."""
    async with HranaClient(server.url, server.token("ro")) as client:
        rows = await client.query(FIND)
    return Counter(re.findall(r"token=(\S+);", "".join(data for (data,) in rows)))


@pytest.mark.slow
async def test_every_250_survives_kills_of_the_primary_and_nothing_is_there_twice(
    tmp_path: Path, primary: Sqld, replica: Sqld
) -> None:
    """While it is down, senders get 451 and try again; no message is lost or stored twice."""
    environ = {
        "EDGEMAIL_DB_TOKEN": primary.token(),
        "EDGEMAIL_OPERATOR_MAILDIR": str(tmp_path / "operator"),
        "EDGEMAIL_COMMIT_TIMEOUT": "2s",
    }
    with serving(tmp_path / "mail.db", url=primary.url, **environ) as program:
        senders = [PatientSender(program.smtp, f"s{number}") for number in range(SENDERS)]
        for sender in senders:
            sender.start()

        def kept() -> int:
            return sum(len(sender.kept) for sender in senders)

        for _ in range(ROUNDS):
            before, deferred = kept(), [sender.deferred for sender in senders]
            await until(lambda before=before: kept() >= before + LEAST)  # type: ignore[misc]
            primary.kill()
            await until(
                lambda deferred=deferred: all(  # type: ignore[misc]
                    sender.deferred > count for sender, count in zip(senders, deferred, strict=True)
                )
            )
            await asyncio.to_thread(primary.start)
        before = kept()
        await until(lambda: kept() >= before + LEAST)
        for sender in senders:
            sender.is_over = True
        for sender in senders:
            await asyncio.to_thread(sender.join, PATIENCE_S)
            assert not sender.is_alive()
        promised = Counter(token for sender in senders for token in sender.kept)
        assert set(promised.values()) == {1}

        async def has_all(server: Sqld) -> bool:
            try:
                return await tokens_on(server) == promised
            except HranaError:
                return False

        for server in (primary, replica):
            await until(lambda server=server: has_all(server))  # type: ignore[misc]
