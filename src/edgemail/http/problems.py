"""Error responses as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from edgemail.errors import (
    AddressError,
    AttachmentNotFound,
    CheckIsOff,
    EdgemailError,
    InboxLocked,
    MessageNotFound,
    MessageWithoutHtml,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    TooBusy,
)

_STATUSES: dict[type[EdgemailError], HTTPStatus] = {
    AddressError: HTTPStatus.BAD_REQUEST,
    MessageNotFound: HTTPStatus.NOT_FOUND,
    AttachmentNotFound: HTTPStatus.NOT_FOUND,
    CheckIsOff: HTTPStatus.NOT_FOUND,
    MessageWithoutHtml: HTTPStatus.NOT_FOUND,
    InboxLocked: HTTPStatus.NOT_FOUND,
    StoreReadOnly: HTTPStatus.FORBIDDEN,
    StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
}
_KINDS: dict[type[EdgemailError], str] = {CheckIsOff: "not-here", MessageWithoutHtml: "no-html"}
_NO_KIND = "about:blank"
_BUSY_RETRY_S = 5


def write_problem(status: int, detail: str, kind: str = _NO_KIND) -> dict[str, Any]:
    """Return the document of an error: `ProblemModel` describes it, and takes long to load."""
    return {"type": kind, "title": HTTPStatus(status).phrase, "status": int(status), "detail": detail}


def problem_response(
    status: int, detail: str, headers: dict[str, str] | None = None, kind: str = _NO_KIND
) -> JSONResponse:
    """Build the response for an error. `kind` is for programs, where the status does not say enough."""
    return JSONResponse(
        write_problem(status, detail, kind),
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )


def busy_response(detail: str) -> JSONResponse:
    """Build the response for a request that may succeed later."""
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"retry-after": str(_BUSY_RETRY_S)})


def answer_error(error: EdgemailError) -> JSONResponse:
    """Build the response for an error that is expected."""
    if isinstance(error, TooBusy | StoreUnavailable):
        return busy_response(str(error))
    status = _STATUSES.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
    return problem_response(status, str(error), kind=_KINDS.get(type(error), _NO_KIND))
