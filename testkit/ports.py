"""Finds free ports, for programs that must be given a port."""

from __future__ import annotations

import contextlib
import random
import socket

_PORTS = range(20_000, 32_000)
"""Below the ephemeral ports: an outgoing connection could take one of those meanwhile."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    for port in random.sample(_PORTS, 100):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")
