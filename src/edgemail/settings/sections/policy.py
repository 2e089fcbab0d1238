"""Defines the settings that refuse mail: lists of senders and recipients, free space, chaos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edgemail.settings.definition import setting
from edgemail.settings.kinds import CHAOS_RULES, FREE_SPACE, NETWORKS, PATTERNS, one_of, or_off
from edgemail.settings.values import FreeSpace

if TYPE_CHECKING:
    from edgemail.settings.chaos_rules import ChaosRule
    from edgemail.settings.values import Network


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Whose mail is taken just now, and what is refused on purpose.

    Senders and recipients are patterns as `address_patterns.read_pattern` gives them.
    An empty list of those that are allowed allows everyone. `min_free` is `None` where the disk may be filled.
    """

    min_free: FreeSpace | None = setting(
        or_off(FREE_SPACE),
        FreeSpace(percent=10.0),
        "Refuse mail for now while less of the database's disk is free.",
        reloads=True,
    )
    allow_senders: tuple[str, ...] = setting(
        PATTERNS,
        (),
        "Allow only these senders: addresses, or globs such as `*@spam.example`, or `<>` for the null sender.",
        reloads=True,
    )
    deny_senders: tuple[str, ...] = setting(
        PATTERNS,
        (),
        "Refuse these senders: addresses, or globs such as `*@spam.example`, or `<>` for the null sender.",
        reloads=True,
    )
    allow_recipients: tuple[str, ...] = setting(
        PATTERNS, (), "Allow only these recipients: addresses or globs.", reloads=True
    )
    deny_recipients: tuple[str, ...] = setting(
        PATTERNS, (), "Refuse these recipients: addresses or globs.", reloads=True
    )
    allow_sources: tuple[Network, ...] = setting(
        NETWORKS, (), "Allow only these peers: IP addresses or networks.", reloads=True
    )
    deny_sources: tuple[Network, ...] = setting(
        NETWORKS, (), "Refuse these peers: IP addresses or networks.", reloads=True
    )
    chaos: tuple[ChaosRule, ...] = setting(
        CHAOS_RULES,
        (),
        "Refuse on purpose, to test a sender: `STAGE:CODE[:SHARE][:TIMES][:GLOB]`, such as "
        "`rcpt:451:10%:*@slow.example`, or `data:451:1x` for the next message alone.",
        reloads=True,
    )
    chaos_api: Literal["off", "on"] = setting(one_of("off", "on"), "off", "Let the API change `chaos`.")
