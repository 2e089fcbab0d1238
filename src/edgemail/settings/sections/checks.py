"""Defines the settings of the checks of a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edgemail.settings.definition import ComputedDefault, setting
from edgemail.settings.kinds import one_of

if TYPE_CHECKING:
    from edgemail.settings.sections.access import Mode


def html_check_by_mode(mode: Mode) -> Literal["on", "off"]:
    """Return whether HTML is checked. That is for those who write mail."""
    return "on" if mode == "dev" else "off"


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """Which checks of a message readers may ask for."""

    html: Literal["on", "off"] = setting(
        one_of("on", "off"),
        ComputedDefault(html_check_by_mode, "`on` in dev mode, `off` in public mode"),
        "Say what mail programs do not support in a message's HTML.",
        name="html_check",
    )
    links: Literal["off", "on"] = setting(
        one_of("off", "on"),
        "off",
        "Ask the servers of a message's links whether they work, when a reader asks for that. Nothing else in "
        "edgemail fetches what a message names.",
        name="link_check",
    )
    private_links: Literal["off", "on"] = setting(
        one_of("off", "on"),
        "off",
        "Let the link check ask private addresses too, and any port: loopback, private networks, a cloud's own "
        "addresses. Whoever sends mail then chooses what this machine asks in its network.",
        name="link_check_private",
    )
