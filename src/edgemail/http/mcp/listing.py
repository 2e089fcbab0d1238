"""Describes messages for agents as a list, with what their senders wrote apart."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Literal

from edgemail.errors import MessageNotFound
from edgemail.http.mcp import documents
from edgemail.http.mcp.calls import TEXT_MAX
from edgemail.http.mcp.parts import FILES_MAX, MAKERS, read_slice
from edgemail.http.mcp.untrusted import clean_line
from edgemail.http.mcp.verification import find_codes, find_links
from edgemail.mime.checked_forms import check_type
from edgemail.store.message_json import write_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgemail.http.mcp.documents import ToolDocument
    from edgemail.http.mcp.waiting import WaitOutcome
    from edgemail.mailbox.inbox import Inbox
    from edgemail.model import ListedMail

_PREVIEWED_BYTES: Final = 2**20
"""A larger message has no preview: each would have to be taken apart whole."""

_PREVIEW_CHARACTERS: Final = 600


async def list_page(inbox: Inbox, name: str, asked: documents.ListInput) -> tuple[list[ListedMail], int | None]:
    """Return a page of an inbox, newest first, and below which id the next one begins."""
    if asked.search is not None and asked.search.strip():
        found, next_before = await inbox.search(name, asked.search, limit=asked.limit, before=asked.before)
        page = [listed for listed in found if listed.mail.id > (asked.after or 0)]
        return page, next_before if len(page) == len(found) else None
    listed = await inbox.list_page(name, limit=asked.limit + 1, before=asked.before, after=asked.after or 0)
    page = listed[: asked.limit]
    return page, page[-1].mail.id if len(listed) > asked.limit else None


async def read_previews(inbox: Inbox, name: str, page: Sequence[ListedMail]) -> dict[int, str]:
    """Return how each message begins as a person sees it.

    A listing's own preview knows only some of the ways in which text is hidden.
    """
    previews: dict[int, str] = {}
    for listed in page:
        if listed.mail.size > _PREVIEWED_BYTES:
            continue
        with contextlib.suppress(MessageNotFound):  # deleted meanwhile
            _, made = await inbox.derive(listed.mail.id, MAKERS["text"], inbox=name)
            previews[listed.mail.id] = clean_line(await read_slice(made, 0, _PREVIEW_CHARACTERS))
    return previews


def describe_page(
    page: Sequence[ListedMail], next_before: int | None, previews: Mapping[int, str] | None
) -> tuple[ToolDocument, str]:
    """Return the document of a page, and a line of its ids. Without `previews` it has no word of a sender."""
    document: ToolDocument
    if previews is not None:
        messages = [describe_message(message, previews) for message in page]
        document = documents.ListDocument(messages=messages, next_before=next_before)
    else:
        bare = [describe_barely(message) for message in page]
        document = documents.BareListDocument(messages=bare, next_before=next_before)
    if not page:
        return document, "No messages."
    more = "" if next_before is None else f" More: before={next_before}."
    text = f"{len(page)} message{'' if len(page) == 1 else 's'}, newest first:"
    for place, one in enumerate(page):
        item = f"{',' if place else ''} {one.mail.id}"
        if len(text) + len(item) + len(more) > TEXT_MAX - 3:
            text += ", …"
            break
        text += item
    return document, f"{text}.{more}"


def describe_arrival(arrival: WaitOutcome, previews: Mapping[int, str] | None) -> ToolDocument:
    """Return the document of what `wait_for_message` came to. Without `previews` it has no word of a sender."""
    status: Literal["found", "timeout"] = "timeout" if arrival.found is None else "found"
    if previews is not None:
        whole = None if arrival.found is None else describe_message(arrival.found, previews)
        return documents.ArrivalDocument(status=status, after=arrival.after, message=whole)
    bare = None if arrival.found is None else describe_barely(arrival.found)
    return documents.BareArrivalDocument(status=status, after=arrival.after, message=bare)


def describe_barely(listed: ListedMail) -> documents.BareSummaryDocument:
    """Describe a message without a word that its sender wrote."""
    return documents.BareSummaryDocument(
        id=listed.mail.id,
        received=write_date(listed.mail.date),
        codes=len(find_codes(listed)),
        links=len(find_links(listed)),
        attachments=[
            documents.FileDocument(index=file.index, type=check_type(file.type), size=file.size)
            for file in listed.summary.attachments[:FILES_MAX]
        ],
    )


def describe_message(listed: ListedMail, previews: Mapping[int, str]) -> documents.SummaryDocument:
    """Describe a message, with what its sender wrote under `untrusted`."""
    bare = describe_barely(listed)
    lines = documents.UntrustedLines(
        sender=clean_line(listed.summary.sender_name or listed.mail.sender),
        subject=clean_line(listed.summary.subject),
        preview=previews.get(listed.mail.id, ""),
    )
    return documents.SummaryDocument(**bare.model_dump(), untrusted=lines)
