"""Turns errors of routes into problems, and describes problems in the OpenAPI document."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from edgemail.errors import EdgemailError
from edgemail.http.models import ProblemModel
from edgemail.http.problems import answer_error, problem_response

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.responses import Response

_log = logging.getLogger(__name__)

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


def register_error_handlers(api: FastAPI) -> None:
    """Answer every error of `api` with a problem. Unexpected errors reveal no details."""

    @api.exception_handler(EdgemailError)
    async def _expected(_: Request, error: EdgemailError) -> Response:
        return answer_error(error)

    @api.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        mistakes = (f"{'.'.join(map(str, mistake['loc'][1:]))}: {mistake['msg']}" for mistake in error.errors())
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(mistakes))

    @api.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        return answer_refusal(error)

    @api.exception_handler(Exception)
    async def _unexpected(_: Request, error: Exception) -> Response:
        return answer_unexpected(error)


def answer_refusal(error: HTTPException) -> Response:
    """Build the response for an error that has a status of its own."""
    return problem_response(error.status_code, str(error.detail), dict(error.headers or {}))


def answer_unexpected(error: Exception) -> Response:
    """Log an error, and build the response for it."""
    _log.error("a request failed with an unexpected error", exc_info=error)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "the log has the details")
