"""The answers that these routes share: plain text, JSON, and errors in the manner of each tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from edgemail.errors import (
    AttachmentNotFound,
    EdgemailError,
    MessageNotFound,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    SubmissionRefused,
    TooBusy,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.types import Receive, Scope, Send

    Endpoint = Callable[[Request], Awaitable[Response]]

NOT_FOUND: Final = "404 page not found"
_RETRY_AFTER: Final = {"retry-after": "5"}


class Refused(Exception):  # noqa: N818 - it is raised for an answer, which is no error of ours
    """A request is answered with this text and status."""

    def __init__(self, text: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(text)
        self.status = status


def say(text: str, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with plain text."""
    return PlainTextResponse(text, status, dict(headers or {}))


def say_ok() -> Response:
    """Answer to who has changed something."""
    return say("ok")


def give_json(value: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a document."""
    return Response(to_json(value), status, dict(headers or {}), "application/json")


Say = Callable[[str, int, Mapping[str, str]], Response]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a tool answers what it does not do."""

    say: Say = say
    """Writes an error."""
    not_found: str = NOT_FOUND
    """What it says of a message that is not there."""
    wrong_method: HTTPStatus = HTTPStatus.METHOD_NOT_ALLOWED


PLAIN: Final = Manner()


def answer_error(error: Exception, manner: Manner = PLAIN) -> Response:
    """Answer to a request that failed as expected.

    Raises:
        Exception: that one, if nobody expected it.
    """
    if isinstance(error, Refused):
        return manner.say(str(error), error.status, {})
    if isinstance(error, SubmissionRefused):
        return manner.say(str(error), HTTPStatus.BAD_REQUEST, {})
    if isinstance(error, ClientDisconnect):
        return manner.say("the request did not come whole", HTTPStatus.BAD_REQUEST, {})  # nobody hears it
    if isinstance(error, MessageNotFound | AttachmentNotFound):
        return manner.say(manner.not_found, HTTPStatus.NOT_FOUND, {})
    if isinstance(error, StoreReadOnly):
        return manner.say(str(error), HTTPStatus.FORBIDDEN, {})
    if isinstance(error, StoreFull):
        return manner.say(str(error), HTTPStatus.INSUFFICIENT_STORAGE, {})
    if isinstance(error, TooBusy | StoreUnavailable):
        return manner.say(str(error), HTTPStatus.SERVICE_UNAVAILABLE, _RETRY_AFTER)
    raise error


class _Methods:
    """An ASGI application that calls the endpoint of a request's method."""

    def __init__(self, endpoints: Mapping[str, Endpoint], manner: Manner) -> None:
        self._endpoints = endpoints
        self._manner = manner
        self.methods = tuple(self._endpoints)
        self._allow = {"allow": ", ".join(self.methods)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        endpoint, manner = self._endpoints.get(scope["method"]), self._manner
        if endpoint is not None:
            try:
                answer = await endpoint(Request(scope, receive))
            except (EdgemailError, Refused, ClientDisconnect) as error:
                answer = answer_error(error, manner)
        elif scope["method"] == "OPTIONS":
            answer = say("", headers=self._allow)
        else:
            text = manner.not_found if manner.wrong_method == HTTPStatus.NOT_FOUND else "Method Not Allowed"
            answer = manner.say(text, manner.wrong_method, self._allow)
        await answer(scope, receive, send)


def make_route(path: str, manner: Manner = PLAIN, **endpoints: Endpoint) -> Route:
    """Make the route of a path, with the endpoint of each method."""
    return Route(path, _Methods(endpoints, manner), include_in_schema=False)
