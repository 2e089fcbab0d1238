"""`/mcp`: takes bounded requests, and hands them to the protocol, which is loaded when the first one comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from edgemail.http.problems import problem_response
from edgemail.system.extras import HOW_TO_INSTALL_MCP, has_mcp

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from edgemail.http.mcp.protocol import AgentProtocol
    from edgemail.mailbox.inbox import Inbox
    from edgemail.settings import Settings

_log = logging.getLogger(__name__)


_RESTART_S: Final = 0.1
_BODY_MAX_OCTETS: Final = 64 * 1024
_BRACKETS_MAX: Final = 500
"""The most ``[`` and ``{`` in a request: parsers take deep documents apart level by level."""
_NO_MESSAGE: Final = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {
        "code": -32600,
        "message": 'Invalid Request: this takes one JSON object with "jsonrpc": "2.0", "method", a string, '
        'and "params", an object, which may be left out',
    },
}
"""The answer to JSON that is no message. MCP's package lists each field of each of its classes instead."""


_UNREADABLE: Final = object()
"""Stands for a body that is no JSON. MCP's package says where it breaks off."""


class McpEndpoint:
    """An ASGI application that answers MCP's requests, each by itself."""

    def __init__(self, inbox: Inbox, settings: Settings) -> None:
        self._inbox = inbox
        self._settings = settings
        self._protocol: AgentProtocol | None = None
        self._is_asked = asyncio.Event()
        self._is_loaded = asyncio.Event()

    async def run(self) -> None:
        """Load the protocol once it is asked for, and keep what serves it until this is cancelled."""
        await self._is_asked.wait()
        try:
            protocol = await asyncio.to_thread(_load, self._inbox, self._settings)
        except Exception:  # such as another release of the package: all else goes on
            _log.exception("the tools for agents cannot be loaded")
            self._is_loaded.set()
            await asyncio.get_running_loop().create_future()
        while True:
            try:
                async with protocol.run():
                    self._protocol = protocol
                    self._is_loaded.set()
                    await asyncio.get_running_loop().create_future()
            except Exception:  # one request must not end the program
                _log.exception("the tools for agents have failed, and start again")
                await asyncio.sleep(_RESTART_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            refusal = problem_response(
                HTTPStatus.METHOD_NOT_ALLOWED, "MCP is spoken by POST here; there is no session", {"allow": "POST"}
            )
            await refusal(scope, receive, send)
            return
        if self._protocol is None and not has_mcp():
            await problem_response(HTTPStatus.NOT_IMPLEMENTED, HOW_TO_INSTALL_MCP)(scope, receive, send)
            return
        body = await _read_body(receive)
        if isinstance(body, str):
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if body else HTTPStatus.BAD_REQUEST
            await problem_response(status, body or "the request did not come whole")(scope, receive, send)
            return
        message = _read_json(body)
        if message is not _UNREADABLE and not _is_message(message):
            await JSONResponse(_NO_MESSAGE, HTTPStatus.BAD_REQUEST)(scope, receive, send)
            return
        self._is_asked.set()
        await self._is_loaded.wait()
        protocol = self._protocol
        if protocol is None:
            await problem_response(HTTPStatus.NOT_IMPLEMENTED, HOW_TO_INSTALL_MCP)(scope, receive, send)
            return
        # the parser keeps the blanks behind a value, which are no part of it (RFC 9110 section 5.5)
        scope["headers"] = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        given = _GivenBody(body, receive)
        with_notes = _wants_notes(scope, message)
        handling = asyncio.create_task(protocol.answer(scope, given.receive, send, with_notes=with_notes))
        watching = asyncio.create_task(given.watch())
        try:
            await asyncio.wait((handling, watching), return_when=asyncio.FIRST_COMPLETED)
            if handling.done():
                handling.result()
        finally:
            for task in (handling, watching):
                if not task.done():
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task


class _GivenBody:
    """A body that was read already, then the end of the connection."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive
        self._gone = asyncio.Event()

    async def receive(self) -> Message:
        """Give the body, then wait until the client is gone."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def watch(self) -> None:
        """Return once the client is gone."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone.set()


def _load(inbox: Inbox, settings: Settings) -> AgentProtocol:
    """Load what nothing needs before an agent asks, and build the tools."""
    from edgemail.http.mcp.addresses import AgentAddresses
    from edgemail.http.mcp.protocol import AgentProtocol
    from edgemail.http.mcp.tools import AgentRules, AgentTools

    agents, access = settings.agents, settings.access
    addresses = AgentAddresses(
        settings.smtp.domains,
        frozenset(settings.operator.reserved),
        agents.addresses,
        is_public=access.mode == "public" and bool(settings.smtp.domains),
    )
    may_write = agents.write == "on" and access.deletion == "on" and not settings.read_only
    rules = AgentRules(addresses, settings.retention.max_age_s, may_write, has_bodies=agents.bodies == "on")
    return AgentProtocol(AgentTools(inbox, rules), settings.http.base_path)


async def _read_body(receive: Receive) -> bytes | str:
    """Return a request's body, or what is wrong with it: nothing to say where the client is gone."""
    body = b""
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return ""
        if len(body) <= _BODY_MAX_OCTETS:  # the rest is dropped: who still sends would not hear the answer
            body += message.get("body", b"")
        has_more = message.get("more_body", False)
    if len(body) > _BODY_MAX_OCTETS:
        return "the request's body is too long"
    if body.count(b"[") + body.count(b"{") > _BRACKETS_MAX:
        return "the request's document has too many parts"
    return body


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return _UNREADABLE


def _is_message(message: Any) -> bool:
    """Return True for a message of JSON-RPC 2.0: a request, a notification or an answer."""
    return (
        isinstance(message, dict)
        and message.get("jsonrpc") == "2.0"
        and (isinstance(message.get("method"), str) or "result" in message or "error" in message)
        and isinstance(message.get("params", {}), dict)
    )


def _wants_notes(scope: Scope, message: Any) -> bool:
    """Return True for who asks for notes of progress and can read them."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return b"text/event-stream" in accepted and _has_meta(message) and "progressToken" in message["params"]["_meta"]


def _has_meta(message: Any) -> bool:
    params = message.get("params") if isinstance(message, dict) else None
    return isinstance(params, dict) and isinstance(params.get("_meta"), dict)
