"""Completes the OpenAPI document with what is answered in front of the routes, or for all of them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from edgemail.http.error_handlers import BUSY, PROBLEM
from edgemail.policy.inbox_lock import KEY_FIELD

if TYPE_CHECKING:
    from fastapi import FastAPI

_Operation = dict[str, Any]

_FOR_ALL: Final[dict[str, Any]] = {
    "408": PROBLEM | {"description": "The request did not come in time"},
    "413": PROBLEM | {"description": "The request's body is longer than `max_http_body`"},
    "414": PROBLEM | {"description": "The request's target is longer than `max_http_target`"},
    "431": PROBLEM | {"description": "The request's header fields are longer than `max_http_head`, or too many"},
    "429": BUSY[429] | {"description": "The source asks too often, or has too many connections"},
    "503": BUSY[503] | {"description": "There is too much to do, or the store does not answer"},
}
"""The responses that every route may give. The HTTP port itself gives most of them."""

_ETAG: Final = {"description": "for `If-None-Match`, until edgemail starts again", "schema": {"type": "string"}}
_NOT_MODIFIED: Final = {"description": "The ETag in `If-None-Match` still matches", "headers": {"ETag": _ETAG}}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "an `ETag` of an earlier response",
}
_INBOX_KEY: Final = {
    "name": KEY_FIELD,
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "the key of a locked inbox; several, with commas between, for several addresses",
}
_LOCKED: Final = PROBLEM | {"description": "The inbox is locked, and its key was not given"}
_IMMUTABLE: Final = ("/raw", "/attachments/{n}")


def complete_openapi(api: FastAPI) -> None:
    """Add common responses to every route of the document of `api`, and HEAD and 304 where they are."""
    describe = api.openapi

    def describe_all() -> dict[str, Any]:
        if api.openapi_schema is None:
            for path, operations in describe()["paths"].items():
                _complete(path, operations)
        return describe()

    api.openapi = describe_all  # type: ignore[method-assign]


def _complete(path: str, operations: dict[str, _Operation]) -> None:
    for operation in operations.values():
        operation["responses"] = (
            _FOR_ALL | operation["responses"] | {name: _FOR_ALL[name] for name in ("429", "503")}
        )
        if path.startswith("/api/inboxes/") or path == "/api/events":
            operation["parameters"] = [*operation.get("parameters", ()), _INBOX_KEY]
            operation["responses"].setdefault("404", _LOCKED)
    get = operations.get("get")
    if get is None:
        return
    if path.endswith(_IMMUTABLE):
        get["parameters"] = [*get.get("parameters", ()), _IF_NONE_MATCH]
        get["responses"]["200"] = get["responses"]["200"] | {"headers": {"ETag": _ETAG}}
        get["responses"]["304"] = _NOT_MODIFIED
    operations["head"] = _as_head(get)


def _as_head(get: _Operation) -> _Operation:
    """Describe HEAD: what GET answers, without its content."""
    responses = {
        status: {name: value for name, value in response.items() if name != "content"}
        for status, response in get["responses"].items()
    }
    return get | {
        "operationId": f"{get['operationId']}_head",
        "summary": f"{get['summary']}: headers alone",
        "description": "Answers as GET does, without the content.",
        "responses": responses,
    }
