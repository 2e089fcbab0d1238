"""A full or broken disk, and a locked database, as senders of a real program see it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest
from testkit.api_reader import delete, get, listing, raw
from testkit.faulty_disk import Call, broken, faulty_disk
from testkit.running_app import ANN, running, settings_in
from testkit.sample_mail import letter
from testkit.server_process import Peer, serving
from testkit.small_disk import serving_on_small_disk
from testkit.smtp_peer import Peer as AsyncPeer
from testkit.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testkit.server_process import Process

INBOX = "load@example.org"
_LOCKER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.set_busy_timeout(10_000)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def locking(db: Path) -> Iterator[None]:
    """Let another program hold the write lock."""
    with subprocess.Popen(
        [sys.executable, "-c", _LOCKER, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == b"locked\n"
        yield


def send(peer: Peer, token: str, octets: int = 100) -> int:
    """Send a message; return the code of the last reply."""
    codes = peer.begin(INBOX)
    if codes != [250, 250, 354]:
        return next(code for code in codes if code != 250)
    return peer.ask(b"Subject: " + token.encode() + b"\r\n\r\n" + b"x" * octets + b"\r\n.\r\n")


def send_anew(server: Process, token: str, octets: int = 100) -> int:
    """Send a message over a new connection."""
    peer = Peer(server.smtp)
    peer.greet()
    code = send(peer, token, octets)
    peer.close()
    return code


def read_inbox(server: Process) -> Counter[str]:
    """Read every message of the inbox, to its last octet, and count their tokens."""
    found = []
    for message in listing(server, INBOX):
        data = raw(server, message["id"])
        assert data.endswith(b"x\r\n")
        found.append(data.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode())
    return Counter(found)


@pytest.mark.needs_small_disk
def test_a_full_disk_refuses_mail_until_there_is_room(tmp_path: Path) -> None:
    """A full disk gives 452 to all messages; exactly those with a 250 are kept."""
    with serving_on_small_disk(tmp_path / "disk", "12m", EDGEMAIL_SPOOL_ABOVE="64KiB") as (server, disk):
        peer = Peer(server.smtp)
        peer.greet()
        kept = []
        for number in range(2):
            for size in (100, 500_000):
                kept.append(f"{number}-{size}")
                assert send(peer, kept[-1], size) == 250
            with disk.filled():
                for size in (100_000, 500_000, 100_000):
                    assert send(peer, "refused", size) == 452
                assert set(read_inbox(server)) == set(kept)
        kept.append("last")
        assert send(peer, "last") == 250
        assert read_inbox(server) == Counter(kept)
        peer.close()


@pytest.mark.needs_small_disk
def test_readers_of_large_mail_leave_the_disk_to_senders(tmp_path: Path) -> None:
    """The parsed form of a deleted message stays on the disk for a minute. All of them take a quarter at most."""
    with serving_on_small_disk(tmp_path / "disk", "48m", EDGEMAIL_MIN_FREE="10%") as (server, _):
        for number in range(30):
            assert send_anew(server, f"{number}", 2_000_000) == 250
            (message,) = listing(server, INBOX)
            assert len(get(server, f"/api/messages/{message['id']}")) > 2_000_000
            delete(server, f"/api/inboxes/{INBOX}")


async def test_a_locked_database_refuses_mail_in_time_and_is_not_waited_for_twice(tmp_path: Path) -> None:
    """A locked database gives 451 after `commit_timeout`; readers go on, and mail is kept later."""
    db = tmp_path / "mail.db"
    with serving(db, EDGEMAIL_COMMIT_TIMEOUT="1s") as server:
        peer, other = Peer(server.smtp), Peer(server.smtp)
        peer.greet()
        other.greet()
        assert send(peer, "before") == 250
        with locking(db):
            assert send(peer, "late") == 451
            codes = [other.ask(b"MAIL FROM:<load@sender.example>\r\n") for _ in range(9)]
            assert read_inbox(server) == Counter(["before"])
        assert codes == [451] * 9
        await until(lambda: send_anew(server, "after") == 250, 2 * PATIENCE_S)
        found = read_inbox(server)
        assert found["before"] == found["after"] == 1
        assert set(found) <= {"before", "late", "after"}
        peer.close()
        other.close()


def test_mail_goes_on_where_the_database_was_deleted(tmp_path: Path) -> None:
    """Senders notice nothing; the new file has all mail with a 250, also after a restart."""
    db = tmp_path / "mail.db"
    with serving(db) as server:
        peer = Peer(server.smtp)
        peer.greet()
        assert send(peer, "gone") == 250
        db.unlink()
        assert send(peer, "kept") == 250
        assert read_inbox(server) == Counter(["kept"])
        server.process.kill()
        peer.close()
    with serving(db) as server:
        assert read_inbox(server) == Counter(["kept"])


def test_files_that_may_not_be_written_any_more_are_written_while_they_are_open(tmp_path: Path) -> None:
    """Modes are checked when a file is opened, so mail is still kept."""
    db = tmp_path / "mail.db"
    with serving(db) as server:
        peer = Peer(server.smtp)
        peer.greet()
        for path in (db, Path(f"{db}-wal"), Path(f"{db}-shm")):
            path.chmod(0o400)
        db.parent.chmod(0o500)
        assert send(peer, "kept") == 250
        db.parent.chmod(0o700)
        connection = apsw.Connection(str(db), flags=apsw.SQLITE_OPEN_READONLY)
        assert connection.execute("SELECT count(*) FROM mail").fetchall() == [(1,)]
        connection.close()
        peer.close()


@pytest.mark.parametrize(
    ("call", "error", "reply"),
    [
        ("write", broken("write"), "451"),
        ("sync", broken("sync"), "451"),
        ("write", apsw.ReadOnlyError("mounted read-only"), "451"),
        ("write", apsw.FullError("no room"), "452"),
    ],
    ids=["write", "sync", "read-only", "full"],
)
async def test_a_disk_that_fails_refuses_mail_until_it_works(
    tmp_path: Path, call: Call, error: apsw.Error, reply: str
) -> None:
    """A failing sync gives 451 each time; reading goes on, and mail is kept once it works."""
    with faulty_disk() as disk:
        async with running(settings_in(tmp_path)) as program, AsyncPeer.greeted(program.smtp[1]) as peer:
            transaction = f"MAIL FROM:<a@example.org>\r\nRCPT TO:<{ANN}>\r\nDATA\r\n".encode()
            for number in range(2):
                await peer.say(transaction, 250, 250, 354)
                await peer.say(letter(f"kept {number}") + b".\r\n", 250)
                disk.fault = lambda asked, name: error if asked == call else None
                for _ in range(3):
                    await peer.say(transaction, 250, 250, 354)
                    await peer.say(letter("refused") + b".\r\n", int(reply))
                assert len(await program.list_inbox()) == number + 1
                assert (await program.ask("/readyz")).status == 200
                disk.fault = lambda asked, name: None
            await peer.say(transaction, 250, 250, 354)
            await peer.say(letter("last") + b".\r\n", 250)
            subjects = [message["subject"] for message in await program.list_inbox()]
            assert subjects == ["last", "kept 1", "kept 0"]


def test_a_peer_that_vanishes_behind_its_dot_has_sent_one_message(tmp_path: Path) -> None:
    """After many resets by clients, each message is stored completely and once."""
    with serving(tmp_path / "mail.db") as server:
        tokens = [f"vanished-{number}" for number in range(30)]
        for token in tokens:
            peer = Peer(server.smtp)
            peer.greet()
            assert peer.begin(INBOX) == [250, 250, 354]
            peer.say(b"Subject: " + token.encode() + b"\r\n\r\nx\r\n.\r\n")
            peer.vanish()
        for after in range(len(tokens)):
            path = f"/api/inboxes/load%40example.org/wait?after={after}&timeout=10"
            assert json.loads(get(server, path))["status"] == "found"
        assert read_inbox(server) == Counter(tokens)
