"""Decides who may read which inbox. Nothing of the inbox is looked at before."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from edgemail.model import Address
from edgemail.policy.inbox_lock import find_lock
from edgemail.policy.rates import find_source_key
from edgemail.policy.visitors import is_within
from edgemail.pop3 import replies
from edgemail.system.password_checks import PasswordChecks, TooManyLogins

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.policy.visitors import Visitor, Visitors
    from edgemail.pop3.outputs import OpenInbox, Pop3Reply
    from edgemail.settings import Settings
    from edgemail.system.password_file import StoredPasswords

_log = logging.getLogger(__name__)

_MAX_WAITING_PER_SOURCE: Final = 5
"""A quarter of all that may wait: one source cannot keep the others from logging in."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody may read an inbox."""

    is_operator: bool


class Doorkeeper:
    """Knows the operator's passwords, and how often each source was wrong."""

    def __init__(self, settings: Settings, passwords: StoredPasswords | None, visitors: Visitors) -> None:
        access = settings.access
        self.needs_password = access.mode == "public" or access.private == "on"
        """True if the operator alone may read all inboxes; else any password is right."""
        self._has_keys = access.has_locks and access.private == "off"
        # Where anybody may do what the operator may, nothing is compared.
        self._passwords = passwords if self.needs_password or access.deletion == "off" else None
        self._visitors = visitors
        self._trusted = settings.smtp.trusted
        self._checks = PasswordChecks()
        self._waiting: Counter[bytes] = Counter()

    def is_trusted(self, peer: IPv4Address | IPv6Address) -> bool:
        """Return True if the limits for strangers do not apply to a peer."""
        return is_within(peer, self._trusted)

    async def judge(self, login: OpenInbox, peer: IPv4Address | IPv6Address) -> Admitted | Pop3Reply:
        """Let somebody in, or return the refusal, which is the same for every inbox."""
        visitors, visitor = self._visitors, self._visitors.find(peer)
        is_stranger = not self.is_trusted(peer)
        if is_stranger and not visitors.may_look(visitor):
            return replies.LOGIN_TOO_OFTEN
        try:
            if self._has_keys and _is_key_of(login):
                return Admitted(is_operator=False)
            is_operator = await self._is_operator(login, visitor, peer)
        except TooManyLogins:
            return replies.LOGIN_NOT_CHECKED
        except Exception:  # what nobody foresaw is for the log
            _log.exception("a login could not be checked")
            return replies.LOGIN_NOT_CHECKED
        if is_operator or not self.needs_password:
            return Admitted(bool(is_operator))
        if is_stranger:
            visitors.miss(visitor)
        return replies.LOGIN_TOO_OFTEN if is_operator is None else replies.LOGIN_WRONG

    def note_empty(self, peer: IPv4Address | IPv6Address, inbox: str) -> None:
        """Count that a stranger has found nothing at an address; guessing addresses ends by that."""
        if not self.is_trusted(peer):
            self._visitors.find_nothing(self._visitors.find(peer), inbox)

    async def _is_operator(
        self, login: OpenInbox, visitor: Visitor, peer: IPv4Address | IPv6Address
    ) -> bool | None:
        """Compare with the operator's passwords; return None for a source that was wrong too often.

        Raises:
            TooManyLogins: too many wait for this already.
        """
        if self._passwords is None:
            return False
        said = (login.name or "").encode("utf-8", "surrogateescape") + b"\0" + login.secret
        if self._checks.is_known(said):
            return True
        if not self._visitors.may_log_in(visitor):
            return None
        source = find_source_key(peer)
        if self._waiting[source] >= _MAX_WAITING_PER_SOURCE and not self._checks.is_pending(said):
            raise TooManyLogins
        self._waiting[source] += 1
        try:
            is_right = await self._checks.check(said, partial(self._passwords.matches, login.name, login.secret))
        finally:
            self._waiting[source] -= 1
            if not self._waiting[source]:
                del self._waiting[source]
        if not is_right:
            self._visitors.fail_login(visitor)
        return is_right


def _is_key_of(login: OpenInbox) -> bool:
    """Return True if the secret is the key of the inbox, which is locked."""
    lock = find_lock(Address.parse(login.inbox).local)
    return lock is not None and lock.opens_by((login.secret.decode("latin-1"),))
