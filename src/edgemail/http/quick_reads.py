"""Answers the reads that are asked most often, without routing, dependencies and response classes.

Those take as long as the store does. Only requests of the plainest form are answered here, and as the routes
would; the routes have the others, and the OpenAPI document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from starlette.exceptions import HTTPException

from edgemail.errors import EdgemailError
from edgemail.http.error_handlers import answer_refusal, answer_unexpected
from edgemail.http.listing_json import answer_listing
from edgemail.http.problems import answer_error
from edgemail.http.waiting import answer_wait
from edgemail.http.whole_message import answer_whole
from edgemail.mailbox.inbox import PAGE_MAX
from edgemail.model import MailId

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from edgemail.http.held_requests import HeldRequests
    from edgemail.mailbox.inbox import Inbox

LIMIT_DEFAULT: Final = 50
_ID = "(0|[1-9][0-9]{0,17})"
_INBOX = "inboxes/([A-Za-z0-9._+=-]{1,64}@[A-Za-z0-9.-]{1,255})/"
_LISTING: Final = re.compile(f"/api/{_INBOX}messages")
_MESSAGE: Final = re.compile(f"/api/(?:{_INBOX})?messages/{_ID}")
_WAIT: Final = re.compile(f"/api/{_INBOX}wait")
_WAITED: Final = re.compile(rf"after={_ID}&timeout=([0-9]{{1,3}}(?:\.[0-9]{{1,20}})?)")
"""As `edgemail.testing` asks."""
_PARAMETER: Final = re.compile(rf"(?:limit|before|after)={_ID}|search=([A-Za-z0-9._+%-]{{0,200}})")


class QuickReads:
    """An ASGI application in front of the API's routes."""

    def __init__(self, api: ASGIApp, inbox: Inbox, waits: HeldRequests) -> None:
        self._api = api
        self._inbox = inbox
        self._waits = waits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or leave it to the API."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._api(scope, receive, send)
            return
        path: str = scope["path"]
        try:
            if listing := _LISTING.fullmatch(path):
                asked = _read_query(scope["query_string"])
                response = None if asked is None else await self._list(scope, listing[1], asked)
            elif not scope["query_string"] and (message := _MESSAGE.fullmatch(path)):
                response = await answer_whole(scope, self._inbox, MailId(int(message[2])), message[1])
            elif waiting := _WAIT.fullmatch(path):
                response = await self._wait(scope, waiting[1])
            else:
                response = None
        except EdgemailError as error:
            response = answer_error(error)
        except HTTPException as error:
            response = answer_refusal(error)
        except Exception as error:
            response = answer_unexpected(error)
        await (response or self._api)(scope, receive, send)

    async def _list(self, scope: Scope, address: str, asked: dict[str, str]) -> Response:
        return await answer_listing(
            scope,
            self._inbox,
            address,
            limit=int(asked.get("limit", LIMIT_DEFAULT)),
            before=int(asked["before"]) if "before" in asked else None,
            after=int(asked.get("after", 0)),
            search=asked.get("search", ""),
        )

    async def _wait(self, scope: Scope, address: str) -> Response | None:
        asked = _WAITED.fullmatch(scope["query_string"].decode("latin-1"))
        if asked is None:
            return None
        after, timeout_s = int(asked[1]), float(asked[2])
        return await answer_wait(scope, self._inbox, self._waits, address, after=after, timeout_s=timeout_s)


def _read_query(query: bytes) -> dict[str, str] | None:
    """Read the parameters of a listing; return None for what the route has to judge."""
    asked: dict[str, str] = {}
    for parameter in query.decode("latin-1").split("&") if query else ():
        match = _PARAMETER.fullmatch(parameter)
        name, _, value = parameter.partition("=")
        if match is None or name in asked:
            return None
        asked[name] = unquote_plus(value) if name == "search" else value
    return asked if 1 <= int(asked.get("limit", LIMIT_DEFAULT)) <= PAGE_MAX else None
