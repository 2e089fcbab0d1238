"""Raises the limit on open files and sockets."""

from __future__ import annotations

import logging
import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

_RESERVE = 128
"""Descriptors for the database, the log, threads and libraries."""


def raise_descriptor_limit(
    max_connections: int, max_readers: int, warn: Callable[..., None] = _log.warning
) -> None:
    """Raise the soft limit to what may be needed, up to the hard limit; warn if that is too low.

    Each SMTP connection may have a spool file, and so may each message whose commit timed out.
    """
    needed = 2 * max_connections + max_readers + _RESERVE
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
            max(1, (possible - max_readers - _RESERVE) // 2),
        )
