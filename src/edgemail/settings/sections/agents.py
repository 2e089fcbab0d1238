"""Defines the settings of the tools that agents have over MCP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edgemail.settings.definition import ComputedDefault, setting
from edgemail.settings.kinds import PATTERNS, TOKEN, one_of, unset

if TYPE_CHECKING:
    from edgemail.settings.sections.access import Mode


def mcp_by_mode(mode: Mode) -> Literal["on", "off"]:
    """Return whether agents have tools. On the Internet somebody must switch them on, with a token."""
    return "on" if mode == "dev" else "off"


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Which tools agents have over MCP, and for which addresses."""

    mcp: Literal["on", "off"] = setting(
        one_of("on", "off"),
        ComputedDefault(mcp_by_mode, "`on` in dev mode, `off` in public mode"),
        "Give agents tools over MCP at `/mcp`: an address, its codes, links and messages. It needs the extra "
        "`edgemail[mcp]`, and in public mode `mcp_token`.",
        own_flag=True,
    )
    token: str | None = setting(
        unset(TOKEN),
        None,
        "Ask agents for this bearer token at `/mcp`. It has no flag, since other users see a program's flags.",
        name="mcp_token",
        secret=True,
    )
    write: Literal["off", "on"] = setting(
        one_of("off", "on"), "off", "Let agents delete messages over MCP.", name="mcp_write", own_flag=True
    )
    bodies: Literal["on", "off"] = setting(
        one_of("on", "off"),
        "on",
        "Let agents read messages over MCP. With `off` they see codes, links and senders' addresses, and no text "
        "that a sender wrote.",
        name="mcp_bodies",
        own_flag=True,
    )
    addresses: tuple[str, ...] = setting(
        PATTERNS,
        (),
        "Let agents use only these addresses over MCP: addresses, or globs such as `*@agents.example`.",
        name="mcp_address",
        own_flag=True,
    )
