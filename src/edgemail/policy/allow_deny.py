"""Whom the settings allow and deny: senders, recipients, and the addresses that peers connect from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.policy import replies
from edgemail.policy.rates import read_ip
from edgemail.settings.address_patterns import NULL, Patterns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.model import Address
    from edgemail.settings import Network, PolicySettings
    from edgemail.smtp import Reply


class AllowDenyLists:
    """The lists in force. What is denied is refused, whatever allows it; where some are allowed, all others are."""

    def __init__(self, settings: PolicySettings) -> None:
        self.change(settings)

    def change(self, settings: PolicySettings) -> None:
        """Put other lists in force, also for connections that are open."""
        self._senders = _Pair(Patterns(settings.allow_senders), Patterns(settings.deny_senders))
        self._recipients = _Pair(Patterns(settings.allow_recipients), Patterns(settings.deny_recipients))
        self._sources = _Pair(Networks(settings.allow_sources), Networks(settings.deny_sources))

    def judge_source(self, host: str) -> Reply | None:
        """Judge where a peer connects from: an IP address."""
        return replies.SOURCE_DENIED if self._sources.is_set and not self._sources.takes(host) else None

    def judge_sender(self, sender: Address | None) -> Reply | None:
        """See `Gate.judge_sender`."""
        if not self._senders.is_set:
            return None
        return None if self._senders.takes(NULL if sender is None else sender.inbox) else replies.SENDER_DENIED

    def judge_recipient(self, sender: Address | None, inbox: str) -> Reply | None:  # noqa: ARG002 - a gate's signature
        """See `Gate.judge_recipient`."""
        return replies.RECIPIENT_DENIED if self._recipients.is_set and not self._recipients.takes(inbox) else None


class _Pair:
    """Who is allowed and who is denied."""

    __slots__ = ("_allowed", "_denied", "is_set")

    def __init__(self, allowed: Patterns | Networks, denied: Patterns | Networks) -> None:
        self._allowed = allowed
        self._denied = denied
        self.is_set = bool(allowed or denied)

    def takes(self, name: str) -> bool:
        """Tell whether somebody is taken."""
        return not self._denied.match(name) and (not self._allowed or self._allowed.match(name))


class Networks:
    """Networks of IP addresses: a look-up for each length of prefix among them, however many there are."""

    __slots__ = ("_prefixes",)

    def __init__(self, networks: Iterable[Network]) -> None:
        self._prefixes: dict[tuple[int, int], set[int]] = {}
        for one in networks:
            shift = one.max_prefixlen - one.prefixlen
            self._prefixes.setdefault((one.version, shift), set()).add(int(one.network_address) >> shift)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._prefixes)

    def match(self, host: str) -> bool:
        """Tell whether one of them has an IP address; one of IPv4 in IPv6's form is the IPv4 address."""
        address = read_ip(host)
        version, number = address.version, int(address)
        return any(
            version == one_version and number >> shift in numbers
            for (one_version, shift), numbers in self._prefixes.items()
        )
