"""Raises the limit on open files and sockets, and shares it out."""

from __future__ import annotations

import logging
import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

_RESERVE = 128
"""Descriptors for the database, the log, threads and libraries."""

_LEAST_HTTP_SHARE = 8
"""HTTP keeps an eighth of the descriptors, however many SMTP may need."""


def share_descriptors(
    smtp_connections: int, http_connections: int, http_spare: int, warn: Callable[..., None] = _log.warning
) -> int:
    """Raise the soft limit as far as needed and allowed; return how many HTTP connections there may be.

    Each SMTP connection may have a spool file, and so may each message whose commit timed out.
    HTTP needs `http_spare` descriptors beyond its connections. Where the hard limit is too low,
    HTTP gives way first: mail that is refused may be lost, and a page can be loaded again.
    """
    reserved = 2 * smtp_connections + http_spare + _RESERVE
    needed = reserved + http_connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return http_connections
    possible = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    except (OSError, ValueError):
        possible = soft
    if possible >= needed:
        return http_connections
    share = min(http_connections, max(possible - reserved, possible // _LEAST_HTTP_SHARE, 1))
    warn(
        "only %d files can be open at a time, and max_connections=%d with max_http_connections=%d may need %d: "
        "HTTP takes %d connections. Raise the limit (ulimit -n, or LimitNOFILE= in a systemd unit)%s",
        possible,
        smtp_connections,
        http_connections,
        needed,
        share,
        _advise(smtp_connections, (possible - share - http_spare - _RESERVE) // 2),
    )
    return share


def _advise(smtp_connections: int, possible: int) -> str:
    """Return what to do if there are too few descriptors for SMTP alone."""
    return f", or set max_connections to {max(1, possible)}" if possible < smtp_connections else ""
