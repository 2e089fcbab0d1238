"""Mail with a 250 is never lost: after kills, after stops, under load."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import apsw
import pytest
from testkit.server_process import Peer, Sender, serving, write_load
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testkit.server_process import Process

SENDERS = 6
ROUNDS = 5


@contextmanager
def load_on(server: Process, name: str, at_least: int) -> Iterator[list[Sender]]:
    """Yield senders once they have a number of 250s; wait for all of them at the end."""
    senders = [Sender(server.smtp, f"{name}-{number}") for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    deadline = time.monotonic() + 2 * PATIENCE_S
    while sum(len(sender.kept) for sender in senders) < at_least:
        assert time.monotonic() < deadline, "too little was taken"
        assert any(sender.is_alive() for sender in senders)
        senders[0].join(0.005)
    yield senders
    for sender in senders:
        sender.join(2 * PATIENCE_S)
        assert not sender.is_alive()


def tokens_in(db: Path) -> Counter[str]:
    """Check the database's integrity; count the tokens of load@example.org's messages."""
    connection = apsw.Connection(str(db))
    assert connection.pragma("integrity_check") == "ok"
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT CAST(data AS BLOB) FROM inbox JOIN mail ON id = mail_id WHERE address = 'load@example.org'"
    ).fetchall()
    assert (
        connection.execute("SELECT messages, size FROM usage").fetchall()
        == connection.execute("SELECT count(*), total(size) FROM mail").fetchall()
    )
    connection.close()
    return Counter(read_token(bytes(data)) for (data,) in rows)


def read_token(data: bytes) -> str:
    """Return a message's token; check that a `Sender`'s content is unchanged below the trace."""
    match = re.search(rb"token=(\S+);", data)
    token = match[1].decode() if match else ""
    assert "." not in token or data.split(b"\r\n", 4)[4] == write_load(token)
    return token


@pytest.mark.slow
def test_a_killed_program_has_kept_every_message_that_got_its_250(tmp_path: Path) -> None:
    """After several kills under load, each message with a 250 is there exactly once."""
    db = tmp_path / "mail.db"
    promised: list[str] = []
    for number in range(ROUNDS):
        with serving(db) as server, load_on(server, f"round{number}", 150 * (number + 1)) as senders:
            server.process.kill()
        promised += [token for sender in senders for token in sender.kept]
    found = tokens_in(db)
    assert len(promised) > 150 * ROUNDS
    assert [token for token in promised if found[token] != 1] == []
    assert set(found.values()) == {1}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_program_answers_everyone_and_loses_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """On SIGTERM each complete message gets its reply, each connection a 421; the status is 0."""
    db = tmp_path / "mail.db"
    with serving(db) as server:
        with load_on(server, "stop", 300) as senders:
            server.process.send_signal(number)
        assert server.wait() == 0
    assert [token for sender in senders for token in sender.unanswered] == []
    assert [sender.last_code for sender in senders] == [421] * SENDERS
    found = tokens_in(db)
    assert found == Counter(token for sender in senders for token in sender.kept)


def test_a_message_under_way_is_finished_before_the_program_stops(tmp_path: Path) -> None:
    """On SIGTERM an open DATA may be finished; idle connections get 421 at once."""
    db = tmp_path / "mail.db"
    with serving(db) as server:
        idle, busy = Peer(server.smtp), Peer(server.smtp)
        idle.greet()
        busy.greet()
        assert busy.begin("load@example.org") == [250, 250, 354]
        busy.say(b"Subject: half\r\n\r\ntoken=")
        server.process.terminate()
        assert [idle.hear(), idle.hear()] == [421, 0]
        busy.say(b"late;\r\n.\r\n")
        assert [busy.hear(), busy.hear(), busy.hear()] == [250, 421, 0]
        assert server.wait() == 0
        idle.close()
        busy.close()
    assert tokens_in(db) == Counter(["late"])


def test_a_second_signal_does_not_wait_for_messages_under_way(tmp_path: Path) -> None:
    """A second SIGINT stops at once; incomplete messages got no 250."""
    db = tmp_path / "mail.db"
    with serving(db) as server:
        idle, busy = Peer(server.smtp), Peer(server.smtp)
        idle.greet()
        busy.greet()
        assert busy.begin("load@example.org") == [250, 250, 354]
        server.process.send_signal(signal.SIGINT)
        assert idle.hear() == 421
        server.process.send_signal(signal.SIGINT)
        assert server.wait() == 0
        idle.close()
        busy.close()
    assert tokens_in(db) == Counter()
