"""Listening sockets hold a burst of connections until they are accepted."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
from pathlib import Path

from testkit.hostile_peers import raise_own_limit

from edgemail.model import Endpoint
from edgemail.system.sockets import BACKLOG, bind

SOMAXCONN = Path("/proc/sys/net/core/somaxconn")
COUNT = 2000
PATIENCE_MS = 800
"""Less than the second after which a dropped connection is tried again."""


def test_a_burst_of_connections_waits_in_the_backlog() -> None:
    """Where it is full, the kernel drops what comes, and an honest peer tries again a second later."""
    raise_own_limit()
    system_max = int(SOMAXCONN.read_text()) if SOMAXCONN.exists() else 100
    most = min(COUNT, BACKLOG, system_max)
    with contextlib.ExitStack() as open_:
        bound = open_.enter_context(bind(Endpoint("127.0.0.1", 0), "--http"))
        poll = select.poll()
        for _ in range(most):
            peer = open_.enter_context(socket.socket())
            peer.setblocking(False)
            assert peer.connect_ex(bound.getsockname()) in (0, errno.EINPROGRESS)
            poll.register(peer, select.POLLOUT)
        assert len(poll.poll(PATIENCE_MS)) == most
