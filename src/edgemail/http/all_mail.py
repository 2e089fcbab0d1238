"""The routes of all mail: each parses its arguments, calls the use case and builds the response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, Field

from edgemail.http import models
from edgemail.http.error_handlers import BUSY, PROBLEM
from edgemail.http.json_body import describe_body, read_json
from edgemail.http.listing_json import serialize_marked_listing
from edgemail.http.query_parameters import StrictRoute
from edgemail.http.waiting import WAIT_MAX_S
from edgemail.mailbox.all_mail import ALL_MAIL, MESSAGE_TAGS_MAX, TAG_MAX, AllMail
from edgemail.mailbox.inbox import PAGE_MAX, Inbox
from edgemail.mailbox.mail_query import TEXT_MAX, parse_query, parse_whole_query
from edgemail.model import MailId
from edgemail.store.query import MailQuery, MailTerm
from edgemail.system.folding import fold

if TYPE_CHECKING:
    from collections import Counter

    from edgemail.http.held_requests import HeldRequests

CHANGED_MAX = 1_000
"""The most ids in one change."""

_ID_MAX = 2**63 - 1
_BODY_MAX_OCTETS = 64 * 2**10
_PART_MAX = 200
_OPERATORS = (
    "what to look for: words anywhere, `to:`, `from:`, `cc:`, `bcc:`, `reply-to:`, `addressed:`, `subject:`, "
    "`message-id:`, `tag:`, `is:read`, `is:unread`, `is:tagged`, `has:attachment`, `has:inline`, `after:`, "
    '`before:`, `larger:`, `smaller:`; quotes group, `-` negates; as in `from:shop "your code" -is:read`'
)
_Search = Annotated[str, Query(max_length=TEXT_MAX, description=_OPERATORS)]
_IdQuery = Annotated[int | None, Query(ge=0, le=_ID_MAX)]
_TAG_PATTERN = rf"^[A-Za-z0-9_-][A-Za-z0-9 ._-]{{0,{TAG_MAX - 1}}}$"
_TagPath = Annotated[str, Path(pattern=_TAG_PATTERN)]
_Tag = Annotated[str, Field(pattern=_TAG_PATTERN)]
_WRITES: dict[int | str, dict[str, Any]] = {507: PROBLEM}
_WITH_BODY = _WRITES | {413: PROBLEM}

router = APIRouter(
    tags=["all mail"],
    route_class=StrictRoute,
    responses=BUSY | dict.fromkeys((400, 401, 403, 404, 421, 422), PROBLEM),
)


class MessageChangeModel(models.JsonModel):
    """What to change, of the messages `ids` or of those that `search` finds: an empty one finds all mail."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Annotated[int, Field(ge=0, le=_ID_MAX)]] | None = Field(default=None, max_length=CHANGED_MAX)
    search: str | None = Field(default=None, max_length=TEXT_MAX, description=_OPERATORS)
    is_read: bool | None = Field(default=None, alias="read", description="mark them as read, or as not read")
    tags: list[_Tag] | None = Field(
        default=None, max_length=MESSAGE_TAGS_MAX, description="give them these tags and no others; only with `ids`"
    )


class TagChangeModel(models.JsonModel):
    """A tag's new name."""

    model_config = ConfigDict(extra="forbid")

    name: _Tag


async def _read_message_change(request: Request) -> MessageChangeModel:
    return await read_json(request, MessageChangeModel, _BODY_MAX_OCTETS)


async def _read_tag_change(request: Request) -> TagChangeModel:
    return await read_json(request, TagChangeModel, _BODY_MAX_OCTETS)


@router.get("/api/messages", response_model=models.MarkedListingModel)
async def list_all_messages(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    before: _IdQuery = None,
    search: _Search = "",
) -> Response:
    """List the mail of all inboxes, newest first."""
    listed = await _all_mail(request).list_page(parse_query(search), limit=limit + 1, before=before)
    page = listed[:limit]
    next_before = page[-1].mail.id if len(listed) > limit else None
    return Response(serialize_marked_listing(page, next_before), media_type="application/json")


@router.patch(
    "/api/messages", openapi_extra=describe_body(MessageChangeModel.model_json_schema()), responses=_WITH_BODY
)
async def change_messages(
    request: Request, change: Annotated[MessageChangeModel, Depends(_read_message_change)]
) -> models.ChangedModel:
    """Mark messages as read or not, or tag some; answers how many were marked anew or tagged."""
    if (change.ids is None) == (change.search is None):
        raise _mistake("body", "ids", "give either ids or a search")
    if change.tags is not None and change.ids is None:
        raise _mistake("body", "tags", "go with ids alone")
    selection = MailQuery() if change.ids is None else [MailId(mail_id) for mail_id in change.ids]
    if change.search is not None:
        selection = _parse(change.search, "body")
    changed = 0
    if change.is_read is not None:
        changed = await _all_mail(request).mark(selection, is_read=change.is_read)
    if change.tags is not None and not isinstance(selection, MailQuery):
        changed = max(changed, await _all_mail(request).set_tags(selection, change.tags))
    return models.ChangedModel(changed=changed)


@router.delete("/api/messages", responses=_WRITES)
async def delete_messages(request: Request, search: _Search = "") -> models.DeletedModel:
    """Delete what a search finds, for all recipients. Without one, delete all mail."""
    query = _parse(search, "query")
    return models.DeletedModel(deleted=await _all_mail(request).delete(query if query.terms else None))


@router.get("/api/counts")
async def count_messages(request: Request, search: _Search = "") -> models.CountsModel:
    """Count what a search finds, and what nobody has marked as read of it. Without one, count all mail."""
    return models.CountsModel.model_validate(await _all_mail(request).count(parse_query(search)))


@router.get("/api/refusals", tags=["server"])
async def count_refusals(request: Request) -> models.RefusalsModel:
    """Count what SMTP has refused since the program started, by code and reason."""
    counts: Counter[tuple[int, str, str]] = request.app.state.refused_replies
    return models.RefusalsModel(
        refusals=[
            models.RefusalCountModel(code=code, about=about, reason=reason, count=count)
            for (code, about, reason), count in sorted(counts.items())
        ]
    )


@router.get("/api/wait")
async def wait_for_any_message(
    request: Request,
    after: _IdQuery = None,
    timeout: Annotated[float, Query(ge=0, description="seconds; more than 55 counts as 55")] = 30,  # noqa: ASYNC109 - its public name
    sender: Annotated[
        str, Query(alias="from", max_length=_PART_MAX, description="a part of the sender's name or address")
    ] = "",
    subject: Annotated[str, Query(max_length=_PART_MAX, description="a part of the subject")] = "",
    search: _Search = "",
) -> Annotated[models.FoundModel | models.TimedOutModel, None]:
    """Wait for a message in any inbox.

    Returns the first after the id `after`; without `after` the newest, else the next to arrive.
    """
    parts = {"from": fold(sender).strip(), "subject": fold(subject).strip()}
    terms = [MailTerm(field, text) for field, text in parts.items() if text]
    query = MailQuery((*parse_query(search).terms, *terms))
    waits: HeldRequests = request.app.state.waits
    with waits.hold((ALL_MAIL,), request.scope):
        found = await _all_mail(request).wait(query, after=after, timeout_s=min(timeout, WAIT_MAX_S))
    return models.TimedOutModel() if found is None else models.FoundModel(message=models.MessageModel.of(found))


@router.get("/api/tags")
async def list_tags(request: Request) -> models.TagsModel:
    """List all tags, each with the number of its messages: the first 1,000."""
    return models.TagsModel(tags=await _all_mail(request).tags())


@router.put(
    "/api/tags/{tag}", openapi_extra=describe_body(TagChangeModel.model_json_schema()), responses=_WITH_BODY
)
async def rename_tag(
    request: Request, tag: _TagPath, change: Annotated[TagChangeModel, Depends(_read_tag_change)]
) -> models.ChangedModel:
    """Rename a tag; answers how many messages had it."""
    return models.ChangedModel(changed=await _all_mail(request).rename_tag(tag, change.name))


@router.delete("/api/tags/{tag}", responses=_WRITES)
async def delete_tag(request: Request, tag: _TagPath) -> models.ChangedModel:
    """Take a tag away from all messages; answers how many had it."""
    return models.ChangedModel(changed=await _all_mail(request).delete_tag(tag))


def _all_mail(request: Request) -> AllMail:
    inbox: Inbox = request.app.state.inbox
    return inbox.all_mail


def _parse(search: str, place: str) -> MailQuery:
    """Read a search whose matches will be changed. An empty one means all mail.

    Raises:
        RequestValidationError: something of it would be left out, so that it would find more.
    """
    query = parse_whole_query(search) if search else MailQuery()
    if query is None:
        raise _mistake(place, "search", "has something that cannot be looked for")
    return query


def _mistake(place: str, name: str, reason: str) -> RequestValidationError:
    return RequestValidationError([{"loc": (place, name), "msg": reason}])
