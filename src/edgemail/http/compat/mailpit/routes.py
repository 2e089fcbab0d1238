"""The routes: each reads its arguments, calls a use case, and answers as Mailpit does."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.routing import WebSocketRoute

from edgemail.errors import AttachmentNotFound, MessageNotFound
from edgemail.http.answers import find_source
from edgemail.http.check_documents import read_link_list, write_link_list
from edgemail.http.compat import views
from edgemail.http.compat.answers import Refused, answer_error, give_json, make_route, say, say_ok
from edgemail.http.compat.bodies import parse_fields, read_fields, take_flag, take_text, take_texts
from edgemail.http.compat.mailpit import chaos as triggers
from edgemail.http.compat.mailpit import message as whole
from edgemail.http.compat.mailpit.events import EventSocket
from edgemail.http.compat.mailpit.html_check import write_html_check
from edgemail.http.compat.mailpit.link_check import write_link_check
from edgemail.http.compat.mailpit.listing import list_messages
from edgemail.http.compat.mailpit.parameters import add_before, make_query, make_whole_query, read_search
from edgemail.http.compat.mailpit.send import build_submission
from edgemail.http.compat.mailpit.server_facts import WEB_UI, describe_server
from edgemail.http.compat.mailpit.shapes import sort_tags
from edgemail.http.compat.mailpit.submissions import SubmissionMemory
from edgemail.http.compat.mailpit.thumbnail import THUMBNAIL
from edgemail.http.compat.messages import find_message, mark_read
from edgemail.http.compat.parameters import LIMIT, read_id, read_ids, read_number
from edgemail.http.compat.paths import EVENTS_PATH, SEND_PATH
from edgemail.http.large_responses import build_response
from edgemail.mailbox.all_mail import EVERYTHING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from edgemail.http.compat.mailpit.send import Submission
    from edgemail.http.compat.parts import CompatParts
    from edgemail.http.held_requests import HeldRequests
    from edgemail.model import ListedMail, MailId
    from edgemail.policy.chaos import Chaos

_BUILT_AT_ONCE: Final = 2
_TAGS_MAX: Final = 200
_NO_MESSAGE: Final = "Message not found"


def list_routes(parts: CompatParts, streams: HeldRequests) -> list[BaseRoute]:
    """Make all routes."""
    api = _MailpitApi(parts)
    one = "/api/v1/message/{id}"
    return [
        make_route("/api/v1/messages", GET=api.list_all, PUT=api.mark, DELETE=api.delete),
        make_route("/api/v1/search", GET=api.search, DELETE=api.delete_found),
        make_route(one, GET=api.read),
        make_route(f"{one}/headers", GET=api.read_headers),
        make_route(f"{one}/raw", GET=api.read_raw),
        make_route(f"{one}/part/{{part}}", GET=api.read_part),
        make_route(f"{one}/part/{{part}}/thumb", GET=api.read_thumbnail),
        make_route(f"{one}/release", POST=api.release),
        make_route(f"{one}/html-check", GET=api.check_html),
        make_route(f"{one}/link-check", GET=api.check_links),
        make_route(f"{one}/sa-check", GET=api.check_spam),
        make_route(f"{one}/rspamd-check", GET=api.check_spam),
        make_route(SEND_PATH, POST=api.send),
        make_route("/api/v1/tags", GET=api.list_tags, PUT=api.set_tags),
        make_route("/api/v1/tags/{tag}", PUT=api.rename_tag, DELETE=api.delete_tag),
        make_route("/api/v1/info", GET=api.describe),
        make_route("/api/v1/webui", GET=api.describe_page),
        make_route("/api/v1/chaos", GET=api.list_triggers, PUT=api.set_triggers),
        make_route("/view/{id}.html", GET=api.view_page),
        make_route("/view/{id}.txt", GET=api.view_text),
        make_route("/view/{id}", GET=api.open_message),
        make_route("//view/{rest:path}", GET=_clean_path),
        make_route("/search", GET=_open_page),
        make_route("/livez", GET=_is_alive),
        WebSocketRoute(EVENTS_PATH, EventSocket(parts.inbox.all_mail, streams)),
    ]


async def _open_page(_: Request) -> Response:
    return RedirectResponse("/", HTTPStatus.FOUND)


async def _clean_path(request: Request) -> Response:
    """Send on who doubles the first slash of a view, as cypress-mailpit does."""
    query = f"?{request.url.query}" if request.url.query else ""
    path = quote(request.path_params["rest"], safe="")
    return RedirectResponse(f"/view/{path}{query}", HTTPStatus.MOVED_PERMANENTLY)


async def _is_alive(_: Request) -> Response:
    return Response()


class _MailpitApi:
    """The endpoints."""

    def __init__(self, parts: CompatParts) -> None:
        self._inbox = parts.inbox
        self._all_mail = parts.inbox.all_mail
        self._parts = parts
        self._submissions = SubmissionMemory(parts.max_message_bytes)
        self._building = asyncio.Semaphore(_BUILT_AT_ONCE)

    # Many messages

    async def list_all(self, request: Request) -> Response:
        """List all mail."""
        total = await self._all_mail.count(EVERYTHING)
        start, limit = read_number(request, "start", 0), read_number(request, "limit", LIMIT)
        query = add_before(request, EVERYTHING)
        return await list_messages(self._all_mail, query, total, total, start=start, limit=limit or None)

    async def search(self, request: Request) -> Response:
        """List what is looked for."""
        query = add_before(request, make_query(request, read_search(request)))
        total = await self._all_mail.count(EVERYTHING)
        matches = await self._all_mail.count(query)
        start, limit = read_number(request, "start", 0), read_number(request, "limit", LIMIT)
        return await list_messages(self._all_mail, query, matches, total, start=start, limit=limit)

    async def mark(self, request: Request) -> Response:
        """Note that messages are read, or are not."""
        fields = await read_fields(request)
        texts, search = take_texts(fields, "ids"), take_text(fields, "search").strip()
        if texts and search:
            raise Refused("You may specify either IDs or a search query, not both")
        selection = make_whole_query(request, search) if search else await read_ids(texts) if texts else None
        await self._all_mail.mark(selection, is_read=take_flag(fields, "read"))
        return say_ok()

    async def delete(self, request: Request) -> Response:
        """Delete some messages, or all of them.

        MailHog's client for Node.js, which names no Accept, reads any answer as JSON unless it is empty.
        """
        body = await request.body()
        texts = take_texts(await parse_fields(body, may_be_empty=True), "ids")
        await self._all_mail.delete(await read_ids(texts) if texts else None)
        return say_ok() if body or "accept" in request.headers else say("")

    async def delete_found(self, request: Request) -> Response:
        """Delete what is looked for."""
        await self._all_mail.delete(make_whole_query(request, read_search(request)))
        return say_ok()

    # One message

    async def read(self, request: Request) -> Response:
        """Give a whole message, which is read then."""
        listed = await self._find(request)
        _, content = await self._inbox.derive(listed.mail.id, whole.write_content)
        beginning = whole.write_beginning(listed, content.about)
        await mark_read(self._all_mail, listed)
        return await build_response(content.read_pieces(), content.size, "application/json", {}, before=beginning)

    async def read_headers(self, request: Request) -> Response:
        """Give the header fields."""
        _, content = await self._inbox.derive(await self._find_id(request), whole.write_headers)
        return await build_response(content.read_pieces(), content.size, "application/json", {})

    async def read_raw(self, request: Request) -> Response:
        """Give a message as it came."""
        mail, pieces = await self._inbox.read_raw(await self._find_id(request))
        is_download = request.query_params.get("dl") == "1"
        headers = {"content-disposition": f'attachment; filename="{mail.id}.eml"'} if is_download else {}
        return await build_response(pieces, mail.size, "text/plain; charset=utf-8", headers)

    async def read_part(self, request: Request) -> Response:
        """Give a part of a message."""
        number = request.path_params["part"]
        _, content = await self._inbox.derive(
            await self._find_id(request), lambda data: whole.make_part(data, number), number
        )
        kind = content.about.media_type
        headers = {
            "content-disposition": f'inline; filename="{quote(content.about.name, safe="")}"',
            "content-type": kind,  # without a charset, which a text may have another one of
        }
        return await build_response(content.read_pieces(), content.size, kind, headers)

    async def read_thumbnail(self, request: Request) -> Response:
        """Give a small white picture in place of a part's: no decoder meets hostile images here."""
        number = request.path_params["part"]
        try:
            await self._inbox.derive(
                await self._find_id(request), lambda data: whole.make_part(data, number), number
            )
        except (MessageNotFound, AttachmentNotFound):
            raise Refused("attachment not found") from None
        return Response(THUMBNAIL, media_type="image/jpeg")

    async def release(self, request: Request) -> Response:
        """Refuse to send a message on."""
        await self._find_id(request)
        raise Refused("SMTP error: message relaying is not configured")

    async def check_html(self, request: Request) -> Response:
        """Say what mail programs do not support in the HTML."""
        if not self._parts.checks_html:
            _, content = await self._inbox.derive(await self._find_id(request), views.write_page)
            raise Refused("HTML check is not available" if content.about else "message does not contain HTML")
        _, content = await self._inbox.derive(await self._find_id(request), write_html_check)
        if not content.about:
            raise Refused("message does not contain HTML")
        return await build_response(content.read_pieces(), content.size, "application/json", {})

    async def check_links(self, request: Request) -> Response:
        """Say what the links answer.

        It is a GET, as Mailpit's is. So another site's page could have it asked by sending its reader here. A
        browser tells that only to https: and to this machine's own addresses: elsewhere the rate of link checks
        is the bound.
        """
        mail_id = await self._find_id(request)
        if self._parts.link_checker is None:
            raise Refused("link check is off: edgemail fetches nothing")
        if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise Refused("other sites may not have links checked", HTTPStatus.FORBIDDEN)
        _, found = await self._inbox.derive(mail_id, write_link_list)
        links, _ = await read_link_list(found)
        follow = request.query_params.get("follow") in ("1", "true")
        return give_json(write_link_check(await self._parts.link_checker.check(links, follow=follow)))

    async def check_spam(self, _: Request) -> Response:
        """Answer as Mailpit does where no such check is set up."""
        return say("File not found", HTTPStatus.NOT_FOUND)

    async def send(self, request: Request) -> Response:
        """Keep a message that is made of JSON."""
        try:
            with self._submissions.hold(find_source(request.scope)) as lease:
                body = bytearray()
                async for piece in request.stream():
                    lease.grow(len(piece))
                    body += piece
                async with self._building:
                    submission = await self._build(bytes(body))
                host = request.client.host if request.client else ""
                mail_id = await self._parts.submitter.submit(
                    submission.sender, submission.recipients, submission.data, host
                )
                if submission.tags:  # at once, and not only with its summary
                    await self._all_mail.set_tags([mail_id], submission.tags)
        except Exception as error:
            answer = answer_error(error)
            return give_json({"Error": bytes(answer.body).decode()}, answer.status_code)
        return give_json({"ID": str(mail_id)})

    async def _build(self, body: bytes) -> Submission:
        submission = await asyncio.to_thread(build_submission, await parse_fields(body))
        if len(submission.data) > self._parts.max_message_bytes:
            raise Refused("the message is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return submission

    # Tags

    async def list_tags(self, _: Request) -> Response:
        """List all tags."""
        return give_json(sort_tags(await self._all_mail.tags()))

    async def set_tags(self, request: Request) -> Response:
        """Give messages these tags and no others."""
        fields = await read_fields(request)
        ids = await read_ids(take_texts(fields, "ids"))
        if ids:
            await self._all_mail.set_tags(ids, take_texts(fields, "tags")[:_TAGS_MAX])
        return say_ok()

    async def rename_tag(self, request: Request) -> Response:
        """Rename a tag."""
        name = take_text(await read_fields(request), "name")
        await self._all_mail.rename_tag(request.path_params["tag"], name)
        return say_ok()

    async def delete_tag(self, request: Request) -> Response:
        """Take a tag away from all messages."""
        await self._all_mail.delete_tag(request.path_params["tag"])
        return say_ok()

    # The server

    async def describe(self, _: Request) -> Response:
        """Describe the server."""
        return give_json(await describe_server(self._parts))

    async def describe_page(self, _: Request) -> Response:
        """Tell Mailpit's page what there is."""
        return give_json(WEB_UI | {"ChaosEnabled": self._parts.chaos is not None})

    async def list_triggers(self, _: Request) -> Response:
        """List the chaos triggers."""
        return give_json(triggers.write_triggers(self._require_chaos()))

    async def set_triggers(self, request: Request) -> Response:
        """Put chaos triggers in force."""
        chaos = self._require_chaos()
        triggers.set_triggers(chaos, await read_fields(request))
        return give_json(triggers.write_triggers(chaos))

    # Views

    async def view_page(self, request: Request) -> Response:
        """Give the HTML, in a sandbox."""
        listed = await self._find_viewed(request)
        _, content = await self._inbox.derive(listed.mail.id, views.write_page)
        await mark_read(self._all_mail, listed)
        if not content.about:
            return say("This message does not contain a HTML part", HTTPStatus.NOT_FOUND)
        headers = {"content-security-policy": views.SANDBOX}
        return await build_response(content.read_pieces(), content.size, "text/html; charset=utf-8", headers)

    async def view_text(self, request: Request) -> Response:
        """Give the text."""
        listed = await self._find_viewed(request)
        _, content = await self._inbox.derive(listed.mail.id, views.write_text)
        await mark_read(self._all_mail, listed)
        return await build_response(content.read_pieces(), content.size, "text/plain; charset=utf-8", {})

    async def open_message(self, request: Request) -> Response:
        """Go to the page, with the message open."""
        listed = await self._find_viewed(request)
        address = quote(next(iter(listed.mail.recipients), ""), safe="@")
        return RedirectResponse(f"/#/{address}/{listed.mail.id}", HTTPStatus.FOUND)

    # What these share

    async def _find_id(self, request: Request) -> MailId:
        """Return the id that a path names. Whether there is such a message is seen later.

        Raises:
            MessageNotFound: it is no id.
            Refused: it is the newest message, and there is none.
        """
        text = request.path_params["id"]
        if text == "latest":
            return (await self._find_latest(request)).mail.id
        mail_id = read_id(text)
        if mail_id is None:
            raise MessageNotFound("this is no id")
        return mail_id

    async def _find(self, request: Request) -> ListedMail:
        """Return the message that a path names; see `_find_id`.

        Raises:
            MessageNotFound: there is none of that id.
            Refused: it is the newest message, and there is none.
        """
        if request.path_params["id"] == "latest":
            return await self._find_latest(request)
        return await find_message(self._all_mail, request.path_params["id"])

    async def _find_viewed(self, request: Request) -> ListedMail:
        """Return the message of a view; see `_find`."""
        try:
            return await self._find(request)
        except MessageNotFound:
            raise Refused(_NO_MESSAGE, HTTPStatus.NOT_FOUND) from None

    async def _find_latest(self, request: Request) -> ListedMail:
        text = request.query_params.get("query", "").strip()
        latest = await self._all_mail.newest(make_query(request, text) if text else EVERYTHING)
        if latest is None:
            raise Refused(_NO_MESSAGE, HTTPStatus.NOT_FOUND)
        return latest

    def _require_chaos(self) -> Chaos:
        if self._parts.chaos is None:
            raise Refused("Chaos is not enabled")
        return self._parts.chaos
