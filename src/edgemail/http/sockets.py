"""Options of the listening sockets, which accepted connections inherit."""

from __future__ import annotations

import socket

from edgemail.http.limits import RECEIVE_BYTES, SLICE_BYTES
from edgemail.system.sockets import limit_unsent, set_tcp_user_timeout


def set_options(bound: socket.socket, reader_timeout_s: float) -> None:
    """Bound what a connection may hold, and how long a peer may be silent.

    Connections that come before the servers run wait in the backlog: the options must be set by then.
    """
    set_tcp_user_timeout(bound, reader_timeout_s)
    limit_unsent(bound, SLICE_BYTES)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
