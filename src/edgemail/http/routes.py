"""The routes of the API: each parses its arguments, calls the inbox and builds the response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator  # noqa: TC003 - FastAPI reads the annotations
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.convertors import StringConvertor, register_url_convertor

from edgemail.http import event_stream, large_responses, models
from edgemail.http.access import note_empty
from edgemail.http.error_handlers import BUSY, PROBLEM
from edgemail.http.event_stream import EventStream
from edgemail.http.lazy_app import check_ready
from edgemail.http.listing_json import answer_listing
from edgemail.http.locked_inboxes import open_inbox
from edgemail.http.query_parameters import StrictRoute
from edgemail.http.quick_reads import LIMIT_DEFAULT
from edgemail.http.waiting import answer_wait
from edgemail.http.whole_message import answer_whole
from edgemail.mailbox.all_mail import ALL_MAIL
from edgemail.mailbox.attached import DEPTH_MAX, AttachmentPath
from edgemail.mailbox.inbox import PAGE_MAX, Inbox
from edgemail.model import MailId

if TYPE_CHECKING:
    from edgemail.http.held_requests import HeldRequests

FOLLOWED_ADDRESSES_MAX = 20
"""The most addresses of one event stream."""

_ID_MAX = 2**63 - 1
_POSITIONS = f"^[0-9]{{1,19}}(,[0-9]{{1,19}}){{0,{FOLLOWED_ADDRESSES_MAX - 1}}}$"
AddressPath = Annotated[str, Path(description="an e-mail address, in any case", max_length=512)]
IdPath = Annotated[int, Path(ge=0, le=_ID_MAX)]
_AttachmentPath = Annotated[
    str,
    Path(
        pattern=rf"^[0-9]{{1,9}}(\.[0-9]{{1,9}}){{0,{DEPTH_MAX - 1}}}$",
        description="the `index` of an attachment or of an inline part; `1.0` is number 0 of the message that is "
        "attached as number 1",
        examples=["0", "1.0"],
    ),
]
_IdQuery = Annotated[int | None, Query(ge=0, le=_ID_MAX)]
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: PROBLEM}
_DELETES: dict[int | str, dict[str, Any]] = {507: PROBLEM}


class _SegmentConvertor(StringConvertor):
    """Matches one segment of a path that is no end of an address.

    The address `a/messages/b@example.org` is valid: what follows its `/messages/` is no id.
    """

    regex = "[^/@]+"


class _AddressConvertor(StringConvertor):
    """Matches what `path` does and line breaks too: they are no part of an address, which 400 says."""

    regex = "(?s:.*)"


register_url_convertor("segment", _SegmentConvertor())
register_url_convertor("address", _AddressConvertor())
router = APIRouter(
    route_class=StrictRoute,
    responses=BUSY | dict.fromkeys((400, 401, 403, 405, 421, 422), PROBLEM),
)


@router.get("/api/inboxes/{address:address}/messages", tags=["inbox"], response_model=models.ListingModel)
async def list_messages(
    request: Request,
    address: AddressPath,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = LIMIT_DEFAULT,
    before: _IdQuery = None,
    after: _IdQuery = None,
    search: Annotated[
        str,
        Query(
            max_length=200,
            description="words that must all be in sender, subject, text or attachments' names, whatever their "
            "case and accents; not with `after`",
        ),
    ] = "",
) -> Response:
    """List an inbox, newest first.

    A page of a search may be short: read on until `next_before` is null.
    """
    return await answer_listing(
        request.scope, _inbox(request), address, limit=limit, before=before, after=after or 0, search=search
    )


@router.get(
    "/api/inboxes/{address:address}/wait",
    tags=["inbox"],
    response_model=Annotated[models.FoundModel | models.TimedOutModel, None],
)
async def wait_for_message(
    request: Request,
    address: AddressPath,
    after: _IdQuery = None,
    timeout: Annotated[float, Query(ge=0, description="seconds; more than 55 counts as 55")] = 30,  # noqa: ASYNC109 - its public name
    sender: Annotated[str, Query(alias="from", description="a part of the sender's name or address")] = "",
    subject: Annotated[str, Query(description="a part of the subject")] = "",
) -> Response:
    """Wait for a message.

    Returns the first after the id `after`; without `after` the newest, else the next to arrive.
    """
    return await answer_wait(
        request.scope,
        _inbox(request),
        request.app.state.waits,
        address,
        after=after,
        timeout_s=timeout,
        sender=sender,
        subject=subject,
    )


async def _find_start(
    request: Request,
    address: AddressPath,
    after: _IdQuery = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=_ID_MAX)] = None,
) -> tuple[str, int]:
    """Find the inbox and the start id before the response begins, so that no mail is missed."""
    name = open_inbox(request, address)
    start = after if last_event_id is None else last_event_id
    newest = await _inbox(request).last_id(name)
    if not newest:
        note_empty(request.scope, name)
    return name, newest if start is None else start


async def _hold_stream(request: Request, address: AddressPath) -> AsyncIterator[None]:
    """Count the stream while it lasts, or refuse it."""
    streams: HeldRequests = request.app.state.streams
    with streams.hold((open_inbox(request, address),), request.scope):
        yield


@router.get(
    "/api/inboxes/{address:address}/events",
    tags=["inbox"],
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}},
    dependencies=[Depends(_hold_stream)],
)
async def follow_inbox(request: Request, start: Annotated[tuple[str, int], Depends(_find_start)]) -> EventStream:
    """Follow an inbox: each `event: message` has a message's id and summary; resumes without a gap.

    Starts after `Last-Event-ID`, else after the id `after`, else with mail that arrives later.
    """
    return EventStream(event_stream.follow_one(_inbox(request), *start))


_AddressesQuery = Annotated[
    list[Annotated[str, Field(max_length=512)]] | None,
    Query(
        description="e-mail addresses, in any case: at most 20; without any, all mail is followed",
        max_length=FOLLOWED_ADDRESSES_MAX,
    ),
]


async def _find_starts(
    request: Request,
    address: _AddressesQuery = None,
    after: Annotated[
        list[Annotated[int, Field(ge=0, le=_ID_MAX)]] | None,
        Query(
            description="an id for each address, in their order; one for all mail",
            max_length=FOLLOWED_ADDRESSES_MAX,
        ),
    ] = None,
    last_event_id: Annotated[
        str | None,
        Header(description="the id of an event: an id for each address, in their order", pattern=_POSITIONS),
    ] = None,
) -> list[tuple[str, int]]:
    """Find each inbox and its start id before the response begins, so that no mail is missed."""
    names = [open_inbox(request, name) for name in address or ()] or [ALL_MAIL]
    loc, starts = ("query", "after"), after
    if last_event_id is not None:
        loc, starts = ("header", "last-event-id"), [int(position) for position in last_event_id.split(",")]
    if starts is not None and (len(starts) != len(names) or max(starts) > _ID_MAX):
        raise RequestValidationError(
            [{"loc": loc, "msg": "needs one id for each address, in their order, and one for all mail"}]
        )
    if names == [ALL_MAIL]:
        return [(ALL_MAIL, await _inbox(request).all_mail.last_id() if starts is None else starts[0])]
    newest = await asyncio.gather(*[_inbox(request).last_id(name) for name in names])
    for name, newest_id in zip(names, newest, strict=True):
        if not newest_id:
            note_empty(request.scope, name)
    return list(zip(names, newest if starts is None else starts, strict=True))


async def _hold_shared_stream(request: Request, address: _AddressesQuery = None) -> AsyncIterator[None]:
    """Count the stream while it lasts, or refuse it."""
    streams: HeldRequests = request.app.state.streams
    with streams.hold({open_inbox(request, name) for name in address or ()} or {ALL_MAIL}, request.scope):
        yield


@router.get(
    "/api/events",
    tags=["inbox"],
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}, 414: PROBLEM},
    dependencies=[Depends(_hold_shared_stream)],
)
async def follow_inboxes(
    request: Request, starts: Annotated[list[tuple[str, int]], Depends(_find_starts)]
) -> EventStream:
    """Follow several inboxes by one stream: each `event: message` has an `address` beside the summary.

    The id of an event is a position: the last id in each inbox, in the order of the addresses, with
    commas between. Starts after `Last-Event-ID`, else after the ids `after`, one for each address,
    else with mail that arrives later.

    Without an address it follows all mail: `read` and `tags` are beside the summary, and the id of an
    event is the message's. That is for those who may read all mail.
    """
    if starts[0][0] == ALL_MAIL:
        return EventStream(event_stream.follow_all_mail(_inbox(request).all_mail, starts[0][1]))
    return EventStream(event_stream.follow_several(_inbox(request), starts))


@router.get(
    "/api/inboxes/{address:address}/messages/{id:segment}",
    tags=["inbox"],
    response_model=models.WholeMessageModel,
    responses=_NOT_FOUND,
)
async def read_message_of_inbox(request: Request, address: AddressPath, id: IdPath) -> Response:  # noqa: A002
    """Read a parsed message of an inbox. `recipients` names this address alone."""
    return await answer_whole(request.scope, _inbox(request), MailId(id), address)


@router.get(
    "/api/inboxes/{address:address}/messages/{id:segment}/raw",
    tags=["inbox"],
    response_class=Response,
    responses=_NOT_FOUND | {200: {"content": {"message/rfc822": {}}}},
)
async def read_raw_message_of_inbox(request: Request, address: AddressPath, id: IdPath) -> Response:  # noqa: A002
    """Read a message of an inbox, octet for octet."""
    return await _read_raw(request, id, open_inbox(request, address))


@router.get(
    "/api/inboxes/{address:address}/messages/{id:segment}/attachments/{n}",
    tags=["inbox"],
    response_class=Response,
    responses=_NOT_FOUND | {200: {"content": {"application/octet-stream": {}}}},
)
async def read_attachment_of_inbox(
    request: Request,
    address: AddressPath,
    id: IdPath,  # noqa: A002 - its public name
    n: _AttachmentPath,
) -> Response:
    """Read an attachment of an inbox's message, as a download."""
    return await _read_attachment(request, id, n, open_inbox(request, address))


@router.get(
    "/api/inboxes/{address:address}/messages/{id:segment}/attachments/{n}/message",
    tags=["inbox"],
    response_model=models.AttachedMessageModel,
    responses=_NOT_FOUND,
)
async def read_attached_message_of_inbox(
    request: Request,
    address: AddressPath,
    id: IdPath,  # noqa: A002 - its public name
    n: _AttachmentPath,
) -> Response:
    """Read a message that is attached to an inbox's message, parsed."""
    return await _read_attached(request, id, n, open_inbox(request, address))


@router.delete(
    "/api/inboxes/{address:address}/messages/{id:segment}",
    tags=["inbox"],
    status_code=204,
    responses=_NOT_FOUND | _DELETES,
)
async def delete_message_of_inbox(request: Request, address: AddressPath, id: IdPath) -> None:  # noqa: A002
    """Delete a message from an inbox. Other recipients keep their copies."""
    await _inbox(request).delete_from(open_inbox(request, address), MailId(id))


@router.delete("/api/inboxes/{address:address}", tags=["inbox"], responses=_DELETES)
async def empty_inbox(request: Request, address: AddressPath) -> models.DeletedModel:
    """Delete all mail of an inbox. Other recipients keep their copies."""
    name = open_inbox(request, address)
    deleted = await _inbox(request).delete_all(name)
    if not deleted:
        note_empty(request.scope, name)
    return models.DeletedModel(deleted=deleted)


@router.get("/api/messages/{id}", tags=["message"], response_model=models.WholeMessageModel, responses=_NOT_FOUND)
async def read_message(request: Request, id: IdPath) -> Response:  # noqa: A002 - its public name
    """Read a parsed message."""
    return await answer_whole(request.scope, _inbox(request), MailId(id), None)


@router.get(
    "/api/messages/{id}/raw",
    tags=["message"],
    response_class=Response,
    responses=_NOT_FOUND | {200: {"content": {"message/rfc822": {}}}},
)
async def read_raw_message(request: Request, id: IdPath) -> Response:  # noqa: A002 - its public name
    """Read a message, octet for octet."""
    return await _read_raw(request, id, None)


@router.get(
    "/api/messages/{id}/attachments/{n}",
    tags=["message"],
    response_class=Response,
    responses=_NOT_FOUND | {200: {"content": {"application/octet-stream": {}}}},
)
async def read_attachment(
    request: Request,
    id: IdPath,  # noqa: A002 - its public name
    n: _AttachmentPath,
) -> Response:
    """Read an attachment, as a download.

    It never has its own type: HTML or SVG in this origin could read every inbox.
    """
    return await _read_attachment(request, id, n, None)


@router.get(
    "/api/messages/{id}/attachments/{n}/message",
    tags=["message"],
    response_model=models.AttachedMessageModel,
    responses=_NOT_FOUND,
)
async def read_attached_message(
    request: Request,
    id: IdPath,  # noqa: A002 - its public name
    n: _AttachmentPath,
) -> Response:
    """Read a message that is attached to a message, parsed."""
    return await _read_attached(request, id, n, None)


@router.delete("/api/messages/{id}", tags=["message"], status_code=204, responses=_NOT_FOUND | _DELETES)
async def delete_message(request: Request, id: IdPath) -> None:  # noqa: A002 - its public name
    """Delete a message, for all its recipients."""
    await _inbox(request).delete(MailId(id))


@router.get("/api/server", tags=["server"])
async def describe_server(request: Request) -> models.ServerInfoModel:
    """Describe this server: its domains, limits and retention."""
    info: models.ServerInfoModel = request.app.state.info
    return info


@router.get("/healthz", tags=["server"], summary="Liveness")
async def is_alive() -> models.StatusModel:
    """Answer as long as the program runs."""
    return models.StatusModel()


@router.get("/readyz", tags=["server"], summary="Readiness")
async def is_ready(request: Request) -> models.StatusModel:
    """Answer 200 if the store answers in time."""
    await check_ready(_inbox(request).check)
    return models.StatusModel()


@router.get("/config.json", include_in_schema=False)
async def configure_page(request: Request) -> models.PageConfigModel:
    """Tell the web client to read from the API, and what it would ask first."""
    state = request.app.state
    return models.PageConfigModel(
        server=state.info, html_check=state.checks_html, link_check=state.link_checker is not None
    )


def _inbox(request: Request) -> Inbox:
    inbox: Inbox = request.app.state.inbox
    return inbox


def _numbers(n: str) -> AttachmentPath:
    return tuple(map(int, n.split(".")))


async def _read_raw(request: Request, id_: int, inbox: str | None) -> Response:
    mail, pieces = await _inbox(request).read_raw(MailId(id_), inbox)
    headers = _as_download(f"{id_}.eml")
    return await large_responses.build_response(pieces, mail.size, "message/rfc822", headers)


async def _read_attachment(request: Request, id_: int, n: str, inbox: str | None) -> Response:
    content = await _inbox(request).read_attachment(MailId(id_), _numbers(n), inbox)
    headers = _as_download(content.about.name or f"attachment-{n}")
    return await large_responses.build_response(
        content.read_pieces(), content.size, "application/octet-stream", headers
    )


async def _read_attached(request: Request, id_: int, n: str, inbox: str | None) -> Response:
    _, content = await _inbox(request).read(MailId(id_), large_responses.serialize_content, inbox, path=_numbers(n))
    return await large_responses.build_response(
        content.read_pieces(), content.size, "application/json", {}, before=b"{"
    )


def _as_download(name: str) -> dict[str, str]:
    """Return the header that names a download, with a hostile name escaped (RFC 6266, RFC 8187)."""
    return {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
