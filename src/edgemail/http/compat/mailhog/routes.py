"""The routes: each reads its arguments, calls a use case, and answers as MailHog does."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from edgemail.errors import AttachmentNotFound
from edgemail.http.compat.answers import Manner, Refused, give_json, make_route
from edgemail.http.compat.bodies import parse_fields
from edgemail.http.compat.documents import Document, list_documents, make_documents
from edgemail.http.compat.mailhog import items
from edgemail.http.compat.mailhog.jim import Jim
from edgemail.http.compat.messages import delete_message, find_message, require_id
from edgemail.http.compat.parameters import LIMIT, read_number, read_place
from edgemail.http.large_responses import build_response
from edgemail.mailbox.all_mail import EVERYTHING
from edgemail.mailbox.mail_query import parse_words
from edgemail.store.query import MailQuery, MailTerm
from edgemail.system.folding import fold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from edgemail.http.compat.parts import CompatParts
    from edgemail.model import ListedMail

_LIMIT_MAX: Final = 250
_QUERY_MAX: Final = 1_000
_FIELDS: Final = {"from": "sender", "to": "recipient"}


def _say(text: str, status: int, headers: Mapping[str, str]) -> Response:
    """Answer with a JSON string: the npm client parses each answer that is not empty."""
    return give_json(text, status, headers)


MANNER: Final = Manner(_say, wrong_method=HTTPStatus.NOT_FOUND)


def list_routes(parts: CompatParts) -> list[BaseRoute]:
    """Make all routes but that of the list of v1, which is Mailpit's."""
    api = _MailHogApi(parts)
    one = "/api/v1/messages/{id}"
    return [
        make_route("/api/v2/messages", MANNER, GET=api.list_all),
        make_route("/api/v2/search", MANNER, GET=api.search),
        make_route(
            "/api/v2/jim", MANNER, GET=api.read_jim, POST=api.invite, PUT=api.change_jim, DELETE=api.send_away
        ),
        make_route("/api/v2/outgoing-smtp", MANNER, GET=api.list_relays),
        make_route(one, MANNER, GET=api.read, DELETE=api.delete),
        make_route(f"{one}/download", MANNER, GET=api.download),
        make_route(f"{one}/mime/part/{{part}}/download", MANNER, GET=api.download_part),
        make_route(f"{one}/release", MANNER, POST=api.release),
    ]


class _MailHogApi:
    """The endpoints."""

    def __init__(self, parts: CompatParts) -> None:
        self._inbox = parts.inbox
        self._all_mail = parts.inbox.all_mail
        self._jim = None if parts.chaos is None else Jim(parts.chaos)

    async def list_all(self, request: Request) -> Response:
        """List all mail, newest first, whole."""
        return await self._list(request, EVERYTHING, "text/json")

    async def search(self, request: Request) -> Response:
        """List the mail from or to somebody, or with some words."""
        kind, text = (request.query_params.get(name, "") for name in ("kind", "query"))
        text = text[:_QUERY_MAX]
        if kind not in (*_FIELDS, "containing") or not text:
            raise Refused("kind is from, to or containing, and query is not empty")
        terms = (MailTerm(_FIELDS[kind], fold(text)),) if kind in _FIELDS else parse_words(text)
        return await self._list(request, MailQuery(terms), "application/json")

    async def read(self, request: Request) -> Response:
        """Give a whole message."""
        mail, content = await self._inbox.derive(require_id(request.path_params["id"]), items.write_content)
        beginning = items.write_beginning(mail)
        return await build_response(content.read_pieces(), content.size, "text/json", {}, before=beginning)

    async def download(self, request: Request) -> Response:
        """Give a message as it came."""
        mail, pieces = await self._inbox.read_raw(require_id(request.path_params["id"]))
        headers = {"content-disposition": f'attachment; filename="{mail.id}.eml"'}
        return await build_response(pieces, mail.size, "message/rfc822", headers)

    async def download_part(self, request: Request) -> Response:
        """Give a part of a multipart, decoded."""
        mail_id, number = require_id(request.path_params["id"]), read_place(request.path_params["part"])
        if number is None:
            raise AttachmentNotFound("this is no number")
        _, content = await self._inbox.derive(mail_id, lambda data: items.make_part(data, number), number)
        headers = {
            "content-disposition": f'attachment; filename="{mail_id}-part-{number}"',
            "content-type": content.about,
        }
        return await build_response(content.read_pieces(), content.size, content.about, headers)

    async def delete(self, request: Request) -> Response:
        """Delete a message."""
        await delete_message(self._all_mail, request.path_params["id"])
        return Response(media_type="text/json")

    async def release(self, request: Request) -> Response:
        """Refuse to send a message on, as where no server takes it."""
        await find_message(self._all_mail, request.path_params["id"])
        raise Refused("edgemail sends no mail", HTTPStatus.INTERNAL_SERVER_ERROR)

    async def list_relays(self, _: Request) -> Response:
        """List the servers that messages could be released to: none."""
        return give_json({})

    # Jim

    async def read_jim(self, _: Request) -> Response:
        """Tell Jim's chances."""
        return give_json(self._require_jim().describe())

    async def invite(self, request: Request) -> Response:
        """Let Jim in."""
        if self._jim is None:
            raise Refused("the setting chaos_api is off", HTTPStatus.NOT_FOUND)
        if self._jim.is_there:
            raise Refused("Jim is there already")
        body = await request.body()
        self._jim.invite(await parse_fields(body) if body.strip() else None)
        return Response(status_code=HTTPStatus.CREATED)

    async def change_jim(self, request: Request) -> Response:
        """Give Jim other chances."""
        jim = self._require_jim()
        jim.invite(await parse_fields(await request.body()))
        return Response()

    async def send_away(self, _: Request) -> Response:
        """Let Jim go."""
        self._require_jim().send_away()
        return Response()

    def _require_jim(self) -> Jim:
        if self._jim is None or not self._jim.is_there:
            raise Refused("Jim is not there", HTTPStatus.NOT_FOUND)
        return self._jim

    # What these share

    async def _list(self, request: Request, query: MailQuery, media_type: str) -> Response:
        start = read_number(request, "start", 0)
        limit = min(read_number(request, "limit", LIMIT) or LIMIT, _LIMIT_MAX)
        total = (await self._all_mail.count(query)).messages
        page = await self._all_mail.list_page(query, limit=limit, start=start)
        head = b'{"total":%d,"start":%d,"items":[' % (total, start)
        documents = make_documents(_give(page), self._make)
        return await list_documents(documents, head, lambda count: b'],"count":%d}' % count, media_type)

    async def _make(self, listed: ListedMail) -> Document:
        _, content = await self._inbox.derive(listed.mail.id, items.write_content)
        return Document(items.write_beginning(listed.mail), content)


async def _give(page: Sequence[ListedMail]) -> AsyncIterator[ListedMail]:
    for listed in page:
        yield listed
