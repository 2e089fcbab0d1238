"""Inbucket's API v1, where a mailbox is a local part in any domain.

`kim` is the mailbox of `kim@` and of `kim+tag@` whatever the domain, and so is `kim+tag`. `kim@example.org` is
one address here, in place of `kim`. Each recipient of a message has it until it is deleted in that mailbox.
"""

from __future__ import annotations

import contextlib
import hashlib
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pydantic_core import to_json

from edgemail.errors import AttachmentNotFound, MessageNotFound
from edgemail.http.compat import views
from edgemail.http.compat.answers import Manner, Refused, give_json, make_route
from edgemail.http.compat.bodies import read_fields, take_flag
from edgemail.http.compat.facts import collect_headers, read_sender
from edgemail.http.compat.messages import mark_read, require_id
from edgemail.http.compat.parameters import read_place
from edgemail.http.large_responses import build_response, serialize_text
from edgemail.mailbox.all_mail import ALL_PAGE_MAX
from edgemail.mime.message import Message
from edgemail.mime.page_text import write_page_text
from edgemail.store.query import MailQuery, MailTerm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from edgemail.http.compat.parts import CompatParts
    from edgemail.model import HeaderAddress, ListedMail, MailId

MANNER: Final = Manner(wrong_method=HTTPStatus.NOT_FOUND)
LATEST: Final = "latest"
_NAME_MAX: Final = 600


def list_routes(parts: CompatParts) -> list[BaseRoute]:
    """Make all routes."""
    api = _InbucketApi(parts)
    box, shown = "/api/v1/mailbox/{name}", "/serve/mailbox/{name}/{id}"
    return [
        make_route(box, MANNER, GET=api.list_mailbox, DELETE=api.purge),
        make_route(f"{box}/{{id}}", MANNER, GET=api.read, PATCH=api.mark, DELETE=api.delete),
        make_route(f"{box}/{{id}}/source", MANNER, GET=api.read_source),
        make_route(f"{shown}/html", MANNER, GET=api.view),
        make_route(f"{shown}/source", MANNER, GET=api.read_source),
        make_route(f"{shown}/attach/{{number}}/{{file:path}}", MANNER, GET=api.read_attachment),
    ]


def write_content(data: bytes, start: str) -> tuple[None, Sequence[bytes]]:
    """Write what a message says itself, with links that begin with `start`; it runs in a worker thread."""
    message = Message(data)
    text, html = ((some or "").replace("\r\n", "\n") for some in (message.text, message.html))
    if html and not text.strip():
        text = write_page_text(html[: views.PAGE_TEXT_MAX])
    attachments = []
    for _, about, octets in message.numbered_files():
        link = f"{start}/attach/{about.index}/{quote(about.name, safe='', errors='replace')}"
        md5 = hashlib.md5(octets, usedforsecurity=False).hexdigest()
        attachments.append({
            "filename": about.name, "content-type": about.type, "md5": md5,
            "download-link": link, "view-link": link,
        })  # fmt: skip
    fields = {"header": collect_headers(message), "attachments": attachments}
    pieces = [b'"body":{"text":', *serialize_text(text), b',"html":', *serialize_text(html), b"},"]
    return None, [*pieces, to_json(fields)[1:]]


def make_attachment(data: bytes, number: int) -> tuple[str, Sequence[bytes]]:
    """Return an attachment's type, which no browser runs, and its octets; it runs in a worker thread.

    Raises:
        AttachmentNotFound: there is none of this number.
    """
    found = Message(data).file(number)
    if found is None:
        raise AttachmentNotFound(f"the message has no attachment {number}")
    about, octets = found
    return about.type if about.type in views.SAFE_TYPES else "application/octet-stream", [octets]


class _InbucketApi:
    """The endpoints."""

    def __init__(self, parts: CompatParts) -> None:
        self._inbox = parts.inbox
        self._all_mail = parts.inbox.all_mail

    async def list_mailbox(self, request: Request) -> Response:
        """List the newest 1,000 messages of a mailbox, oldest first."""
        name = _read_name(request)
        page = await self._all_mail.list_page(_look_in(name), limit=ALL_PAGE_MAX)
        found = [_describe(name, listed) for listed in reversed(page) if await self._has(name, listed)]
        return give_json(found)

    async def read(self, request: Request) -> Response:
        """Give a whole message."""
        name = _read_name(request)
        listed = await self._find(request, name)
        start = f"{request.base_url}serve/mailbox/{quote(name, safe='')}/{listed.mail.id}"
        _, content = await self._inbox.derive(listed.mail.id, lambda data: write_content(data, start), start)
        beginning = to_json(_describe(name, listed))[:-1] + b","
        return await build_response(content.read_pieces(), content.size, "application/json", {}, before=beginning)

    async def read_source(self, request: Request) -> Response:
        """Give a message as it came."""
        listed = await self._find(request, _read_name(request))
        mail, pieces = await self._inbox.read_raw(listed.mail.id)
        return await build_response(pieces, mail.size, "text/plain; charset=utf-8", {})

    async def view(self, request: Request) -> Response:
        """Give the HTML, in a sandbox."""
        listed = await self._find(request, _read_name(request))
        _, content = await self._inbox.derive(listed.mail.id, views.write_page)
        headers = {"content-security-policy": views.SANDBOX}
        return await build_response(content.read_pieces(), content.size, "text/html; charset=utf-8", headers)

    async def read_attachment(self, request: Request) -> Response:
        """Give an attachment. Its name in the path is for the reader alone."""
        number = read_place(request.path_params["number"])
        if number is None:
            raise AttachmentNotFound("this is no number")
        listed = await self._find(request, _read_name(request))
        _, content = await self._inbox.derive(listed.mail.id, lambda data: make_attachment(data, number), number)
        headers = {"content-type": content.about}  # without a charset, which a text may have another one of
        return await build_response(content.read_pieces(), content.size, content.about, headers)

    async def mark(self, request: Request) -> Response:
        """Note that a message was seen. That it was not cannot be noted."""
        is_seen = take_flag(await read_fields(request), "seen")
        listed = await self._find(request, _read_name(request))
        if is_seen:
            await mark_read(self._all_mail, listed)
        return give_json("OK")

    async def delete(self, request: Request) -> Response:
        """Take a message out of a mailbox, if it is there."""
        name = _read_name(request)
        with contextlib.suppress(MessageNotFound):
            await self._take_out(name, [await self._find(request, name)])
        return give_json("OK")

    async def purge(self, request: Request) -> Response:
        """Take all messages out of a mailbox."""
        name = _read_name(request)
        async for page in self._list_pages(name):
            await self._take_out(name, page)
        return give_json("OK")

    async def _list_pages(self, name: str) -> AsyncIterator[Sequence[ListedMail]]:
        before: MailId | None = None
        while page := await self._all_mail.list_page(_look_in(name), limit=ALL_PAGE_MAX, before=before):
            yield page
            before = page[-1].mail.id

    async def _find(self, request: Request, name: str) -> ListedMail:
        """Return the message that a path names.

        Raises:
            MessageNotFound: it is not in the mailbox.
        """
        text = request.path_params["id"]
        if text == LATEST:
            async for page in self._list_pages(name):
                for listed in page:
                    if await self._has(name, listed):
                        return listed
            raise MessageNotFound("the mailbox is empty")
        mail_id = require_id(text)
        found = await self._all_mail.list_page(_look_in(name), limit=1, before=min(mail_id + 1, 2**63 - 1))
        if not found or found[0].mail.id != mail_id or not await self._has(name, found[0]):
            raise MessageNotFound(f"the mailbox has no message {mail_id}")
        return found[0]

    async def _has(self, name: str, listed: ListedMail) -> bool:
        """Return True if a message is still in a mailbox, and not with other recipients alone."""
        mail = listed.mail
        if len(mail.recipients) == 1:
            return True
        for address in _choose(name, mail.recipients):
            if await self._inbox.has(address, mail.id):
                return True
        return False

    async def _take_out(self, name: str, page: Sequence[ListedMail]) -> None:
        """Take messages out of a mailbox; other recipients keep them."""
        alone = []
        for mail in (listed.mail for listed in page):
            addresses = _choose(name, mail.recipients)
            if len(addresses) == len(mail.recipients):
                alone.append(mail.id)
                continue
            for address in addresses:
                with contextlib.suppress(MessageNotFound):
                    await self._inbox.delete_from(address, mail.id)
        if alone:
            await self._all_mail.delete(alone)


def _read_name(request: Request) -> str:
    """Read a mailbox's name: an address, or a local part without its tag.

    Raises:
        Refused: it is none.
    """
    name: str = request.path_params["name"].strip().lower()
    if "@" not in name:
        name = name.partition("+")[0]
    if not name or len(name) > _NAME_MAX or any(sign in name for sign in "<> ,\r\n\0"):
        raise Refused("this is no name of a mailbox", HTTPStatus.INTERNAL_SERVER_ERROR)
    return name


def _look_in(name: str) -> MailQuery:
    return MailQuery((MailTerm("mailbox", name),))


def _choose(name: str, recipients: Sequence[str]) -> list[str]:
    """Return the recipients whose mailbox it is."""
    if "@" in name:
        return [recipient for recipient in recipients if recipient == name]
    return [recipient for recipient in recipients if recipient.rpartition("@")[0].partition("+")[0] == name]


def _describe(name: str, listed: ListedMail) -> dict[str, Any]:
    mail, summary = listed.mail, listed.summary
    sender = read_sender(summary.sender_name)
    at = mail.date.astimezone(UTC)
    return {
        "mailbox": name,
        "id": str(mail.id),
        "from": _write_address(sender) if summary.sender_name else f"<{mail.sender}>",
        "to": [*map(_write_address, summary.to)]
        or [f"<{recipient}>" for recipient in _choose(name, mail.recipients)],
        "subject": summary.subject,
        "date": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "posix-millis": int(at.timestamp() * 1000),
        "size": mail.size,
        "seen": listed.is_read,
    }


def _write_address(address: HeaderAddress) -> str:
    return f"{address.name} <{address.address}>".strip()
