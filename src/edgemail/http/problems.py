"""Errors as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

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
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Make the answer for an error."""
    body = ProblemModel(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(
        body.model_dump(), status_code=status, headers=headers, media_type="application/problem+json"
    )


def register_problems(api: FastAPI) -> None:
    """Let every error of `api` be answered as a problem; what nobody foresaw says nothing of its inside."""

    @api.exception_handler(EdgemailError)
    async def _expected(_: Request, error: EdgemailError) -> JSONResponse:
        status = _STATUSES.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
        return problem(status, str(error))

    @api.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        mistakes = (f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(mistakes))

    @api.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), dict(error.headers or {}))

    @api.exception_handler(Exception)
    async def _unexpected(_: Request, error: Exception) -> JSONResponse:
        _log.error("a request failed in a way that nobody foresaw", exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the log has the details")
