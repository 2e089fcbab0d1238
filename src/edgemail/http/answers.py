"""Bounds what answers take: memory, time, and work for clients that are gone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgemail.errors import TooBusy
from edgemail.http.limits import SLICE_BYTES
from edgemail.http.problems import busy_response
from edgemail.mailbox.fair_turns import SOURCE, FairTurns
from edgemail.policy.rates import find_source_key, read_ip

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv6Address

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ABORT: Final = "edgemail.abort"
"""The extension of a scope by which the server closes the connection at once: a plain function."""

BUFFERED_BYTES: Final = 64 * 1024
"""The most octets that the connection itself holds of an answer."""

UNCOUNTED_BYTES: Final = 16 * 1024
"""Answers up to this size are not counted: that the connection exists costs as much."""

UNCOUNTED_EVENTS_BYTES: Final = 64 * 1024
"""As much for one piece of an event stream, since its octets are shared by all readers of an inbox."""

_MAX_SHARE = 0.5
"""The most of the memory for answers that one source may have."""

_PATIENCE_S = 30.0
"""The least time in which a client has to take a slice."""

_SWEEP_S = 5.0

_WATCH_AFTER_S = 0.02
"""A client that hangs up is noticed from this long after its request."""


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """The limits of the answers under way. `min_rate_bytes` is in octets a second."""

    max_bytes: int
    max_waiting: int
    min_rate_bytes: int


class Answers:
    """An ASGI application around `app` that bounds its answers.

    - A GET whose client hangs up is cancelled, with all that it waits for.
    - All answers under way share one bound of memory. Who finds none waits a little, then gets 503.
    - A client that takes its answer too slowly is dropped.
    """

    def __init__(self, app: ASGIApp, limits: AnswerLimits, refuse: Callable[[str], None]) -> None:
        """`refuse` is called with the reason for each refusal."""
        self.app = app
        self.memory = FairTurns(
            limits.max_bytes,
            max_waiting=limits.max_waiting,
            max_share=_MAX_SHARE,
            refuse=lambda: refuse("answer_memory"),
        )
        self._refuse = refuse
        self._slowest_s = max(_PATIENCE_S, (BUFFERED_BYTES + SLICE_BYTES) / limits.min_rate_bytes)
        self._sending: set[_Answer] = set()
        self._sweeper: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        SOURCE.set(find_source(scope))
        answer = _Answer(self, scope, send)
        try:
            if scope["method"] in {"GET", "HEAD"}:
                await _run_until_gone(self.app, scope, receive, answer)
            else:
                await self.app(scope, receive, answer.send)
        except asyncio.CancelledError:
            if answer.refusal is None:
                raise
            if answer.is_begun:
                await cut_off(scope, receive)
            else:
                await busy_response(answer.refusal)(scope, receive, send)
        finally:
            answer.close()

    def watch(self, answer: _Answer) -> None:
        """Drop the client of an answer that it takes too slowly, until `unwatch`."""
        self._sending.add(answer)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def unwatch(self, answer: _Answer) -> None:
        """Forget an answer."""
        self._sending.discard(answer)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        late = loop.time() - self._slowest_s
        for answer in [answer for answer in self._sending if answer.began_at < late]:
            self._sending.discard(answer)
            self._refuse("slow_reader")
            answer.abort()
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep) if self._sending else None


class _Answer:
    """One answer on its way."""

    __slots__ = (
        "_answers",
        "_is_stream",
        "_lent",
        "_loop",
        "_scope",
        "_send",
        "_start",
        "began_at",
        "is_begun",
        "is_over",
        "refusal",
    )

    def __init__(self, answers: Answers, scope: Scope, send: Send) -> None:
        self._answers = answers
        self._scope = scope
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._start: Message | None = None
        self._is_stream = False
        self._lent = 0
        self.is_begun = self.is_over = False
        self.began_at = 0.0
        self.refusal: str | None = None

    async def send(self, message: Message) -> None:
        """Send a part of the answer, once there is memory for it and the client has taken the last one.

        Raises:
            CancelledError: there is no memory, and `refusal` says so. No part of the application
                takes this for a failure of its own.
        """
        if message["type"] == "http.response.start":
            self._start = message
            self._is_stream = any(
                name == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message["headers"]
            )
            if self._is_stream:
                await self._begin()
            return
        body: bytes = message.get("body", b"")
        has_more: bool = message.get("more_body", False)
        if self._is_stream and len(body) > UNCOUNTED_EVENTS_BYTES:
            await self._borrow(len(body))
            await self._send_slices(body, has_more=has_more)
            self._give_back()
            return
        if not self.is_begun:
            if has_more or len(body) > UNCOUNTED_BYTES:
                await self._borrow(len(body) + BUFFERED_BYTES)
            await self._begin()
        await self._send_slices(body, has_more=has_more)

    def close(self) -> None:
        """Give the memory back."""
        self._answers.unwatch(self)
        self._give_back()

    def abort(self) -> None:
        """Close the connection at once."""
        _abort(self._scope)

    async def _borrow(self, octets: int) -> None:
        try:
            self._lent = await self._answers.memory.take(SOURCE.get(), octets)
        except TooBusy as error:
            self.refusal = str(error)
            raise asyncio.CancelledError from error

    def _give_back(self) -> None:
        if self._lent:
            self._answers.memory.give_back(SOURCE.get(), self._lent)
            self._lent = 0

    async def _begin(self) -> None:
        self.is_begun = True
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)

    async def _send_slices(self, body: bytes, *, has_more: bool) -> None:
        if len(body) <= SLICE_BYTES:
            await self._send_slice(body, has_more=has_more)
            return
        for start in range(0, len(body), SLICE_BYTES):
            end = start + SLICE_BYTES
            await self._send_slice(body[start:end], has_more=has_more or end < len(body))
            await asyncio.sleep(0)  # a quick client would keep the event loop to itself

    async def _send_slice(self, octets: bytes, *, has_more: bool) -> None:
        self.is_over = not has_more
        self.began_at = self._loop.time()
        self._answers.watch(self)
        try:
            await self._send({"type": "http.response.body", "body": octets, "more_body": has_more})
        finally:
            self._answers.unwatch(self)


def find_source(scope: Scope) -> str:
    """Return whom a request comes from: an IPv4 address or an IPv6 /64; empty if that is not known."""
    ip = find_ip(scope)
    return "" if ip is None else find_source_key(ip).hex()


def find_ip(scope: Scope) -> IPv4Address | IPv6Address | None:
    """Return the address of a request's client, if it has one."""
    client = scope.get("client")
    try:
        return read_ip(client[0]) if client else None
    except ValueError:
        return None


async def cut_off(scope: Scope, receive: Receive) -> None:
    """Close the connection of an answer that cannot be completed, and return once it is closed."""
    if _abort(scope):
        while (await receive())["type"] != "http.disconnect":
            pass


def _abort(scope: Scope) -> bool:
    abort: Callable[[], None] | None = scope.get("extensions", {}).get(ABORT)
    if abort is None:
        return False
    abort()
    return True


async def _run_until_gone(app: ASGIApp, scope: Scope, receive: Receive, answer: _Answer) -> None:
    """Run `app` until its end, or until the client is gone. The request's body is dropped."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    cancelling = task.cancelling()
    is_gone = False
    watcher: asyncio.Task[None] | None = None

    async def watch() -> None:
        nonlocal is_gone
        while (await receive())["type"] != "http.disconnect":
            pass
        if not answer.is_over:
            is_gone = True
            task.cancel()

    def begin_to_watch() -> None:
        nonlocal watcher
        watcher = asyncio.create_task(watch())

    # Most requests are over before, and a task for each would cost a tenth of them.
    timer = asyncio.get_running_loop().call_later(_WATCH_AFTER_S, begin_to_watch)
    try:
        await app(scope, _EmptyBody().receive, answer.send)
    except asyncio.CancelledError:
        if not is_gone or task.uncancel() > cancelling:
            raise  # the server stops, or the answer was refused
    finally:
        timer.cancel()
        if watcher is not None:
            watcher.cancel()


class _EmptyBody:
    """A request's body without an octet. After it, it waits for ever: hanging up is seen elsewhere."""

    __slots__ = ("_is_read",)

    def __init__(self) -> None:
        self._is_read = False

    async def receive(self) -> Message:
        """Return the body, once."""
        if self._is_read:
            await asyncio.get_running_loop().create_future()
        self._is_read = True
        return {"type": "http.request", "body": b"", "more_body": False}
