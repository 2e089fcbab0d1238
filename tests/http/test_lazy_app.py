"""The API is loaded by the first request that needs it: once, and again where that failed."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from testkit.waiting import until

from edgemail.errors import StoreUnavailable
from edgemail.http.lazy_app import LazyApp

if TYPE_CHECKING:
    import pytest
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Loader:
    """Loads an application that says where it was asked; it waits or fails on demand."""

    def __init__(self) -> None:
        self.loads = 0
        self.errors: list[Exception] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self) -> ASGIApp:
        self.loads += 1
        assert self.go_on.wait(10)
        if self.errors:
            raise self.errors.pop()
        return self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})


async def well() -> None:
    """Be a store that is well."""


async def ask(app: LazyApp, path: str, **named: Any) -> tuple[int, bytes]:
    """Return the status and the body of an answer."""
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []} | named
    await app(scope, receive, send)
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages[1:])


async def test_probes_load_nothing() -> None:
    """They tell how the store is."""
    loader = Loader()
    app = LazyApp(loader, well)
    assert [await ask(app, path) for path in ("/healthz", "/readyz")] == [(200, b'{"status":"ok"}')] * 2

    async def away() -> None:
        raise StoreUnavailable("the database is not available")

    status, body = await ask(LazyApp(loader, away), "/readyz")
    assert (status, b"the database is not available" in body) == (503, True)
    assert loader.loads == 0
    assert await ask(app, "/healthz", query_string=b"x=1") == (200, b"/healthz")
    assert loader.loads == 1


async def test_all_who_come_while_it_loads_wait_for_the_same() -> None:
    """One who leaves does not end it for the others, and probes are answered meanwhile."""
    loader = Loader()
    loader.go_on.clear()
    app = LazyApp(loader, well)
    waiting = [asyncio.create_task(ask(app, f"/{number}")) for number in range(20)]
    await until(lambda: loader.loads == 1)
    waiting[0].cancel()
    assert (await ask(app, "/healthz"))[0] == 200
    loader.go_on.set()
    assert await asyncio.gather(*waiting[1:]) == [(200, f"/{number}".encode()) for number in range(1, 20)]
    assert await ask(app, "/later") == (200, b"/later")
    assert loader.loads == 1


async def test_what_reading_needs_is_prepared_after_the_first_request_was_answered() -> None:
    """Once; and where that fails nobody is told, as it is loaded when it is needed."""
    loader = Loader()
    go_on, prepared = threading.Event(), threading.Event()

    def prepare() -> None:
        assert go_on.wait(10)
        prepared.set()
        raise OSError("too many open files")

    app = LazyApp(loader, well, prepare)
    assert await ask(app, "/healthz")
    assert app._preparing is None
    assert await ask(app, "/") == (200, b"/")
    assert not prepared.is_set()
    go_on.set()
    await until(lambda: app._preparing is not None and app._preparing.done())
    assert prepared.is_set()
    assert await ask(app, "/") == (200, b"/")


async def test_what_could_not_be_loaded_is_loaded_by_a_later_request(caplog: pytest.LogCaptureFixture) -> None:
    """As where too many files are open: all who wait are told to come again."""
    loader = Loader()
    loader.errors = [OSError("too many open files")]
    loader.go_on.clear()
    app = LazyApp(loader, well)
    waiting = [asyncio.create_task(ask(app, "/")) for _ in range(3)]
    await until(lambda: loader.loads == 1)
    loader.go_on.set()
    assert [status for status, _ in await asyncio.gather(*waiting)] == [503] * 3
    assert "cannot be loaded" in caplog.text
    assert await ask(app, "/") == (200, b"/")


async def test_nobody_waits_any_more_for_what_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The error is in the log, once."""
    loader = Loader()
    loader.errors = [OSError("too many open files")]
    loader.go_on.clear()
    app = LazyApp(loader, well)
    waiting = asyncio.create_task(ask(app, "/"))
    await until(lambda: loader.loads == 1)
    waiting.cancel()
    loader.go_on.set()
    await until(lambda: "cannot be loaded" in caplog.text)
    assert await ask(app, "/") == (200, b"/")
