"""Reads a request's JSON with a size limit; FastAPI itself would buffer a body of any size."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request

_T = TypeVar("_T", bound=BaseModel)


async def read_json(request: Request, model: type[_T], max_octets: int) -> _T:
    """Read the body as a document of `model`.

    Raises:
        HTTPException: it is too long (413), or did not come whole (400).
        RequestValidationError: it is no such document (422).
    """
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > max_octets:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request's body is too long")
    except ClientDisconnect:  # nobody hears it; without it the log has a traceback
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the request's body did not come whole") from None
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(
            [mistake | {"loc": ("body", *(mistake["loc"] or ("body",)))} for mistake in error.errors()]
        ) from None


def describe_body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what the OpenAPI document says of a body that `read_json` reads."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
