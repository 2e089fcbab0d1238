"""The allow and deny lists of senders, recipients and peers' addresses."""

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
    """The lists in force.

    A denied name is refused, even if it is allowed. Without an allow list, all other names are
    accepted.
    """

    def __init__(self, settings: PolicySettings) -> None:
        self.change(settings)

    def change(self, settings: PolicySettings) -> None:
        """Put other lists in force, for open connections too."""
        self._senders = _AllowDeny(Patterns(settings.allow_senders), Patterns(settings.deny_senders))
        self._recipients = _AllowDeny(Patterns(settings.allow_recipients), Patterns(settings.deny_recipients))
        self._sources = _AllowDeny(Networks(settings.allow_sources), Networks(settings.deny_sources))

    def judge_source(self, host: str) -> Reply | None:
        """Judge a peer's IP address."""
        return replies.SOURCE_DENIED if self._sources.is_set and not self._sources.accepts(host) else None

    def judge_sender(self, sender: Address | None) -> Reply | None:
        """See `Gate.judge_sender`."""
        if not self._senders.is_set:
            return None
        return None if self._senders.accepts(NULL if sender is None else sender.inbox) else replies.SENDER_DENIED

    def judge_recipient(self, sender: Address | None, inbox: str) -> Reply | None:  # noqa: ARG002 - a gate's signature
        """See `Gate.judge_recipient`."""
        return replies.RECIPIENT_DENIED if self._recipients.is_set and not self._recipients.accepts(inbox) else None


class _AllowDeny:
    """One allow list and one deny list."""

    __slots__ = ("_allowed", "_denied", "is_set")

    def __init__(self, allowed: Patterns | Networks, denied: Patterns | Networks) -> None:
        self._allowed = allowed
        self._denied = denied
        self.is_set = bool(allowed or denied)

    def accepts(self, name: str) -> bool:
        """Return True if a name is not denied, and allowed where there is an allow list."""
        return not self._denied.match(name) and (not self._allowed or self._allowed.match(name))


class Networks:
    """A set of IP networks, with one look-up for each prefix length in it."""

    __slots__ = ("_prefixes",)

    def __init__(self, networks: Iterable[Network]) -> None:
        self._prefixes: dict[tuple[int, int], set[int]] = {}
        for network in networks:
            shift = network.max_prefixlen - network.prefixlen
            self._prefixes.setdefault((network.version, shift), set()).add(int(network.network_address) >> shift)

    def __bool__(self) -> bool:
        """Return True if there are any."""
        return bool(self._prefixes)

    def match(self, host: str) -> bool:
        """Return True if one of the networks has an IP address; an IPv4-mapped one counts as IPv4."""
        address = read_ip(host)
        version, number = address.version, int(address)
        return any(
            version == one_version and number >> shift in numbers
            for (one_version, shift), numbers in self._prefixes.items()
        )
