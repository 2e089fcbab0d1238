"""Ports that are free, for programs that must be told theirs."""

from __future__ import annotations

import contextlib
import random
import socket

_PORTS = range(20_000, 32_000)
"""Below those that systems give to connections that go out: one of these might have it while a program is down."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on just now."""
    for port in random.sample(_PORTS, 100):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")
