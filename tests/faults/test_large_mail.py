"""Many large messages at once: the program's memory, and the fate of each message."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest
from testkit.server_process import Peer, serving
from testkit.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from testkit.server_process import Process

CROWD = 20
LARGE_OCTETS = 25 * 2**20 - 1000
PIECE_OCTETS = 2**18
MEMORY_MAX_BYTES = 220 * 2**20
"""Some 170 MiB is what is needed, of 200 messages as well; 60 are those of the program itself, and most others are
the copies that the C library keeps of what the writer, the readers and the parser had."""
PATIENCE_S = 120.0
TEXT = b"0123456789abcdef" * 64 + b"\r\n"
OCTETS = bytes(number for number in range(256) if number not in b"\r\n.") * 4 + b"\r\n"


class LargeSender(threading.Thread):
    """Sends one message of about 25 MiB, once all senders have started."""

    def __init__(self, server: Process, number: int, begun: threading.Barrier) -> None:
        super().__init__(name=f"sender {number}", daemon=True)
        self._server = server
        self._begun = begun
        self._first = b"Subject: %d\r\n\r\n" % number
        self._block = (TEXT if number % 2 else OCTETS) * (PIECE_OCTETS // len(TEXT))
        self.code = 0
        self.still_serves = False

    @property
    def digest(self) -> str:
        """The digest of the message."""
        digest = hashlib.sha256(self._first)
        for _ in range(self._blocks):
            digest.update(self._block)
        return digest.hexdigest()

    @property
    def _blocks(self) -> int:
        return LARGE_OCTETS // len(self._block)

    def run(self) -> None:
        """Send the message, followed by another command."""
        peer = Peer(self._server.smtp, PATIENCE_S)
        peer.greet()
        codes = peer.begin("large@example.org")
        self._begun.wait()
        if codes == [250, 250, 354]:
            peer.say(self._first)
            for _ in range(self._blocks):
                peer.say(self._block)
            peer.say(b".\r\n")
            self.code = peer.hear()
            peer.say(b"NOOP\r\n")
            self.still_serves = peer.hear() == 250
        peer.close()


def send_at_once(server: Process, count: int) -> list[LargeSender]:
    """Send large messages concurrently; return the senders when all have a reply."""
    begun = threading.Barrier(count)
    senders = [LargeSender(server, number, begun) for number in range(count)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return senders


def digests_in(db: Path) -> list[str]:
    """Return the digest of each stored message, without its trace fields."""
    connection = apsw.Connection(str(db))
    found = []
    for (data,) in connection.execute("SELECT CAST(data AS BLOB) FROM mail"):
        found.append(hashlib.sha256(bytes(data).split(b"\r\n", 4)[4]).hexdigest())
    kinds = connection.execute("SELECT DISTINCT typeof(data) FROM mail").fetchall()
    connection.close()
    assert set(kinds) <= {("text",), ("blob",)}, kinds
    return sorted(found)


def count_summaries(db: Path) -> int:
    """Return the number of parsed messages."""
    connection = apsw.Connection(str(db), flags=apsw.SQLITE_OPEN_READONLY)
    ((count,),) = connection.execute("SELECT count(*) FROM summary")
    connection.close()
    return int(count)


def most_memory_bytes(server: Process) -> int:
    """Return the peak resident memory of a process in octets."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def spools_of(server: Process) -> Sequence[str]:
    """List the open files of a process that have no name."""
    found = []
    for path in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(path.readlink()))
    return [finding for finding in found if finding.endswith("(deleted)")]


@pytest.mark.slow
async def test_many_large_messages_at_once_take_little_memory_and_none_is_lost(tmp_path: Path) -> None:
    """Messages of twice the memory limit are all kept unchanged, and no spool stays open."""
    db = tmp_path / "mail.db"
    with serving(db, EDGEMAIL_COMMIT_TIMEOUT="2m") as server:
        senders = await asyncio.to_thread(send_at_once, server, CROWD)
        assert [sender.code for sender in senders] == [250] * CROWD
        assert all(sender.still_serves for sender in senders)
        await until(lambda: spools_of(server) == [] and count_summaries(db) == CROWD, PATIENCE_S)
        assert most_memory_bytes(server) < MEMORY_MAX_BYTES
        assert digests_in(db) == sorted(sender.digest for sender in senders)


async def test_past_what_may_be_spooled_messages_are_refused_and_their_connections_live(tmp_path: Path) -> None:
    """Without spool space some get 452; exactly those with a 250 are kept."""
    db = tmp_path / "mail.db"
    with serving(db, EDGEMAIL_COMMIT_TIMEOUT="2m", EDGEMAIL_MAX_SPOOL="60MiB") as server:
        senders = await asyncio.to_thread(send_at_once, server, 8)
        kept = [sender for sender in senders if sender.code == 250]
        assert {sender.code for sender in senders} == {250, 452}
        assert all(sender.still_serves for sender in senders)
        await until(lambda: spools_of(server) == [], PATIENCE_S)
        assert digests_in(db) == sorted(message.digest for message in kept)
        again = await asyncio.to_thread(send_at_once, server, 2)
        assert [message.code for message in again] == [250, 250]
