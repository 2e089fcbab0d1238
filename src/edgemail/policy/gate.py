"""The policy: everything that may refuse a sender, a recipient or a message, in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.policy.allow_deny import AllowDenyLists
from edgemail.policy.disk_space import DiskSpaceGuard
from edgemail.policy.mail_space import MailSpace
from edgemail.policy.overload import LateCommits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from edgemail.model import Address
    from edgemail.policy.chaos import Chaos
    from edgemail.policy.rates import Source
    from edgemail.settings import PolicySettings
    from edgemail.smtp import Reply


class Policy:
    """What holds for all connections."""

    def __init__(self, settings: PolicySettings, chaos: Chaos, folder: Path | None = None) -> None:
        """`folder` is on the disk that has the mail, if any; `settings.chaos` begins in force."""
        self.lists = AllowDenyLists(settings)
        self.disk_space = DiskSpaceGuard(folder, settings.min_free)
        self.mail_space = MailSpace()
        self.late_commits = LateCommits()
        self.chaos = chaos
        if settings.chaos:
            chaos.change(settings.chaos)
        # Each stage asks only what can refuse there: a call costs time.
        self.sender_judges = (
            self.disk_space.judge_sender,
            self.mail_space.judge_sender,
            self.late_commits.judge_sender,
            self.lists.judge_sender,
            chaos.judge_sender,
        )
        self.recipient_judges = (self.lists.judge_recipient, chaos.judge_recipient)
        self.message_judges = (self.late_commits.judge_message, chaos.judge_message)

    def change(self, settings: PolicySettings) -> None:
        """Put other settings in force, for open connections from their next command on."""
        self.lists.change(settings)
        self.disk_space.change(settings.min_free)
        if settings.chaos != self.chaos.rules:
            self.chaos.change(settings.chaos)


class ConnectionGate:
    """One connection's `Gate`: the policy, then the limits of its source, if they apply."""

    __slots__ = ("_host", "_policy", "_source")

    def __init__(self, policy: Policy, host: str, source: Source | None = None) -> None:
        """`host` is the peer's IP address."""
        self._host = host
        self._policy = policy
        self._source = source

    def judge_source(self) -> Reply | None:
        """Judge the peer's address, before the greeting."""
        return self._policy.lists.judge_source(self._host) or self._policy.chaos.judge_connection(self._host)

    def judge_login(self, name: str) -> Reply | None:
        """See `Gate.judge_login`."""
        return self._policy.chaos.judge_login(name)

    def judge_sender(self, sender: Address | None) -> Reply | None:
        """See `Gate.judge_sender`; the address is judged again, as the lists may have changed."""
        policy = self._policy
        refusal = policy.lists.judge_source(self._host)
        if refusal is not None:
            return refusal
        for judge in policy.sender_judges:
            refusal = judge(sender)
            if refusal is not None:
                return refusal
        return None if self._source is None else self._source.judge_sender(policy.mail_space.share)

    def judge_size(self, size_octets: int) -> Reply | None:
        """See `Gate.judge_size`."""
        return None if self._source is None else self._source.judge_size(size_octets, self._policy.mail_space.share)

    def spend_message(self) -> None:
        """See `Gate.spend_message`."""
        if self._source is not None:
            self._source.spend_message()

    def judge_recipient(self, sender: Address | None, inbox: str) -> Reply | None:
        """See `Gate.judge_recipient`."""
        for judge in self._policy.recipient_judges:
            refusal = judge(sender, inbox)
            if refusal is not None:
                return refusal
        return None

    def judge_message(self, sender: Address | None, inboxes: Iterable[str]) -> Reply | None:
        """See `Gate.judge_message`."""
        for judge in self._policy.message_judges:
            refusal = judge(sender, inboxes)
            if refusal is not None:
                return refusal
        return None
