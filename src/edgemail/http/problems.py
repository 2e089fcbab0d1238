"""Error responses as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from edgemail.errors import (
    AddressError,
    AttachmentNotFound,
    EdgemailError,
    InboxLocked,
    MessageNotFound,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    TooBusy,
)

_STATUSES: dict[type[EdgemailError], HTTPStatus] = {
    AddressError: HTTPStatus.BAD_REQUEST,
    MessageNotFound: HTTPStatus.NOT_FOUND,
    AttachmentNotFound: HTTPStatus.NOT_FOUND,
    InboxLocked: HTTPStatus.NOT_FOUND,
    StoreReadOnly: HTTPStatus.FORBIDDEN,
    StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
}
_BUSY_RETRY_S = 5


def write_problem(status: int, detail: str) -> dict[str, Any]:
    """Return the document of an error: `ProblemModel` describes it, and takes long to load."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "detail": detail}


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Build the response for an error."""
    return JSONResponse(
        write_problem(status, detail), status_code=status, headers=headers, media_type="application/problem+json"
    )


def busy_response(detail: str) -> JSONResponse:
    """Build the response for a request that may succeed later."""
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"retry-after": str(_BUSY_RETRY_S)})


def answer_error(error: EdgemailError) -> JSONResponse:
    """Build the response for an error that is expected."""
    if isinstance(error, TooBusy | StoreUnavailable):
        return busy_response(str(error))
    status = _STATUSES.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
    return problem_response(status, str(error))
