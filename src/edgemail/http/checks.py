"""The routes of checks: what mail programs support of a message's HTML, and what its links answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from edgemail.checks import html_support
from edgemail.errors import CheckIsOff, MessageWithoutHtml
from edgemail.http import check_models
from edgemail.http.access import note_found
from edgemail.http.check_documents import read_link_list, write_html_check, write_link_list, write_status
from edgemail.http.error_handlers import BUSY, PROBLEM
from edgemail.http.large_responses import build_response
from edgemail.http.locked_inboxes import open_inbox
from edgemail.http.query_parameters import StrictRoute
from edgemail.http.routes import AddressPath, IdPath  # noqa: TC001 - FastAPI reads annotations
from edgemail.model import MailId

if TYPE_CHECKING:
    from edgemail.checks.link_check import LinkChecker
    from edgemail.mailbox.inbox import Inbox

router = APIRouter(
    tags=["checks"],
    route_class=StrictRoute,
    responses=BUSY | dict.fromkeys((400, 401, 403, 404, 405, 421, 422), PROBLEM),
)


@router.get(
    "/api/inboxes/{address:address}/messages/{id:segment}/html-check", response_model=check_models.HtmlCheckModel
)
async def check_html_of_inbox(request: Request, address: AddressPath, id: IdPath) -> Response:  # noqa: A002
    """Say what mail programs do not support in the HTML of an inbox's message.

    404 has the type `no-html` for a message without HTML, and `not-here` where the setting `html_check` is off.
    """
    return await _check_html(request, id, open_inbox(request, address))


@router.get("/api/messages/{id}/html-check", response_model=check_models.HtmlCheckModel)
async def check_html(request: Request, id: IdPath) -> Response:  # noqa: A002 - its public name
    """Say what mail programs do not support in the HTML of a message.

    404 has the type `no-html` for a message without HTML, and `not-here` where the setting `html_check` is off.
    """
    return await _check_html(request, id, None)


@router.post("/api/inboxes/{address:address}/messages/{id:segment}/link-check")
async def check_links_of_inbox(
    request: Request,
    address: AddressPath,
    id: IdPath,  # noqa: A002 - its public name
) -> check_models.LinkCheckModel:
    """Ask the servers of an inbox's message's links, at most 100, whether they work.

    This is the only route that fetches what a message names. A link is asked by HEAD, and by GET where the
    server knows no HEAD. 404 has the type `not-here` where the setting `link_check` is off.
    """
    return await _check_links(request, id, open_inbox(request, address))


@router.post("/api/messages/{id}/link-check")
async def check_links(request: Request, id: IdPath) -> check_models.LinkCheckModel:  # noqa: A002 - its public name
    """Ask the servers of a message's links, at most 100, whether they work.

    A link is asked by HEAD, and by GET where the server knows no HEAD. 404 has the type `not-here` where the
    setting `link_check` is off.
    """
    return await _check_links(request, id, None)


async def _check_links(request: Request, id_: int, inbox: str | None) -> check_models.LinkCheckModel:
    checker: LinkChecker | None = request.app.state.link_checker
    if checker is None:
        note_found(request.scope)
        raise CheckIsOff("this server asks no links: the setting link_check is off")
    mails: Inbox = request.app.state.inbox
    _, found = await mails.derive(MailId(id_), write_link_list, inbox=inbox)
    links, left_out = await read_link_list(found)
    checked = await checker.check(links)
    return check_models.LinkCheckModel(
        links=[
            check_models.CheckedLinkModel(
                url=link.url,
                status=link.status,
                status_text=write_status(link.status),
                error=link.error,
                hops=[check_models.LinkHopModel(url=hop.url, status=hop.status) for hop in link.hops],
            )
            for link in checked
        ],
        errors=sum(not link.works for link in checked),
        left_out=left_out,
    )


async def _check_html(request: Request, id_: int, inbox: str | None) -> Response:
    if not request.app.state.checks_html:
        detail = "this server does not check HTML: the setting html_check is off"
        if not html_support.is_built():
            detail = "this server has no facts to check HTML by: `make client` writes them"
        note_found(request.scope)
        raise CheckIsOff(detail)
    mails: Inbox = request.app.state.inbox
    _, content = await mails.derive(MailId(id_), write_html_check, inbox=inbox)
    if not content.about:
        note_found(request.scope)
        raise MessageWithoutHtml("this message has no HTML")
    return await build_response(content.read_pieces(), content.size, "application/json", {})
