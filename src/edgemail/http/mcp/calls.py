"""The arguments of a call of a tool, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgemail.http.mcp.documents import FileDocument, ToolDocument
    from edgemail.model import Address

TEXT_MAX: Final = 300
"""The most characters of the text beside a document."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """Whom a call comes from, and how to answer while it lasts."""

    source: str
    """The network address of the caller, as `find_source` writes it."""
    base_url: str
    """The URL of this server as the caller has it, without a slash at its end."""
    check_lock: Callable[[Address, str | None], None]
    """Raises `InboxLocked` for the address of a locked inbox, unless the call or its request has the key."""
    note_empty: Callable[[str], None] = lambda _: None
    """Counts that nothing was found at an address: guessing addresses ends by that."""
    report: Callable[[float, float, str], Awaitable[None]] | None = None
    """Tells the caller how many seconds of how many have passed, and what goes on."""


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """A document, and the same in a few words for clients that show text alone."""

    document: ToolDocument
    text: str
    content: str = ""
    """A message's content, enclosed in markers, for clients that do not read documents."""
    content_uri: str = ""
    files: tuple[tuple[str, FileDocument], ...] = ()
    """The URL of each attachment. Its octets never go through the agent's memory."""
    outcome: str = "done"
    """What the log says."""
