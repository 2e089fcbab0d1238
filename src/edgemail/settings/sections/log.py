"""Defines the settings of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgemail.settings.definition import setting
from edgemail.settings.kinds import one_of


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Which lines the log has, and their form."""

    format: Literal["text", "json"] = setting(
        one_of("text", "json"),
        "text",
        "Write log lines as text for people, or as one JSON object a line.",
        name="log_format",
        everyday=True,
    )
    level: Literal["debug", "info", "warning", "error"] = setting(
        one_of("debug", "info", "warning", "error"),
        "info",
        "Log only what is at least this important.",
        name="log_level",
        everyday=True,
    )
    addresses: Literal["plain", "hashed", "off"] = setting(
        one_of("plain", "hashed", "off"),
        "plain",
        "Log senders and recipients as they are, hashed or not at all. Hashes differ after a restart.",
        name="log_addresses",
    )
