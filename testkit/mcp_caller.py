"""Calls the tools of a program as an agent's client does, by plain HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from testkit.http_client import Answer
    from testkit.running_app import Program

LATEST = "2026-07-28"
BEFORE = "2025-11-25"
FIELDS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def write_request(method: str, params: Mapping[str, Any], version: str = LATEST) -> tuple[dict[str, str], bytes]:
    """Return the header fields and the body of a request."""
    fields = FIELDS | {"mcp-protocol-version": version}
    given = dict(params)
    if version == LATEST:
        fields["mcp-method"] = method
        if name := given.get("name") or given.get("uri"):
            fields["mcp-name"] = name
        given["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        } | given.get("_meta", {})
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": given}
    return fields, json.dumps(message).encode()


async def post(
    program: Program,
    method: str,
    params: Mapping[str, Any] | None = None,
    version: str = LATEST,
    fields: Mapping[str, str] | None = None,
) -> Answer:
    """Make one request, with more header fields if they are given."""
    own, body = write_request(method, params or {}, version)
    return await program.ask("/mcp", "POST", own | dict(fields or {}), body)


async def request(
    program: Program, method: str, params: Mapping[str, Any] | None = None, version: str = LATEST
) -> dict[str, Any]:
    """Return the result of a request."""
    answer = await post(program, method, params, version)
    assert answer.status == 200, answer.body
    result: dict[str, Any] = answer.json()["result"]
    return result


async def call(program: Program, tool: str, **arguments: Any) -> dict[str, Any]:
    """Return what a tool gives, as its document."""
    result = await request(program, "tools/call", {"name": tool, "arguments": arguments})
    assert not result.get("isError"), result
    assert len(result["content"][0]["text"]) <= 300
    document: dict[str, Any] = result["structuredContent"]
    return document


async def refuse(program: Program, tool: str, **arguments: Any) -> str:
    """Return why a tool refuses."""
    result = await request(program, "tools/call", {"name": tool, "arguments": arguments})
    assert result["isError"] is True, result
    text: str = result["content"][0]["text"]
    return text
