"""Out of descriptors: open connections are served, others later, without a busy loop."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from testkit.api_reader import get, listing, program
from testkit.hostile_peers import count_descriptors
from testkit.server_process import Peer, serving
from testkit.waiting import until

DESCRIPTORS = 64
ROUNDS = 2
WATCHED_S = 1.0
BUSY_S = 0.5
INBOX = "load@example.org"
SETTINGS = {"EDGEMAIL_SPOOL_ABOVE": "64KiB", "EDGEMAIL_SMTPS": "127.0.0.1:0", "EDGEMAIL_TLS_TIMEOUT": "60s"}


def read_cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send(peer: Peer, octets: int = 100) -> int:
    assert peer.begin(INBOX) == [250, 250, 354]
    return peer.ask(b"Subject: few\r\n\r\n" + b"x" * octets + b"\r\n.\r\n")


def has_summaries(path: Path, count: int) -> bool:
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        return bool(connection.execute("SELECT count(*) FROM summary").get == count)


@pytest.mark.parametrize("port", ["smtp", "smtps"])
@pytest.mark.slow
async def test_without_descriptors_who_is_in_is_served_and_the_others_later(tmp_path: Path, port: str) -> None:
    """An open connection's mail is kept, or deferred if it needs a spool; later all is normal."""
    command = (program("prlimit", "util-linux"), f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", sys.executable)
    with serving(tmp_path / "mail.db", (*command, "-m", "edgemail"), **SETTINGS) as server:
        pid = server.process.pid
        peer = Peer(server.smtp)
        peer.greet()
        codes = [send(peer), send(peer, 100_000)]
        await until(lambda: has_summaries(tmp_path / "mail.db", 2))  # the first one loads words of many languages
        before = count_descriptors(pid)
        for _ in range(ROUNDS):
            crowd = [socket.create_connection(getattr(server, port)) for _ in range(2 * DESCRIPTORS)]
            await until(lambda: count_descriptors(pid) >= DESCRIPTORS - 1)
            codes.append(send(peer))
            large = send(peer, 100_000)  # the last one may be free, for a spool
            assert large in (250, 451, 452)
            codes += [large] * (large == 250)
            used_s = read_cpu_s(pid)
            await asyncio.sleep(WATCHED_S)
            assert read_cpu_s(pid) - used_s < BUSY_S
            for held in crowd:
                held.close()
            await until(lambda: count_descriptors(pid) <= before + 2)
        other = Peer(server.smtp)
        other.greet()
        codes += [send(other), send(other, 100_000)]
        assert codes == [250] * len(codes)
        assert len(listing(server, INBOX)) == len(codes)
        assert get(server, "/readyz") == b'{"status":"ok"}'
        other.close()
        peer.close()
