"""How many files and sockets the program may have open at a time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

_OTHERS = 128
"""The database, the log, the threads' own, and what a library opens for a moment."""


def raise_limit(max_connections: int, max_readers: int, warn: Callable[..., None] = _log.warning) -> None:
    """Raise the soft limit to what can be needed, as far as the hard one allows; warn where that is too little.

    Each SMTP connection may have a spool, and so may a message whose sender was told that its commit is late.
    """
    if resource is None:
        return
    needed = 2 * max_connections + max_readers + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    possible = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    except (OSError, ValueError):
        possible = soft
    if possible < needed:
        warn(
            "only %d files can be open at a time, and max_connections=%d may need %d: raise the limit "
            "(ulimit -n, or LimitNOFILE= in a systemd unit), or set max_connections to %d",
            possible,
            max_connections,
            needed,
            max(1, (possible - max_readers - _OTHERS) // 2),
        )
