"""Compares what peers say at AUTH with the credentials of `auth_file`, off the event loop where that takes long."""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

from edgemail.policy import replies
from edgemail.smtp import LOGIN_RIGHT, LOGIN_WRONG, Login, Reply
from edgemail.system.password_checks import PasswordChecks, TooManyLogins

if TYPE_CHECKING:
    from edgemail.policy.rates import Source
    from edgemail.system.password_file import StoredPasswords

_log = logging.getLogger(__name__)

_MAX_WAITING_PER_SOURCE: Final = 5
"""A quarter of all that may wait: one source cannot keep the others from logging in."""


class Logins:
    """The credentials of those who may send, for all connections."""

    def __init__(self, stored: StoredPasswords, max_wrong_per_minute: int) -> None:
        """`max_wrong_per_minute` holds for each source that is not trusted."""
        self._stored = stored
        self._max_wrong = max_wrong_per_minute
        self._checks = PasswordChecks()
        self._waiting: Counter[object] = Counter()

    @property
    def knows_cram_md5(self) -> bool:
        """See `StoredPasswords.knows_cram_md5`."""
        return self._stored.knows_cram_md5

    async def check(self, login: Login, peer_ip: str, source: Source | None) -> Reply:
        """Return 235, 535, or 454 where the password was not compared. `source` is `None` for a trusted peer."""
        if source is not None and source.is_guessing(self._max_wrong):
            return replies.TOO_MANY_LOGINS
        try:
            is_right = await self._compare(login, source or peer_ip)
        except TooManyLogins:
            return replies.LOGIN_NOT_CHECKED
        except Exception:  # what nobody foresaw is for the log
            _log.exception("a login could not be checked")
            return replies.LOGIN_NOT_CHECKED
        if is_right:
            return LOGIN_RIGHT
        if source is not None:
            source.count_wrong_login()
        return LOGIN_WRONG

    async def _compare(self, login: Login, peer: object) -> bool:
        if login.challenge:
            return self._stored.matches_cram_md5(login.name, login.challenge, login.secret)
        compare = partial(self._stored.matches, login.name, login.secret)
        if not self._stored.has_hashes:  # which takes microseconds
            return compare()
        said = login.name.encode("utf-8", "surrogateescape") + b"\0" + login.secret
        if self._checks.is_known(said):
            return True
        if self._waiting[peer] >= _MAX_WAITING_PER_SOURCE and not self._checks.is_pending(said):
            raise TooManyLogins
        self._waiting[peer] += 1
        try:
            return await self._checks.check(said, compare)
        finally:
            self._waiting[peer] -= 1
            if not self._waiting[peer]:
                del self._waiting[peer]
