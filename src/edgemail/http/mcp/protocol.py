"""The tools as a server of the package `mcp`, which alone knows the protocol and its revisions.

Import this module in a thread: it loads `mcp`, which takes most of a second.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from pydantic import ValidationError

from edgemail import __version__
from edgemail.errors import EdgemailError, InboxLocked
from edgemail.http.access import note_empty, note_miss
from edgemail.http.answers import find_source
from edgemail.http.locked_inboxes import check_lock
from edgemail.http.mcp.calls import TEXT_MAX, ToolAnswer, ToolCall
from edgemail.http.mcp.documents import write_schema
from edgemail.http.mcp.faults import ToolFault
from edgemail.http.mcp.listening import choose_inboxes, follow_inboxes
from edgemail.http.mcp.resources import RESOURCES, read_resource
from edgemail.http.mcp.untrusted import WARNING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mcp.server.context import ServerRequestContext
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from edgemail.http.mcp.tools import AgentTool, AgentTools
    from edgemail.model import Address

_log = logging.getLogger(__name__)

INSTRUCTIONS: Final = (
    "edgemail gives you e-mail addresses and what comes to them. To sign up somewhere: new_address, give the "
    "address to the form, then wait_for_code or wait_for_link with its `after`. There is no tool that sends mail, "
    "by design. "
    f"{WARNING}"
)
_MISTAKES_MAX: Final = 3


class AgentProtocol:
    """Answers MCP requests by the tools."""

    def __init__(self, tools: AgentTools, base_path: str) -> None:
        self._tools = tools
        self._base_path = base_path
        self._secret = secrets.token_bytes(16)
        server = _AgentProtocolServer(
            "edgemail",
            version=__version__,
            title="edgemail",
            instructions=INSTRUCTIONS,
            get_tool_input_schema=self._find_schema,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_subscriptions_listen=self._listen,
        )
        self._server = server
        self._schemas = {name: write_schema(tool.takes, tool.input_changes) for name, tool in tools.table.items()}

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Serve requests for as long as the context lasts."""
        one_piece = StreamableHTTPSessionManager(self._server, json_response=True, stateless=True)
        stream = StreamableHTTPSessionManager(self._server, json_response=False, stateless=True)
        async with one_piece.run(), stream.run():
            self._one_piece, self._stream = one_piece, stream
            yield

    async def answer(self, scope: Scope, receive: Receive, send: Send, *, with_notes: bool) -> None:
        """Answer one request: in one piece, or by a stream that has notes of progress."""
        manager = self._stream if with_notes else self._one_piece
        await manager.handle_request(scope, receive, send)

    def _find_schema(self, name: str) -> dict[str, Any] | None:
        return self._schemas.get(name)

    async def _list_tools(self, _: ServerRequestContext[Any, Any], __: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[self._describe(tool) for tool in self._tools.table.values()])

    def _describe(self, tool: AgentTool) -> types.Tool:
        return types.Tool(
            name=tool.name,
            title=tool.title,
            description=tool.full_description,
            input_schema=self._schemas[tool.name],
            output_schema=write_schema(tool.gives),
            annotations=types.ToolAnnotations(title=tool.title, **tool.hints),
        )

    async def _call_tool(
        self, context: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = self._tools.table.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name[:64]!r}")
        given = params.arguments or {}
        try:
            asked = tool.takes.model_validate(given)
            answer = await tool.run(asked, self._make_call(context))
        except ValidationError as error:
            return self._fail(tool.name, given, _explain(error))
        except ToolFault as fault:
            return self._fail(tool.name, given, str(fault))
        except EdgemailError as error:
            return self._fail(tool.name, given, f"{error}; try again in 5 s")
        self._note(tool.name, given, answer.outcome)
        return _write(answer)

    def _make_call(self, context: ServerRequestContext[Any, Any]) -> ToolCall:
        request = cast("Request", context.request)
        return ToolCall(
            source=find_source(request.scope),
            base_url=f"{request.url.scheme}://{request.url.netloc}{self._base_path}",
            check_lock=partial(_check_lock, request),
            note_empty=lambda name: note_empty(request.scope, name),
            report=context.session.report_progress,
        )

    def _fail(self, tool: str, given: dict[str, Any], text: str) -> types.CallToolResult:
        self._note(tool, given, f"refused: {text}" if "busy" in text else "refused")
        return types.CallToolResult(content=[types.TextContent(text=text[:TEXT_MAX])], is_error=True)

    def _note(self, tool: str, given: dict[str, Any], outcome: str) -> None:
        """Log a call, without its address and without what was found."""
        address = str(given.get("address", "")).strip().lower()
        digest = hashlib.blake2b(address.encode("utf-8", "replace"), digest_size=8, key=self._secret).hexdigest()
        _log.info("mcp tool=%s address=%s outcome=%r", tool, digest if address else "-", outcome)

    async def _listen(
        self, context: ServerRequestContext[Any, Any], params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Tell of new mail for as long as the client is there. What cannot be watched is not acknowledged."""
        request_id = context.request_id
        if request_id is None:
            raise MCPError(types.INVALID_REQUEST, "subscriptions/listen needs an id")
        call = self._make_call(context)
        asked = params.notifications.resource_subscriptions or ()
        chosen = choose_inboxes(self._tools.rules.addresses, asked, call.check_lock)
        meta = {SUBSCRIPTION_ID_META_KEY: request_id}
        try:
            with self._tools.waits.hold(call.source, is_long=True):
                async with aclosing(follow_inboxes(self._tools.inbox, chosen, call.note_empty)) as following:
                    async for uris in following:
                        for note in _write_updates(uris, meta) if uris else (_acknowledge(list(chosen), meta),):
                            await context.session.send_notification(note, related_request_id=request_id)
                        if not chosen:
                            break
        except (ToolFault, EdgemailError) as fault:
            raise MCPError(types.INTERNAL_ERROR, str(fault)) from None
        return types.SubscriptionsListenResult(_meta=meta)

    async def _list_resources(self, _: ServerRequestContext[Any, Any], __: object) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[])  # addresses are secrets: nothing lists them

    async def _list_templates(
        self, _: ServerRequestContext[Any, Any], __: object
    ) -> types.ListResourceTemplatesResult:
        shown = [resource for resource in RESOURCES if self._tools.rules.has_bodies or not resource.is_body]
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    name=resource.name,
                    uri_template=resource.uri,
                    description=f"{resource.description} {WARNING}",
                    mime_type=resource.type,
                )
                for resource in shown
            ]
        )

    async def _read_resource(
        self, context: ServerRequestContext[Any, Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        try:
            kind, text = await read_resource(self._tools, params.uri, self._make_call(context))
        except (ToolFault, EdgemailError) as fault:
            raise MCPError(types.INVALID_PARAMS, str(fault), {"uri": params.uri[:TEXT_MAX]}) from None
        contents = types.TextResourceContents(uri=params.uri, mime_type=kind.type, text=text)
        return types.ReadResourceResult(contents=[contents])


class _AgentProtocolServer(Server[Any]):
    """A server whose lists of tools and resources never change: it tells of resources alone."""

    def get_capabilities(self, *given: Any, **named: Any) -> types.ServerCapabilities:
        """Return what the server can do."""
        capabilities = super().get_capabilities(*given, **named)
        for lists in (capabilities.tools, capabilities.resources):
            if lists is not None:
                lists.list_changed = False
        return capabilities


def _acknowledge(uris: list[str], meta: dict[str, Any]) -> types.ServerNotification:
    honored = types.SubscriptionFilter(resource_subscriptions=uris or None)
    params = types.SubscriptionsAcknowledgedNotificationParams(notifications=honored, _meta=meta)
    return types.SubscriptionsAcknowledgedNotification(params=params)


def _write_updates(uris: tuple[str, ...], meta: dict[str, Any]) -> list[types.ServerNotification]:
    return [
        types.ResourceUpdatedNotification(params=types.ResourceUpdatedNotificationParams(uri=uri, _meta=meta))
        for uri in uris
    ]


def _check_lock(request: Request, address: Address, key: str | None) -> None:
    """Check the key of a locked inbox. A wrong one counts as a miss of who asks."""
    try:
        check_lock(request.scope, address, () if key is None else (key,))
    except InboxLocked:
        note_miss(request.scope)
        raise


def _write(answer: ToolAnswer) -> types.CallToolResult:
    content: list[Any] = [types.TextContent(text=answer.text[:TEXT_MAX])]
    if answer.content:
        whole = types.TextResourceContents(uri=answer.content_uri, mime_type="text/plain", text=answer.content)
        content.append(types.EmbeddedResource(resource=whole))
    content += [
        types.ResourceLink(name=f"attachment {file.index}", uri=url, mime_type=file.type, size=file.size)
        for url, file in answer.files
    ]
    document = answer.document.model_dump(mode="json", by_alias=True)
    return types.CallToolResult(content=content, structured_content=document)


def _explain(error: ValidationError) -> str:
    """Say which arguments are wrong, without what was given: it may be long."""
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)[:_MISTAKES_MAX]
    said = (f"{'.'.join(map(str, mistake['loc']))[:40]}: {mistake['msg'][:120]}" for mistake in mistakes)
    return f"wrong arguments: {'; '.join(said)}"
