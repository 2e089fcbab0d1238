"""MailCatcher's API: `/messages`, oldest first, and each message in its formats.

A part without a Content-ID goes by its place in the message, as `2`.
"""

from __future__ import annotations

from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pydantic_core import to_json
from starlette.responses import Response

from edgemail.errors import AttachmentNotFound
from edgemail.http.compat import views
from edgemail.http.compat.answers import NOT_FOUND, Manner, Refused, make_route
from edgemail.http.compat.documents import Document, list_documents
from edgemail.http.compat.messages import delete_message, find_message, require_id
from edgemail.http.large_responses import build_response
from edgemail.mime.message import Message

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from edgemail.http.compat.parts import CompatParts
    from edgemail.model import ListedMail

MANNER: Final = Manner(wrong_method=HTTPStatus.NOT_FOUND)


def list_routes(parts: CompatParts) -> list[BaseRoute]:
    """Make all routes."""
    api = _MailCatcherApi(parts)
    one = "/messages/{id}"
    return [
        make_route("/messages", MANNER, GET=api.list_all, DELETE=api.delete_all),
        make_route(f"{one}.json", MANNER, GET=api.read),
        make_route(f"{one}.html", MANNER, GET=api.view),
        make_route(f"{one}.plain", MANNER, GET=api.read_text),
        make_route(f"{one}.source", MANNER, GET=api.read_source),
        make_route(f"{one}.eml", MANNER, GET=api.download),
        make_route(f"{one}/parts/{{cid}}", MANNER, GET=api.read_part),
        make_route(one, MANNER, DELETE=api.delete),
    ]


def describe_formats(data: bytes) -> tuple[dict[str, Any], Sequence[bytes]]:
    """Describe what a message has; it runs in a worker thread."""
    message = Message(data)
    formats = ["source", *(["html"] if message.html else []), *(["plain"] if message.text else [])]
    attached = {about.index for about in message.attachments}
    attachments = [
        {"cid": about.content_id or number, "type": about.type, "filename": about.name, "size": about.size}
        for number, about, _ in message.numbered_files()
        if about.index in attached
    ]
    fields = {"type": message.type, "formats": formats, "attachments": attachments}
    return {}, [to_json(fields)[1:]]


def write_plain(data: bytes) -> tuple[bool, Sequence[bytes]]:
    """Write the text; False stands for a message without one. It runs in a worker thread."""
    text = Message(data).text
    return text is not None, [(text or "").encode("utf-8", "replace")]


def make_part(data: bytes, cid: str) -> tuple[tuple[str, str], Sequence[bytes]]:
    """Return a part's name, its type, which no browser runs, and its octets. It runs in a worker thread.

    Raises:
        AttachmentNotFound: there is no such part.
    """
    for number, about, octets in Message(data).numbered_files():
        if (about.content_id or number) == cid:
            kind = about.type if about.type in views.SAFE_TYPES else "application/octet-stream"
            return (about.name, kind), [octets]
    raise AttachmentNotFound(f"there is no part {cid}")


class _MailCatcherApi:
    """The endpoints."""

    def __init__(self, parts: CompatParts) -> None:
        self._inbox = parts.inbox
        self._all_mail = parts.inbox.all_mail

    async def list_all(self, _: Request) -> Response:
        """List all mail."""
        return await list_documents(self._write_all(), b"[", lambda _: b"]", "application/json")

    async def read(self, request: Request) -> Response:
        """Describe a message."""
        listed = await find_message(self._all_mail, request.path_params["id"])
        _, content = await self._inbox.derive(listed.mail.id, describe_formats)
        beginning = to_json(_describe(listed))[:-1] + b","
        return await build_response(content.read_pieces(), content.size, "application/json", {}, before=beginning)

    async def view(self, request: Request) -> Response:
        """Give the HTML, in a sandbox."""
        _, content = await self._inbox.derive(require_id(request.path_params["id"]), views.write_page)
        if not content.about:
            raise Refused(NOT_FOUND, HTTPStatus.NOT_FOUND)
        headers = {"content-security-policy": views.SANDBOX}
        return await build_response(content.read_pieces(), content.size, "text/html; charset=utf-8", headers)

    async def read_text(self, request: Request) -> Response:
        """Give the text."""
        _, content = await self._inbox.derive(require_id(request.path_params["id"]), write_plain)
        if not content.about:
            raise Refused(NOT_FOUND, HTTPStatus.NOT_FOUND)
        return await build_response(content.read_pieces(), content.size, "text/plain; charset=utf-8", {})

    async def read_source(self, request: Request) -> Response:
        """Give a message as it came."""
        mail, pieces = await self._inbox.read_raw(require_id(request.path_params["id"]))
        return await build_response(pieces, mail.size, "text/plain; charset=utf-8", {})

    async def download(self, request: Request) -> Response:
        """Give a message as it came, under its own type."""
        mail, pieces = await self._inbox.read_raw(require_id(request.path_params["id"]))
        return await build_response(pieces, mail.size, "message/rfc822", {})

    async def read_part(self, request: Request) -> Response:
        """Give a part of a message."""
        mail_id, cid = require_id(request.path_params["id"]), request.path_params["cid"]
        _, content = await self._inbox.derive(mail_id, lambda data: make_part(data, cid), cid)
        name, kind = content.about
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='', errors='replace')}",
            "content-type": kind,  # without a charset, which a text may have another one of
        }
        return await build_response(content.read_pieces(), content.size, kind, headers)

    async def delete(self, request: Request) -> Response:
        """Delete a message."""
        await delete_message(self._all_mail, request.path_params["id"])
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def delete_all(self, _: Request) -> Response:
        """Delete all mail."""
        await self._all_mail.delete(None)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _write_all(self) -> AsyncGenerator[Document, None]:
        async for listed in self._all_mail.list_each():
            yield Document(to_json(_describe(listed)))


def _describe(listed: ListedMail) -> dict[str, Any]:
    mail = listed.mail
    return {
        "id": mail.id,
        "sender": f"<{mail.sender}>",
        "recipients": [f"<{recipient}>" for recipient in mail.recipients],
        "subject": listed.summary.subject,
        "size": str(mail.size),
        "created_at": mail.date.astimezone(UTC).isoformat(timespec="seconds"),
    }
