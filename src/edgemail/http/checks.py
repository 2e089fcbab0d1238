"""The routes of checks: what mail programs support of a message's HTML, and what its links answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from edgemail.checks import html_support
from edgemail.http import check_models
from edgemail.http.check_documents import write_html_check
from edgemail.http.error_handlers import BUSY, PROBLEM
from edgemail.http.large_responses import build_response
from edgemail.http.problems import problem_response
from edgemail.http.query_parameters import StrictRoute
from edgemail.http.routes import AddressPath, IdPath, read_inbox_name
from edgemail.model import MailId

if TYPE_CHECKING:
    from edgemail.mailbox.inbox import Inbox

NO_HTML = "no-html"
NOT_HERE = "not-here"
"""Types of problems: the message has no HTML; the check is off here."""

router = APIRouter(
    tags=["checks"],
    route_class=StrictRoute,
    responses=BUSY | dict.fromkeys((400, 401, 403, 404, 421, 422), PROBLEM),
)


@router.get(
    "/api/inboxes/{address:address}/messages/{id:segment}/html-check", response_model=check_models.HtmlCheckModel
)
async def check_html_of_inbox(request: Request, address: AddressPath, id: IdPath) -> Response:  # noqa: A002
    """Say what mail programs do not support in the HTML of an inbox's message.

    404 has the type `no-html` for a message without HTML, and `not-here` where the setting `html_check` is off.
    """
    return await _check_html(request, id, read_inbox_name(address))


@router.get("/api/messages/{id}/html-check", response_model=check_models.HtmlCheckModel)
async def check_html(request: Request, id: IdPath) -> Response:  # noqa: A002 - its public name
    """Say what mail programs do not support in the HTML of a message.

    404 has the type `no-html` for a message without HTML, and `not-here` where the setting `html_check` is off.
    """
    return await _check_html(request, id, None)


async def _check_html(request: Request, id_: int, inbox: str | None) -> Response:
    if not request.app.state.checks_html:
        detail = "this server does not check HTML: the setting html_check is off"
        if not html_support.is_built():
            detail = "this server has no facts to check HTML by: `make client` writes them"
        return problem_response(HTTPStatus.NOT_FOUND, detail, kind=NOT_HERE)
    mails: Inbox = request.app.state.inbox
    _, content = await mails.derive(MailId(id_), write_html_check, inbox=inbox)
    if not content.about:
        return problem_response(HTTPStatus.NOT_FOUND, "this message has no HTML", kind=NO_HTML)
    return await build_response(content.read_pieces(), content.size, "application/json", {})
