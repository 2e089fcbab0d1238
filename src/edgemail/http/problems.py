"""Error responses as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from edgemail.errors import (
    AddressError,
    AttachmentNotFound,
    EdgemailError,
    MessageNotFound,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    TooBusy,
)
from edgemail.http.models import ProblemModel

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

_log = logging.getLogger(__name__)

_STATUSES: dict[type[EdgemailError], HTTPStatus] = {
    AddressError: HTTPStatus.BAD_REQUEST,
    MessageNotFound: HTTPStatus.NOT_FOUND,
    AttachmentNotFound: HTTPStatus.NOT_FOUND,
    StoreReadOnly: HTTPStatus.FORBIDDEN,
    StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
}
_BUSY_RETRY_S = 5

PROBLEM: Final[dict[str, Any]] = {
    "description": "Problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": ProblemModel.model_json_schema()}},
}
"""Describes a response of `problem_response` in the OpenAPI document."""

_RETRY_AFTER: Final = {
    "required": True,
    "description": "after how many seconds to ask again",
    "schema": {"type": "integer", "minimum": 1},
}
BUSY: Final[dict[int | str, dict[str, Any]]] = dict.fromkeys(
    (429, 503), PROBLEM | {"headers": {"Retry-After": _RETRY_AFTER}}
)
"""Describes the responses to who asks too often, and to all while there is too much to do."""


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Build the response for an error."""
    body = ProblemModel(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(
        body.model_dump(), status_code=status, headers=headers, media_type="application/problem+json"
    )


def busy_response(detail: str) -> JSONResponse:
    """Build the response for a request that may succeed later."""
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"retry-after": str(_BUSY_RETRY_S)})


def register_error_handlers(api: FastAPI) -> None:
    """Answer every error of `api` with a problem. Unexpected errors reveal no details."""

    @api.exception_handler(EdgemailError)
    async def _expected(_: Request, error: EdgemailError) -> JSONResponse:
        if isinstance(error, TooBusy | StoreUnavailable):
            return busy_response(str(error))
        status = _STATUSES.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
        return problem_response(status, str(error))

    @api.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        mistakes = (f"{'.'.join(map(str, mistake['loc'][1:]))}: {mistake['msg']}" for mistake in error.errors())
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(mistakes))

    @api.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        return problem_response(error.status_code, str(error.detail), dict(error.headers or {}))

    @api.exception_handler(Exception)
    async def _unexpected(_: Request, error: Exception) -> JSONResponse:
        _log.error("a request failed with an unexpected error", exc_info=error)
        return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "the log has the details")
