"""The routes: each reads its arguments, calls a use case, and answers as MailDev does."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from edgemail import __version__
from edgemail.errors import MessageNotFound
from edgemail.http.compat import views
from edgemail.http.compat.answers import Manner, Refused, give_json, make_route
from edgemail.http.compat.bodies import read_fields, take_texts
from edgemail.http.compat.documents import Document, list_documents, make_documents
from edgemail.http.compat.maildev import emails
from edgemail.http.compat.messages import delete_message, find_message, mark_read, require_id
from edgemail.http.compat.parameters import LIMIT, read_id, read_number
from edgemail.http.large_responses import build_response
from edgemail.mailbox.all_mail import EVERYTHING
from edgemail.mailbox.mail_query import parse_words
from edgemail.store.query import MailQuery, MailTerm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from edgemail.http.compat.parts import CompatParts
    from edgemail.model import ListedMail

_SUMMARIES_MAX: Final = 200
_FILTERS_MAX: Final = 16
_IDS_MAX: Final = 10_000
_VERSION: Final = f"3.0.0-edgemail-{__version__}"


def _say(text: str, status: int, headers: Mapping[str, str]) -> Response:
    return give_json({"error": text}, status, headers)


MANNER: Final = Manner(_say, "Email was not found", wrong_method=HTTPStatus.NOT_FOUND)


def list_routes(parts: CompatParts) -> list[BaseRoute]:
    """Make all routes, those of 2.x and those of 3.0."""
    api = _MailDevApi(parts)
    routes = [make_route("/api/email/summary", MANNER, GET=api.list_summaries)]
    for start in ("", "/api"):
        one = f"{start}/email/{{id}}"
        routes += [
            make_route(f"{start}/email", MANNER, GET=api.list_all),
            make_route(f"{start}/email/all", MANNER, DELETE=api.delete_all),
            make_route(f"{start}/email/read-all", MANNER, PATCH=api.read_all),
            make_route(f"{start}/email/delete", MANNER, POST=api.delete_some),
            make_route(one, MANNER, GET=api.read, DELETE=api.delete),
            make_route(f"{one}/html", MANNER, GET=api.view),
            make_route(f"{one}/source", MANNER, GET=api.read_source),
            make_route(f"{one}/download", MANNER, GET=api.download),
            make_route(f"{one}/attachment/{{name}}", MANNER, GET=api.read_attachment),
            make_route(f"{one}/relay", MANNER, POST=api.relay),
            make_route(f"{one}/relay/{{to}}", MANNER, POST=api.relay),
            make_route(f"{start}/config", MANNER, GET=api.describe),
            make_route(f"{start}/reloadMailsFromDirectory", MANNER, GET=_give_true),
        ]
    return [*routes, make_route("/api/healthz", MANNER, GET=_give_true)]


async def _give_true(_: Request) -> Response:
    return give_json(True)


class _MailDevApi:
    """The endpoints."""

    def __init__(self, parts: CompatParts) -> None:
        self._inbox = parts.inbox
        self._all_mail = parts.inbox.all_mail
        self._smtp_port = parts.smtp_port

    async def describe(self, _: Request) -> Response:
        """Say where mail is taken, and that none is passed on."""
        outgoing = {"isOutgoingEnabled": False, "outgoingHost": None}
        return give_json({"version": _VERSION, "smtpPort": self._smtp_port, **outgoing})

    async def list_all(self, request: Request) -> Response:
        """List whole messages, oldest first, those alone that are like the other parameters."""
        taken = {"skip", "limit", "sort"}
        filters = tuple((name, value) for name, value in request.query_params.items() if name not in taken)
        if len(filters) > _FILTERS_MAX:
            raise Refused("there are too many filters")
        skip = read_number(request, "skip", 0)
        limit = read_number(request, "limit", -1) if "limit" in request.query_params else -1
        newest_first = request.query_params.get("sort") == "desc"
        listed = self._choose(self._all_mail.list_each(newest_first=newest_first), filters)
        documents = make_documents(_cut(listed, skip, None if limit < 0 else limit), self._make)
        return await list_documents(documents, b"[", lambda _: b"]", "application/json; charset=utf-8")

    async def list_summaries(self, request: Request) -> Response:
        """List messages without their contents, newest first."""
        skip, limit = read_number(request, "skip", 0), read_number(request, "limit", LIMIT) or LIMIT
        limit = min(limit, _SUMMARIES_MAX)
        terms = parse_words(request.query_params.get("search", ""))
        if request.query_params.get("unread") == "true":
            terms = (*terms, MailTerm("is", "unread"))
        query = MailQuery(terms)
        total = await self._all_mail.count(EVERYTHING)
        matches = await self._all_mail.count(query) if terms else total
        start, count = skip, limit
        if is_oldest_first := request.query_params.get("sort") == "asc":
            count = max(0, min(limit, matches.messages - skip))
            start = max(0, matches.messages - skip - count)
        page = await self._all_mail.list_page(query, limit=count, start=start)
        items = [emails.write_summary(listed) for listed in (reversed(page) if is_oldest_first else page)]
        document = {"items": items, "total": matches.messages, "storeTotal": total.messages}
        return give_json(document | {"unread": total.unread, "skip": skip, "limit": limit})

    async def read(self, request: Request) -> Response:
        """Give a whole message, which is read then."""
        listed = await find_message(self._all_mail, request.path_params["id"])
        await mark_read(self._all_mail, listed)
        listed = replace(listed, is_read=True)
        _, content = await self._inbox.derive(listed.mail.id, emails.write_content)
        beginning = emails.write_beginning(listed, content.about)
        return await build_response(content.read_pieces(), content.size, "application/json", {}, before=beginning)

    async def view(self, request: Request) -> Response:
        """Give the HTML, in a sandbox."""
        _, content = await self._inbox.derive(require_id(request.path_params["id"]), views.write_page)
        if not content.about:
            raise Refused("Email has no HTML content", HTTPStatus.NOT_FOUND)
        headers = {"content-security-policy": views.SANDBOX}
        return await build_response(content.read_pieces(), content.size, "text/html; charset=utf-8", headers)

    async def read_source(self, request: Request) -> Response:
        """Give a message as it came."""
        mail, pieces = await self._inbox.read_raw(require_id(request.path_params["id"]))
        return await build_response(pieces, mail.size, "text/plain; charset=utf-8", {})

    async def download(self, request: Request) -> Response:
        """Give a message as a file."""
        mail, pieces = await self._inbox.read_raw(require_id(request.path_params["id"]))
        headers = {"content-disposition": f"attachment; filename={mail.id}.eml"}
        return await build_response(pieces, mail.size, "message/rfc822", headers)

    async def read_attachment(self, request: Request) -> Response:
        """Give an attachment."""
        mail_id, name = require_id(request.path_params["id"]), request.path_params["name"]
        _, content = await self._inbox.derive(mail_id, lambda data: emails.make_attachment(data, name), name)
        headers = {"content-type": content.about}  # without a charset, which a text may have another one of
        return await build_response(content.read_pieces(), content.size, content.about, headers)

    async def delete(self, request: Request) -> Response:
        """Delete a message."""
        await delete_message(self._all_mail, request.path_params["id"])
        return await _give_true(request)

    async def delete_some(self, request: Request) -> Response:
        """Delete messages, and tell which there were."""
        texts = list(dict.fromkeys(take_texts(await read_fields(request, may_be_empty=True), "ids")))
        if not texts or not all(text.strip() for text in texts) or len(texts) > _IDS_MAX:
            raise Refused("Request body must include an ids array of email IDs")
        ids = {mail_id: text for text in texts if (mail_id := read_id(text)) is not None}
        there = [mail_id for mail_id in ids if await self._all_mail.delete([mail_id])]
        deleted = [ids[mail_id] for mail_id in there]
        return give_json({"deleted": deleted, "notFound": [text for text in texts if text not in deleted]})

    async def delete_all(self, request: Request) -> Response:
        """Delete all mail."""
        await self._all_mail.delete(None)
        return await _give_true(request)

    async def read_all(self, _: Request) -> Response:
        """Note that all mail is read; tell for how much that is new."""
        return give_json(await self._all_mail.mark(None, is_read=True))

    async def relay(self, request: Request) -> Response:
        """Refuse to send a message on, as where no server takes it."""
        await find_message(self._all_mail, request.path_params["id"])
        raise Refused("Outgoing mail not configured", HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _make(self, listed: ListedMail) -> Document:
        _, content = await self._inbox.derive(listed.mail.id, emails.write_content)
        return Document(emails.write_beginning(listed, content.about), content)

    async def _choose(
        self, mail: AsyncIterator[ListedMail], filters: tuple[tuple[str, str], ...]
    ) -> AsyncIterator[ListedMail]:
        """Yield the messages that are like all filters."""
        async for listed in mail:
            if not filters or await self._is_like(listed, filters):
                yield listed

    async def _is_like(self, listed: ListedMail, filters: tuple[tuple[str, str], ...]) -> bool:
        def compare(data: bytes) -> tuple[bool, tuple[()]]:
            return emails.is_like(data, listed, filters), ()

        try:
            _, result = await self._inbox.derive(listed.mail.id, compare, (filters, listed.is_read))
        except MessageNotFound:
            return False
        return result.about


async def _cut(mail: AsyncIterator[ListedMail], skip: int, limit: int | None) -> AsyncIterator[ListedMail]:
    """Yield up to `limit` messages behind the first `skip`."""
    count = 0
    if limit == 0:
        return
    async for listed in mail:
        count += 1
        if count > skip:
            yield listed
        if limit is not None and count >= skip + limit:
            return
