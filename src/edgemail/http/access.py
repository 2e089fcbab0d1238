"""Decides who may use a route over HTTP: everyone, those who know an address, or the operator."""

from __future__ import annotations

import hmac
import logging
import posixpath
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.datastructures import QueryParams

from edgemail.http.forwarded import read_peer
from edgemail.http.guard import MAIL_PATHS, MCP_PATH
from edgemail.http.header_fields import find_field
from edgemail.http.locked_inboxes import note_right
from edgemail.http.problems import problem_response
from edgemail.policy.visitors import Visit, is_within
from edgemail.system.minute_log import MinuteLog
from edgemail.system.password_checks import TooManyLogins

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from edgemail.http.passwords import Passwords
    from edgemail.policy.visitors import RequestKind, Visitor, Visitors
    from edgemail.settings import AccessSettings, Network

_log = logging.getLogger(__name__)

PROBES: Final = frozenset({"/healthz", "/livez", "/readyz"})
_OPEN: Final = PROBES | {"/robots.txt", "/.well-known/security.txt"}
"""Paths that need no password, not even where `private` is on."""

_INTERNALS: Final = ("/docs", "/openapi.json", "/metrics", "/api/chaos", "/api/v1/chaos", "/api/v2/jim")
_OF_MAIL: Final = ("/api", *MAIL_PATHS)
_BY_ADDRESS: Final = ("/api/inboxes", "/api/events", "/api/server")
"""The part of the API that asks for an address, or tells nothing of anybody's mail. A route that is
not here is for those who may read all mail."""

_DELETABLE: Final = (
    *("/api/inboxes", "/api/messages", "/api/v1/messages", "/api/v1/search", "/api/v1/mailbox"),
    *("/api/email", "/email", "/messages"),
)
"""What lies here is mail: the setting `deletion` holds for it."""
_DELETING: Final = ("/api/email/delete", "/email/delete")
"""A POST here deletes mail."""

_RETRY_S: Final = 60
_MISSES: Final = "you ask too often for mail that is not there"
_VISIT: Final = "edgemail.visit"
_FOUND: Final = "edgemail.found"
REASONS: Final = {
    "source_denied": "allow_http_sources does not have its address",
    "no_password": "it gave no password, or a wrong one",
    "too_many_logins": "it gave too many wrong passwords",
    "operator_only": "only the operator may ask for this, and there is none: set password_file",
    "deletion_off": "deletion is off",
    "reads": "it has read more often than read_rate",
    "waits": "it has waited more often than wait_rate",
    "events": "it has opened event streams more often than event_rate",
    "deletes": "it has deleted more often than delete_rate",
    "link_checks": "it has checked links more often than link_check_rate",
    "misses": "it has asked for mail that is not there more often than miss_rate",
}


class DenialLog:
    """Counts refusals by reason, and logs one line a minute for each."""

    def __init__(self, counts: Counter[str]) -> None:
        """Count in `counts`, which then has every reason."""
        counts.update(dict.fromkeys(REASONS, 0))
        self._counts = counts
        self._minutes = MinuteLog(_log)

    def add(self, reason: str, peer: object) -> None:
        """Count one; log it unless this minute has had a line for its reason."""
        self._counts[reason] += 1
        self._minutes.note(reason, f"an HTTP request from {peer} was refused: {REASONS[reason]}")


class SourceFilter:
    """An ASGI application that answers some networks alone."""

    def __init__(self, app: ASGIApp, networks: tuple[Network, ...], denials: DenialLog) -> None:
        self._app = app
        self._networks = networks
        self._denials = denials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or websocket, or refuse it with 403."""
        peer = read_peer(scope)
        if peer is not None and not is_within(peer, self._networks):
            self._denials.add("source_denied", peer)
            detail = "this server does not answer your network; see the setting allow_http_sources"
            await problem_response(HTTPStatus.FORBIDDEN, detail)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class Access:
    """An ASGI application that passes on to `app` what its peer may ask.

    The operator is who gives a password of the file. Everyone else is a stranger: bounded in what
    they may ask and how often, unless their network is trusted.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: AccessSettings,
        passwords: Passwords | None,
        trusted: tuple[Network, ...],
        denials: DenialLog,
        visitors: Visitors,
        agent_token: str | None = None,
    ) -> None:
        """`agent_token` opens what agents have, and nothing else does."""
        self._app = app
        self._agent_token = None if agent_token is None else agent_token.encode()
        self._settings = settings
        self._passwords = passwords
        self._trusted = trusted
        self._denials = denials
        self._visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or websocket, or refuse it with a problem document."""
        if scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        peer = read_peer(scope)
        visitor = None if peer is None else self._visitors.find(peer)
        refusal: tuple[str, Response] | None
        authorization = _read_authorization(scope)
        is_operator = False
        refusal = None
        asks_as_agent = self._agent_token is not None and scope["path"] == MCP_PATH
        if asks_as_agent:
            refusal = self._check_agent(authorization, visitor)
        elif self._passwords is not None and authorization:
            is_operator, refusal = await self._log_in(self._passwords, authorization, visitor)
        if not is_operator:
            needs_operator = not asks_as_agent and self._needs_operator(scope)
            if not needs_operator and not asks_as_agent:
                refusal = None  # a wrong password does no harm where none is needed
            refusal = refusal or self._refuse(scope, authorization, needs_operator=needs_operator)
            if visitor is not None and peer is not None and not is_within(peer, self._trusted):
                if refusal is None:
                    refusal = self._bound(scope, visitor)
                    scope[_VISIT] = Visit(self._visitors, visitor)
                    send = _count_misses(scope, send)
                elif needs_operator and _is_of_all_mail(scope):
                    refusal = self._bound_guesses(visitor) or refusal
        if refusal is None:
            note_right(scope, opens_all=is_operator or not self._settings.has_locks)
            await self._app(scope, receive, send)
            return
        reason, response = refusal
        self._denials.add(reason, peer)
        await response(scope, receive, send)

    async def _log_in(
        self, passwords: Passwords, authorization: bytes, visitor: Visitor | None
    ) -> tuple[bool, tuple[str, Response] | None]:
        """Return whether the operator asks, or why that cannot be said."""
        if passwords.is_known(authorization):
            return True, None
        if visitor is not None and not self._visitors.may_log_in(visitor):
            return False, ("too_many_logins", _too_many("too many wrong passwords"))
        try:
            is_right = await passwords.check(authorization)
        except TooManyLogins:
            response = problem_response(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many passwords are being checked", {"retry-after": "5"}
            )
            return False, ("too_many_logins", response)
        if not is_right and visitor is not None:
            self._visitors.fail_login(visitor)
        return is_right, None

    def _check_agent(self, authorization: bytes, visitor: Visitor | None) -> tuple[str, Response] | None:
        """Refuse an agent without the token."""
        if visitor is not None and not self._visitors.may_log_in(visitor):
            return "too_many_logins", _too_many("too many wrong tokens")
        scheme, _, given = authorization.partition(b" ")
        if scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._agent_token or b""):
            return None
        if visitor is not None and authorization:
            self._visitors.fail_login(visitor)
        detail = "this needs the bearer token of the setting mcp_token"
        challenge = 'Bearer realm="edgemail"' + (', error="invalid_token"' if authorization else "")
        return "no_password", problem_response(HTTPStatus.UNAUTHORIZED, detail, {"www-authenticate": challenge})

    def _needs_operator(self, scope: Scope) -> bool:
        """Return True if a stranger may not ask for it."""
        path: str = scope["path"]
        if path in _OPEN:
            return False
        if self._settings.private == "on":
            return True
        if self._settings.internals == self._settings.all_mail == "everyone":
            return False
        plain = posixpath.normpath("/" + path.lstrip("/"))  # as the page's files are found
        if _is_below_any(_INTERNALS, plain) or _is_below_any(_INTERNALS, path):
            return self._settings.internals == "operator"
        return self._settings.all_mail == "operator" and _is_of_all_mail(scope)

    def _refuse(self, scope: Scope, authorization: bytes, *, needs_operator: bool) -> tuple[str, Response] | None:
        """Refuse a stranger what only the operator may ask."""
        if needs_operator:
            if self._passwords is None:
                return "operator_only", problem_response(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND.phrase)
            is_bearer = authorization.lower().startswith(b"bearer ")
            challenge = (
                'Bearer realm="edgemail", error="invalid_token"'
                if is_bearer
                else 'Basic realm="edgemail", charset="UTF-8"'
            )
            detail = "this needs a name and a password of the setting password_file"
            return "no_password", problem_response(HTTPStatus.UNAUTHORIZED, detail, {"www-authenticate": challenge})
        if self._settings.deletion == "on" or not _is_deletion(_find_method(scope), scope["path"]):
            return None
        if _is_below_any(_DELETABLE, scope["path"]):
            detail = "this server deletes nothing on request; mail goes away by age (the setting deletion)"
            return "deletion_off", problem_response(HTTPStatus.FORBIDDEN, detail)
        return None

    def _bound_guesses(self, visitor: Visitor) -> tuple[str, Response] | None:
        """Count a stranger's request for anybody's mail as a miss, or refuse who misses too often."""
        if not self._visitors.may_look(visitor):
            return "misses", _too_many(_MISSES)
        self._visitors.miss(visitor)
        return None

    def _bound(self, scope: Scope, visitor: Visitor) -> tuple[str, Response] | None:
        """Refuse a source that asks too often."""
        kind = _find_kind(_find_method(scope), scope["path"])
        if kind is None:
            return None
        if not self._visitors.may_look(visitor):
            return "misses", _too_many(_MISSES)
        if not self._visitors.take(visitor, kind):
            return kind, _too_many("you ask too often")
        return None


def note_empty(scope: Scope, address: str) -> None:
    """Count that a stranger has found nothing at an address; guessing addresses ends by that."""
    visit: Visit | None = scope.get(_VISIT)
    if visit is not None:
        visit.find_nothing(address)


def note_miss(scope: Scope) -> None:
    """Count that a stranger has asked for what is not there, where no status says so."""
    visit: Visit | None = scope.get(_VISIT)
    if visit is not None:
        visit.miss()


def note_found(scope: Scope) -> None:
    """Note that a 404 will say nothing of what is there: it is no miss."""
    scope[_FOUND] = True


def _count_misses(scope: Scope, send: Send) -> Send:
    """Count each 404 of the API, but for those that `note_found` has excepted."""
    visit: Visit = scope[_VISIT]
    is_api = _is_below_any(_OF_MAIL, scope["path"])

    async def send_counted(message: Message) -> None:
        is_missing = message["type"] == "http.response.start" and message["status"] == HTTPStatus.NOT_FOUND
        if is_api and is_missing and _FOUND not in scope:
            visit.miss()
        await send(message)

    return send_counted


def _find_kind(method: str, path: str) -> RequestKind | None:
    """Return which rate a request counts for."""
    if path == MCP_PATH:
        return "reads"
    if not _is_below_any(_OF_MAIL, path) or path == "/api/server":
        return None
    if _is_deletion(method, path):
        return "deletes"
    if path.endswith("/events"):
        return "events"
    if path.endswith("/link-check"):
        return "link_checks"
    return "waits" if path.endswith("/wait") else "reads"


def _is_deletion(method: str, path: str) -> bool:
    return method == "DELETE" or (method == "POST" and path in _DELETING)


def _find_method(scope: Scope) -> str:
    """Return a request's method. A websocket begins with a GET."""
    method: str = scope.get("method", "GET")
    return method


def _is_of_all_mail(scope: Scope) -> bool:
    """Return True for a request for mail without its address. All websockets are."""
    path: str = scope["path"]
    if scope["type"] == "websocket":
        return True
    if path == "/api/events":
        return "address" not in QueryParams(scope["query_string"])
    return _is_below_any(_OF_MAIL, path) and not _is_below_any((*_INTERNALS, *_BY_ADDRESS), path)


def _is_below_any(folders: Iterable[str], path: str) -> bool:
    return any(_is_below(folder, path) for folder in folders)


def _is_below(folder: str, path: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _read_authorization(scope: Scope) -> bytes:
    return (find_field(scope, b"authorization") or "").encode("latin-1")


def _too_many(detail: str) -> Response:
    return problem_response(HTTPStatus.TOO_MANY_REQUESTS, detail, {"retry-after": str(_RETRY_S)})
