"""The commonest reads are answered before the routes, and as the routes would answer them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from fastapi import FastAPI
from testkit.failing_store import FailingStore
from testkit.sample_mail import add_all, envelope, letter
from testkit.time_limit import bounded

from edgemail import mime
from edgemail.errors import StoreUnavailable
from edgemail.http.error_handlers import register_error_handlers
from edgemail.http.held_requests import HeldRequests, HoldLimits
from edgemail.http.quick_reads import QuickReads
from edgemail.http.routes import router
from edgemail.mailbox.inbox import Inbox
from edgemail.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["bounded"]

ANN, BEN = "ann@example.org", "ben@example.org"
OF_ANN = f"/api/inboxes/{ANN}/messages"
WAIT = f"/api/inboxes/{ANN}/wait"
PLAIN = [
    OF_ANN,
    "/api/inboxes/Ann@Example.ORG/messages",
    "/api/inboxes/eve+1@example.org/messages",
    "/api/inboxes/eve@example-.org/messages",
    *[
        f"{OF_ANN}?{query}"
        for query in (
            "limit=1",
            "limit=200",
            "limit=2&before=3",
            "after=2&before=4",
            "before=0",
            "search=",
            "search=number+3",
            "search=N%C3%BCmber",
            "limit=1&search=number",
            "search=%FF",
            "search=%",
        )
    ],
    "/api/messages/1",
    "/api/messages/0",
    "/api/messages/999999999999999999",
    f"{OF_ANN}/1",
    f"{OF_ANN}/2",
    f"/api/inboxes/{BEN}/messages/1",
    f"/api/inboxes/{BEN}/messages/2",
    f"{WAIT}?after=0&timeout=9.25",
    f"{WAIT}?after=4&timeout=30",
    f"{WAIT}?after=5&timeout=0",
    f"{WAIT}?after=5&timeout=0.001",
    "/api/inboxes/eve@example-.org/wait?after=0&timeout=0",
]
ODD = [
    f"{OF_ANN}/",
    f"/api/inboxes/{ANN}%0A/messages",
    f"/api/inboxes/a/messages/{ANN}/messages",
    "/api/inboxes/not-an-address/messages",
    f"/api/inboxes/{'a' * 600}@example.org/messages",
    *[
        f"{OF_ANN}?{query}"
        for query in (
            "limit=0",
            "limit=201",
            "limit=",
            "limit=01",
            "limit=-1",
            "limit=1&limit=2",
            "%6Cimit=1",
            "before=9223372036854775807",
            "before=9223372036854775808",
            "befor=1",
            "search=a&search=b",
            f"search={'a' * 201}",
            "search=a;b",
            "&",
        )
    ],
    "/api/messages/1?x=1",
    "/api/messages/01",
    "/api/messages/-1",
    "/api/messages/9223372036854775808",
    "/api/messages/1/",
    "/api/messages/1/raw",
    f"{OF_ANN}/x",
    "/api/messages",
    "/healthz",
    WAIT,
    *[
        f"{WAIT}?{query}"
        for query in (
            "timeout=0",
            "timeout=0&after=0",
            "after=0&timeout=1e-05",
            "after=0&timeout=-1",
            "after=0&timeout=nan",
            "after=9223372036854775808&timeout=0",
            "after=0&timeout=0&subject=N",
            "after=0&timeout=0&from=nobody",
            "after=0&timeout=",
            "after=0&timeout=0&x=1",
        )
    ],
]


class Watched:
    """An ASGI application that counts what it passes on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        await self._app(scope, receive, send)


class Port:
    """The routes, and what is in front of them, over a store that may fail."""

    def __init__(self) -> None:
        self.store = FailingStore(MemoryStore())
        inbox = Inbox(self.store)
        api = FastAPI()
        api.router.routes += router.routes
        api.state.inbox = inbox
        self.waits = api.state.waits = HeldRequests(HoldLimits("waits", 2, 2), (), lambda _: None)
        register_error_handlers(api)
        self.routes = Watched(api)
        self.quick = QuickReads(self.routes, inbox, self.waits)

    async def ask_both(self, url: str) -> tuple[list[Message], list[Message], int]:
        """Ask in front of the routes, then the routes; return both answers, and how often the first took them."""
        self.routes.asked = 0
        quick = await ask(self.quick, url)
        passed = self.routes.asked
        return quick, await ask(self.routes, url), passed


async def ask(app: ASGIApp, url: str) -> list[Message]:
    """Ask for a path and a query; return what is sent."""
    path, _, query = url.partition("?")
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path.replace("%0A", "\n"),
        "raw_path": quote(path).encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return sent


@pytest_asyncio.fixture(params=[False, True], ids=["new mail", "with summaries"])
async def port(request: pytest.FixtureRequest) -> AsyncIterator[Port]:
    opened = Port()
    letters = [letter(f"Nümber {number}", f"Your code is 48122{number}.") for number in range(5)]
    mail_ids = await add_all(opened.store, [envelope(ANN, data=data) for data in letters])
    if request.param:
        pairs = zip(mail_ids, map(mime.summarize, letters), strict=True)
        await opened.store.add_summaries(list(pairs))
    yield opened
    await opened.store.close()


@pytest.mark.parametrize("url", PLAIN)
async def test_a_plain_request_is_answered_as_by_the_routes(port: Port, url: str) -> None:
    """With the same status, header fields and octets, and without the routes."""
    quick, routed, passed = await port.ask_both(url)
    assert quick == routed
    assert passed == 0


@pytest.mark.parametrize("url", ODD)
async def test_the_routes_answer_all_else(port: Port, url: str) -> None:
    """What is not of the plainest form is theirs to judge."""
    quick, routed, passed = await port.ask_both(url)
    assert quick == routed
    assert passed == 1


@pytest.mark.parametrize("at", [ANN, BEN])
async def test_who_waits_too_often_is_refused_as_by_the_routes(port: Port, at: str) -> None:
    """By the bound of an inbox, and by that of a source; both ways count for both."""
    scope = {"client": ("127.0.0.1" if at == BEN else "192.0.2.1", 1)}
    with port.waits.hold((ANN,), scope), port.waits.hold((ANN,), scope):
        quick, routed, passed = await port.ask_both(f"/api/inboxes/{at}/wait?after=0&timeout=9")
    assert quick == routed
    assert quick[0]["status"] == (503 if at == ANN else 429)
    assert passed == 0


@pytest.mark.parametrize(
    "url", [OF_ANN, f"{OF_ANN}?search=x", "/api/messages/1", f"{OF_ANN}/1", f"{WAIT}?after=0&timeout=9"]
)
@pytest.mark.parametrize("error", [StoreUnavailable("as told"), ValueError("as told")])
async def test_a_failure_is_answered_as_by_the_routes(
    port: Port, url: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a problem document, and no detail where it is none that is expected."""

    async def fail() -> None:
        raise error

    monkeypatch.setattr(port.store, "_read", fail)
    quick = await ask(port.quick, url)
    assert port.routes.asked == 0
    sent: list[Message] = []
    try:
        sent = await ask(port.routes, url)
    except ValueError:  # Starlette raises what is not expected once more, for the server's log
        assert quick[0]["status"] == 500
        assert b"as told" not in quick[1]["body"]
        assert b"the log has the details" in quick[1]["body"]
    else:
        assert quick == sent
        assert quick[0]["status"] == 503
