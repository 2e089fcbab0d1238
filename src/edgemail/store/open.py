"""Opening the store that the settings name. Nothing else decides which store it is.

Each store is imported only where it is opened: the HTTP client takes a tenth of a second to load,
and a database in memory or on a server needs no SQLite.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edgemail.errors import SettingsError, StoreInvalid, TokenError

if TYPE_CHECKING:
    from edgemail.settings import StoreSettings
    from edgemail.store.base import Mailbox
    from edgemail.system.metrics import CommitCounters

_log = logging.getLogger(__name__)

_COMMIT_TIMEOUT_S = 30.0
_WAIT_SHARE = 0.8
"""Of the time that a sender waits for a commit: a message that has waited for longer is refused."""


async def open_store(
    settings: StoreSettings,
    *,
    read_only: bool = False,
    commit_timeout_s: float = _COMMIT_TIMEOUT_S,
    counters: CommitCounters | None = None,
) -> Mailbox:
    """Open a file, a database on a server, or a store in memory; commits are counted in `counters`.

    `commit_timeout_s` is how long a sender waits for a commit. With `read_only` nothing is written,
    now or later.

    Raises:
        SettingsError: the token's file cannot be read.
        StoreInvalid: the database cannot be used; the text says what to do.
        StoreUnavailable: it cannot be used now; trying again later may help.
    """
    if settings.file is not None:
        from edgemail.store.sqlite.store import SqliteStore

        return await SqliteStore.open(
            settings.file, read_only=read_only, max_wait_s=_WAIT_SHARE * commit_timeout_s, counters=counters
        )
    if settings.url is not None:
        from edgemail.store.remote.commit import Patience
        from edgemail.store.remote.store import RemoteStore

        patience, token = Patience.within(commit_timeout_s), _find_token(settings)
        return await RemoteStore.open(settings.url, token, patience, read_only=read_only, counters=counters)
    from edgemail.store.memory import MemoryStore

    if read_only:
        raise StoreInvalid("a store in memory has only the mail that this program takes; listen with --smtp")
    return MemoryStore(max_wait_s=_WAIT_SHARE * commit_timeout_s, counters=counters)


def _find_token(settings: StoreSettings) -> str | None:
    """Return the token that the settings give, or that of the file which they name.

    Raises:
        SettingsError: the file cannot be read, or holds no token.
    """
    from edgemail.store.remote.tokens import is_open_to_others, read_token_file

    if settings.token_file is None:
        return settings.token
    try:
        token = read_token_file(settings.token_file)
    except TokenError as error:
        raise SettingsError([f"db_token_file: {error}"]) from error
    if is_open_to_others(settings.token_file):
        _log.warning("other users of this machine may read %s: chmod 600 it", settings.token_file)
    return token
