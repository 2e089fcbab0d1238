"""What agents read by URI: the list of an inbox, and its messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from edgemail.http.mcp import documents
from edgemail.http.mcp.faults import ToolFault

if TYPE_CHECKING:
    from edgemail.http.mcp.calls import ToolCall
    from edgemail.http.mcp.tools import AgentTools


@dataclass(frozen=True, slots=True)
class AgentResource:
    """A kind of resource. `is_body` is true for what a sender wrote."""

    name: str
    uri: str
    description: str
    type: str
    is_body: bool


RESOURCES: Final = (
    AgentResource(
        "inbox", "edgemail://inbox/{address}", "The mail of an address, newest first.", "application/json", False
    ),
    AgentResource(
        "message", "edgemail://inbox/{address}/{id}", "What a person sees of a message.", "text/plain", True
    ),
    AgentResource("raw", "edgemail://inbox/{address}/{id}/raw", "The source of a message.", "text/plain", True),
)
_URI: Final = re.compile(r"edgemail://inbox/([^/?#]{1,1000})(?:/([0-9]{1,18})(/raw)?)?")


def find_inbox(uri: str) -> str | None:
    """Return the address of an inbox's URI; None for any other URI."""
    found = _URI.fullmatch(uri)
    return unquote(found[1]) if found is not None and found[2] is None else None


async def read_resource(tools: AgentTools, uri: str, call: ToolCall) -> tuple[AgentResource, str]:
    """Return a resource's kind and its text.

    Raises:
        ToolFault: there is none of that name.
        EdgemailError: it cannot be read now.
    """
    found = _URI.fullmatch(uri)
    if found is None:
        raise ToolFault("there is no such resource: write edgemail://inbox/ADDRESS or edgemail://inbox/ADDRESS/ID")
    address = unquote(found[1])
    if found[2] is None:
        listing = await tools.list_messages(documents.ListInput(address=address, limit=documents.PAGE_MAX), call)
        return RESOURCES[0], listing.document.model_dump_json(by_alias=True)
    if not tools.rules.has_bodies:
        raise ToolFault("this server gives agents no text of messages (mcp_bodies = off)")
    kind = RESOURCES[2 if found[3] else 1]
    asked = documents.ReadInput(
        address=address, id=int(found[2]), part="raw" if found[3] else "text", max_chars=documents.CONTENT_MAX
    )
    return kind, (await tools.read_message(asked, call)).content
