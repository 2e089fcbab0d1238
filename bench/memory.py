"""Resident memory: idle, and with thousands of connections that say nothing."""

from __future__ import annotations

import resource
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Server, run_edgemail

CONNECTIONS = 5000


@dataclass(frozen=True)
class Memory:
    """In bytes."""

    idle: int
    a_connection: float


def measure() -> Memory:
    """Start a server, look; open the connections, look again."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + 1000
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
    )
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder,
        run_edgemail(Path(folder)) as server,
    ):
        time.sleep(2)  # until what the start left behind is settled
        idle = server.rss_bytes()
        peers = [_connect(server) for _ in range(CONNECTIONS)]
        busy = server.rss_bytes()
        for peer in peers:
            peer.close()
    return Memory(idle, (busy - idle) / CONNECTIONS)


def _connect(server: Server) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    peer.sendall(b"EHLO idle.example\r\n")
    received = b""
    while b"\r\n250 " not in received:
        received += peer.recv(4096)
    return peer
