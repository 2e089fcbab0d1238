"""Carries MCP's messages between a client's pipes and a server's `/mcp`. It knows no tool: there is one of each."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

from edgemail.policy.inbox_lock import KEY_FIELD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx2

MESSAGE_MAX_OCTETS: Final = 2**20
"""The longest line of a client."""

_IN_FLIGHT_MAX: Final = 100
_ANSWER_MAX_OCTETS: Final = 8 * 2**20
_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 90.0
"""The longest silence of an answer, in seconds. A wait takes 55 s."""

_LAST_ANSWERS_S: Final = 5.0
"""The most seconds for requests under way, once the client sends no more."""

_VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
_NAMES: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""The parameter of a method that is repeated in a header field."""

_PLAIN: Final = re.compile(r"(?!=\?base64\?)[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_FAILED: Final = -32_000
_NOT_JSON: Final = -32_700
_NOT_A_MESSAGE: Final = -32_600


class Bridge:
    """Posts each message of a client to a server, and writes what comes back, a line for each message."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        find_server: Callable[[], Awaitable[str]],
        write_line: Callable[[bytes], Awaitable[None]],
    ) -> None:
        """`find_server` returns the URL of a server that answers; it is called again when none does."""
        self._http = http
        self._find_server = find_server
        self._write_line = write_line
        self._url = ""
        self._version = ""
        self._finding = asyncio.Lock()
        self._requests: dict[str, asyncio.Task[None]] = {}

    async def run(self, lines: AsyncIterator[bytes]) -> None:
        """Carry messages until the client sends no more."""
        async for line in lines:
            if line.strip():
                await self._take(line)
        if self._requests:
            await asyncio.wait(self._requests.values(), timeout=_LAST_ANSWERS_S)
        for task in tuple(self._requests.values()):
            task.cancel()
        await asyncio.gather(*self._requests.values(), return_exceptions=True)

    async def _take(self, line: bytes) -> None:
        if len(line) > MESSAGE_MAX_OCTETS:
            await self._refuse(None, _NOT_A_MESSAGE, "the message is too long")
            return
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            await self._refuse(None, _NOT_JSON, "this is not JSON")
            return
        if not isinstance(message, dict):
            await self._refuse(None, _NOT_A_MESSAGE, "send one JSON-RPC message a line")
            return
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        if "id" not in message or "method" not in message:
            if message.get("method") == "notifications/cancelled":
                self._cancel(params.get("requestId"))
            return  # no other note, and no answer, means anything to a server without sessions
        key = _key(message["id"])
        if key in self._requests or len(self._requests) >= _IN_FLIGHT_MAX:
            detail = "this id is in use" if key in self._requests else "too many requests are under way"
            await self._refuse(message["id"], _NOT_A_MESSAGE, detail)
            return
        task = asyncio.create_task(self._forward(line, message, params))
        self._requests[key] = task
        task.add_done_callback(lambda _: self._requests.pop(key, None))
        if message["method"] == "initialize":
            await asyncio.wait([task])  # the messages behind it need its version

    def _cancel(self, request_id: Any) -> None:
        """End a request: the server sees that nobody waits for its answer."""
        task = self._requests.get(_key(request_id))
        if task is not None:
            task.cancel()

    async def _forward(self, line: bytes, message: dict[str, Any], params: dict[str, Any]) -> None:
        import httpx2

        for is_last in (False, True):
            try:
                async with self._finding:
                    self._url = self._url or await self._find_server()
                await self._post(line, message, params)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                self._url = ""  # the server has gone: look for another one, or start one
                if is_last:
                    await self._refuse(message["id"], _FAILED, "edgemail does not answer")
                continue
            except httpx2.HTTPError as error:
                await self._refuse(
                    message["id"], _FAILED, f"edgemail's answer did not come: {type(error).__name__}"
                )
            except Exception as error:  # a client must have an answer to each request
                await self._refuse(message["id"], _FAILED, str(error))
            return

    async def _post(self, line: bytes, message: dict[str, Any], params: dict[str, Any]) -> None:
        fields = self._write_fields(message["method"], params)
        async with self._http.stream("POST", self._url, content=line, headers=fields) as answer:
            kind = answer.headers.get("content-type", "").partition(";")[0].strip()
            if kind == "text/event-stream":
                async for data in _read_events(answer.aiter_lines()):
                    await self._give(message, data)
                return
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _ANSWER_MAX_OCTETS:
                    raise ValueError("edgemail's answer is too long")
        if kind == "application/json":
            await self._give(message, body)
            return
        await self._refuse(message["id"], _FAILED, _explain(answer.status_code, body))

    def _write_fields(self, method: Any, params: dict[str, Any]) -> dict[str, str]:
        """Return the header fields of a message, which a client on pipes does not write."""
        fields = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        meta = params.get("_meta")
        version = meta.get(_VERSION_KEY) if isinstance(meta, dict) else None
        if isinstance(version, str):
            fields["mcp-method"] = _encode(str(method))
            name = params.get(_NAMES.get(str(method), ""))
            if isinstance(name, str):
                fields["mcp-name"] = _encode(name)
        else:
            version = self._version
        if version:
            fields["mcp-protocol-version"] = _encode(version)
        return fields

    async def _give(self, request: dict[str, Any], data: bytes) -> None:
        """Write a message of the server on one line."""
        message = json.loads(data)
        if request["method"] == "initialize" and isinstance(message, dict):
            result = message.get("result")
            if isinstance(result, dict) and isinstance(result.get("protocolVersion"), str):
                self._version = result["protocolVersion"]
        await self._write_line(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    async def _refuse(self, request_id: Any, code: int, detail: str) -> None:
        error = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": detail}}
        await self._write_line(json.dumps(error).encode() + b"\n")


def open_http(authorization: str, keys: str, *, is_loopback: bool) -> httpx2.AsyncClient:
    """Return a client for a server's `/mcp`. It follows no redirect, which could take a token elsewhere."""
    import httpx2

    fields = {"authorization": authorization, KEY_FIELD: keys}
    return httpx2.AsyncClient(
        headers={name: value for name, value in fields.items() if value},
        timeout=httpx2.Timeout(_ANSWER_S, connect=_CONNECT_S, pool=_ANSWER_S),
        limits=httpx2.Limits(max_connections=_IN_FLIGHT_MAX, keepalive_expiry=30.0),
        trust_env=not is_loopback,  # a proxy could not reach this machine's own server
    )


def _key(request_id: Any) -> str:
    """Return a request's id as a key: the number 1 and the text "1" are two."""
    return json.dumps(request_id)


def _encode(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else f"=?base64?{base64.b64encode(value.encode()).decode()}?="


async def _read_events(lines: AsyncIterator[str]) -> AsyncIterator[bytes]:
    """Yield the data of each server-sent event."""
    data: list[str] = []
    async for line in lines:
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and data:
            text, data = "\n".join(data), []
            if text.strip():
                yield text.encode()


def _explain(status: int, body: bytes) -> str:
    """Return what a problem document says, or the status."""
    with contextlib.suppress(ValueError, LookupError, TypeError):
        return str(json.loads(body)["detail"])
    return f"edgemail answered {status}"
