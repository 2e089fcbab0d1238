"""Who takes lists of whole messages slowly, by other catchers' APIs, beside an honest sender and reader."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

import pytest
from testkit.honest_work import Honest, ask, send, wait_for_reads
from testkit.hostile_peers import count_descriptors, measure_memory
from testkit.sample_mail import letter
from testkit.server_process import Process, serving
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

MIB = 2**20
MEMORY_BYTES = 300 * MIB
SLOW_READERS = 100
LARGE, MESSAGES = 12 * MIB, 6
OFTEN = {f"EDGEMAIL_{rate}_RATE": "100000" for rate in ("CONNECTION", "MESSAGE", "READ")}
"""The honest two work as often as they can, and no rate is to stop them on a quick machine."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    with serving(tmp_path / "mail.db", EDGEMAIL_MAX_AGE="off", EDGEMAIL_TRUSTED="none", **OFTEN) as process:
        yield process


@pytest.mark.parametrize("path", ["/api/v2/messages?limit=250", "/email", "/api/email"])
def test_slow_readers_of_whole_messages(server: Process, figures: list[str], path: str) -> None:
    """Each list has all octets of all messages, and nobody may hold them all."""
    text = ("0123456789abcdef" * 4 + "\r\n") * (LARGE // 66)
    for _ in range(MESSAGES):
        send(server, letter(text=text), "eve@example.org")
    pid = server.process.pid
    with Honest(server) as honest, contextlib.ExitStack() as peers:
        wait_for_reads(honest, 2)
        before = count_descriptors(pid)
        readers = [peers.enter_context(ask(server, path)) for _ in range(SLOW_READERS)]
        said = []
        for reader in readers:
            reader.settimeout(3 * PATIENCE_S)
            said.append(reader.recv(12))
        assert set(said) <= {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        assert b"HTTP/1.1 200" in said
        wait_for_reads(honest, 5)
        memory = measure_memory(pid)
        peers.close()
        deadline = time.monotonic() + PATIENCE_S
        while count_descriptors(pid) > before + 8:
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)
    figures.append(f"{SLOW_READERS} slow readers of {path}: {memory // MIB} MiB in all, {honest.check()}")
    assert memory < MEMORY_BYTES, figures[-1]
