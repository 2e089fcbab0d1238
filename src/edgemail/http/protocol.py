"""uvicorn's HTTP protocol, with bounds on what reaches the parser and on how long it takes."""

from __future__ import annotations

import logging
import math
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from edgemail.http import limits
from edgemail.http.response_transport import ResponseTransport
from edgemail.policy.rates import find_source_key, read_ip

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable
    from http import HTTPStatus

    from uvicorn import Config
    from uvicorn._types import ASGI3Application
    from uvicorn.server import ServerState

    from edgemail.http.connections import ConnectionTable
    from edgemail.http.limits import HttpRefusal, SpecialPaths
    from edgemail.settings import HttpSettings

_log = logging.getLogger(__name__)


class HttpPhase(Enum):
    """The part of a request that comes next."""

    BETWEEN = auto()
    HEAD = auto()
    BODY = auto()


class HttpWait(Enum):
    """The reason for a deadline."""

    NOTHING = auto()
    FIRST_REQUEST = auto()
    NEXT_REQUEST = auto()
    HEAD = auto()
    BODY = auto()
    CLOSE = auto()


_BETWEEN, _HEAD, _BODY = HttpPhase  # a look-up in the class costs more


class _PastBoundError(Exception):
    """Stops the parser; the refusal is in the protocol."""


class HoldingFlow(FlowControl):
    """Flow control that does not resume reading while requests that came early are held."""

    is_holding = False

    def resume_reading(self) -> None:
        """Resume reading, unless requests are held."""
        if not self.is_holding:
            super().resume_reading()


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection.

    The parser gets its input in pieces. A piece ends where a head or a body ends, so that a request
    that came early waits as octets, and not as thousands of parsed requests. What the parser
    takes without finishing a head, a chunk or a body is counted.

    There are no timers: the server calls `check_time` for all connections twice a second.
    """

    def __init__(
        self,
        table: ConnectionTable,
        settings: HttpSettings,
        special: SpecialPaths,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._table = table
        self._settings = settings
        self._special = special
        self._phase = _BETWEEN
        self._stalled_bytes = 0  # what the parser took since it last came to an end of something
        self._has_progress = False
        self._has_host = False  # RFC 9112 section 3.2: a second one is 400, as others may read the first one
        self._content_length = -1
        self._content_left = -1  # of a body with Content-Length; -1 of any other
        self._body_bytes = 0
        self._max_body_bytes = settings.max_body_bytes
        self._held = b""
        self._refusal: HttpRefusal | None = None
        self._past_limit: HttpRefusal | None = None
        self._is_over = False
        self._is_websocket = False
        self._is_parsed_again = False  # the head that has just ended; its first pass changes nothing
        self._dropped_bytes = 0
        self._wait = HttpWait.FIRST_REQUEST
        self._deadline = math.inf
        self._body_began = 0.0
        self._host = ""
        self._response: ResponseTransport | None = None

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection in."""
        super().connection_made(transport)
        self.flow = HoldingFlow(transport)
        self._host = self.client[0] if self.client is not None else "127.0.0.1"
        ip = read_ip(self._host)
        self._source = find_source_key(ip)
        self._past_limit = self._table.enter(self, ip)
        patience_s = self._settings.head_timeout_s if self._past_limit is None else limits.PROBE_S
        self._deadline = self.loop.time() + patience_s

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection out."""
        self._held = b""
        self._is_over = True
        self._table.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Give input to the parser, within the bounds."""
        if self._is_over:
            self._dropped_bytes += len(data)
            if self._dropped_bytes > limits.LINGER_BYTES:
                self.transport.abort()
        elif self._held:
            self._hold(data)
        else:
            self._feed(data)
            self._settle()

    # What the parser calls

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._phase = _HEAD
        self._has_host = False
        self._content_length = -1

    def on_url(self, url: bytes) -> None:
        """Take a part of the request target."""
        self.url += url
        if len(self.url) > self._settings.max_target_bytes:
            self._stop(limits.TARGET_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field. A trailer field is dropped: it must not pass for a header field."""
        if self._phase is not _HEAD:
            return
        name = name.lower()
        if name == b"content-length":
            self._content_length = int(value)
        elif name == b"host":
            if self._has_host:
                self._stop(limits.MALFORMED)
            self._has_host = True
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        if len(self.headers) > self._settings.max_fields:
            self._stop(limits.TOO_MANY_FIELDS)

    def on_headers_complete(self) -> None:
        """Hand the request to the application, unless its connection or its body is past a limit."""
        self._is_parsed_again = self._must_parse_again()
        if self._is_parsed_again:
            return
        if self._past_limit is not None and not self._is_probe():
            self._stop(self._past_limit)
        self._max_body_bytes = self._find_max_body()
        if self._content_length > self._max_body_bytes:
            self._stop(limits.BODY_TOO_LONG)
        super().on_headers_complete()
        self._phase = _BODY
        self._has_progress = True
        self._content_left = self._content_length
        self._body_bytes = 0
        if self._past_limit is not None:
            self.cycle.keep_alive = False

    def on_chunk_header(self) -> None:
        """Note the end of a chunk's size and extensions."""
        self._has_progress = True

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._has_progress = True
        if self._content_left >= 0:
            self._content_left -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        if self._is_parsed_again:
            return
        self._phase = _BETWEEN
        self._has_progress = True
        super().on_message_complete()

    # What the response cycle calls

    def on_response_complete(self) -> None:
        """Go on with a request that came early, or wait for the next one."""
        self.server_state.total_requests += 1
        if self._response is not None:
            self._response.flush()
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        if self._is_over:
            return
        held, self._held = self._held, b""
        self.flow.is_holding = False  # type: ignore[attr-defined]
        if held:
            self._feed(held)
        self.flow.resume_reading()
        self._settle()

    # What the server and the table call

    def check_time(self, now: float) -> None:
        """Close the connection if its peer is past a deadline."""
        if now < self._deadline:
            return
        wait = self._wait
        if wait is HttpWait.CLOSE:
            self.transport.abort()
        elif self._past_limit is not None:
            self._refuse(self._past_limit)
        elif wait is HttpWait.BODY:
            self._check_body_rate(now)
        elif wait is HttpWait.HEAD:
            self._refuse(limits.HEAD_TIMEOUT)
        elif wait is HttpWait.FIRST_REQUEST:
            self._refuse(limits.SILENT)
        elif not self.transport.get_write_buffer_size():  # else the peer still reads the last answer
            self.transport.close()

    def give_way(self) -> None:
        """Close the connection now, to make room."""
        if self._is_over or self.transport.get_write_buffer_size():
            self.transport.abort()
            return
        refusal = self._past_limit
        if refusal is None:
            refusal = limits.TOO_MANY_CONNECTIONS if self._phase is _HEAD else limits.GAVE_WAY
        self._refuse(refusal)
        self._table.waiting.pop(self, None)
        self.transport.close()

    @property
    def is_answering(self) -> bool:
        """True while the application answers a request."""
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn's annotation leaves out None
        return cycle is not None and not cycle.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._response = ResponseTransport(self.transport, self.loop)
        cycle.transport = self._response  # type: ignore[assignment]

        def begin() -> None:
            if not cycle.disconnected:
                super(BoundedHttpProtocol, self)._start_asgi_task(cycle, app)

        self._table.turns.start(begin, self._source)

    def _upgrade(self, rest: bytes) -> None:
        """Hand the connection over, with what came behind the request; it stays counted until it is lost."""
        from edgemail.http.websocket import BoundedWebSocket  # most programs never need it

        self._is_over = True
        self._held = b""
        self._table.waiting.pop(self, None)
        self._wait, self._deadline = HttpWait.NOTHING, math.inf
        self.connections.discard(self)
        head = [b"GET ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            head += [name, b": ", value, b"\r\n"]
        websocket = BoundedWebSocket(self.config, self.server_state, self.app_state, self.connection_lost)
        self.transport.set_protocol(websocket)
        websocket.connection_made(self.transport)
        self.transport.pause_reading()

        def begin() -> None:
            if not self.transport.is_closing():
                self.transport.resume_reading()
                websocket.data_received(b"".join([*head, b"\r\n", rest]))

        self._table.turns.start(begin, self._source)

    def _should_upgrade(self) -> bool:
        return (
            self._is_at(self._special.websockets)
            and self._get_upgrade() == b"websocket"
            and self.parser.get_method() == b"GET"
            and self._content_length <= 0
        )

    def _must_parse_again(self) -> bool:
        """Return True if this head asks for a protocol that is not spoken here; CONNECT does so without a field."""
        return (
            self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT" and not self._should_upgrade()
        )

    def _parse(self, piece: bytes) -> int:
        """Give octets to the parser; return how many it took.

        The parser takes no body for a request with `Upgrade`, and would read it as the next request. Java's
        HTTP client offers `Upgrade: h2c` with its first requests, so parse such a head again without that field.

        Raises:
            httptools.HttpParserError: if it cannot be parsed, or is past a bound.
        """
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            if self._is_parsed_again:
                start = self.parser.get_method(), self.url, self.parser.get_http_version().encode()
                fields = [b"%s: %s\r\n" % field for field in self.headers if field[0] != b"upgrade"]
                self.parser = httptools.HttpRequestParser(self)  # the other one is over after `Connection: close`
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
                self.parser.feed_data(b"".join([b"%s %s HTTP/%s\r\n" % start, *fields, b"\r\n"]))
            self._is_websocket = self._should_upgrade()
            return upgrade.args[0] or len(piece)
        return len(piece)

    def _is_at(self, paths: Iterable[bytes]) -> bool:
        """Return True for one of the paths, also behind a base path."""
        return bool(paths) and self.url.partition(b"?")[0].endswith(tuple(paths))

    def _find_max_body(self) -> int:
        large = self._special.large_bodies
        if large and self.parser.get_method() == b"POST" and self._is_at(large):
            return max(self._settings.max_body_bytes, *large.values())
        return self._settings.max_body_bytes

    def _is_probe(self) -> bool:
        path = self.url.partition(b"?")[0]
        return path in limits.PROBES and self.parser.get_method() in (b"GET", b"HEAD")

    def _feed(self, data: bytes) -> None:
        """Give octets to the parser, piece by piece; hold what is behind a request that is not answered yet."""
        start, size = 0, len(data)
        while start < size:
            if self._phase is _BETWEEN and self.is_answering:
                self._hold(data[start:])
                return
            end = self._find_end(data, start)
            self._has_progress = False
            is_body = self._phase is _BODY
            try:
                end = start + self._parse(data if end - start == size else data[start:end])
            except httptools.HttpParserError:
                self._refuse(self._refusal or limits.MALFORMED)
                return
            if self._is_websocket:
                self._upgrade(data[end:])
                return
            if self._has_progress:
                self._stalled_bytes = 0
            else:
                self._stalled_bytes += end - start
            if is_body:
                self._body_bytes += end - start
            refusal = self._find_excess()
            if refusal is not None:
                self._refuse(refusal)
                return
            start = end

    def _hold(self, data: bytes) -> None:
        """Keep requests that came early; stop reading when there are many.

        While it reads, the connection notices that its peer has gone.
        """
        self._held += data
        if len(self._held) > limits.RECEIVE_BYTES:
            self.flow.pause_reading()
            self.flow.is_holding = True  # type: ignore[attr-defined]

    def _find_end(self, data: bytes, start: int) -> int:
        """Return where the next piece for the parser ends."""
        if self._phase is _BODY and self._content_left > 0:
            return min(len(data), start + self._content_left)
        end = min(len(data), start + limits.PIECE_BYTES)
        blank = data.find(b"\r\n\r\n", start, end)
        if blank >= 0:
            end = blank + 4
        if self._phase is not _BODY:
            end = min(end, start + self._settings.max_head_bytes - self._stalled_bytes)
        return end

    def _find_excess(self) -> HttpRefusal | None:
        """Return the refusal for the bound that the last piece has passed."""
        if self._phase is _BODY:
            if self._body_bytes > self._max_body_bytes:
                return limits.BODY_TOO_LONG
            return limits.FRAMING_TOO_LONG if self._stalled_bytes > limits.FRAMING_BYTES else None
        if self._phase is _BETWEEN:
            return limits.MALFORMED if self._stalled_bytes > limits.BLANK_BYTES else None
        return limits.HEAD_TOO_LONG if self._stalled_bytes >= self._settings.max_head_bytes else None

    def _stop(self, refusal: HttpRefusal) -> None:
        self._refusal = refusal
        raise _PastBoundError

    def _settle(self) -> None:
        """Set the deadline for what the peer owes now, if it owes something else than before."""
        if self._is_over:
            return
        if self._phase is _BETWEEN and not self._stalled_bytes:
            if self.is_answering:
                self._wait, self._deadline = HttpWait.NOTHING, math.inf
                self._table.waiting.pop(self, None)
                return
            if self._wait is HttpWait.FIRST_REQUEST:
                return
            wait, patience_s = HttpWait.NEXT_REQUEST, self._settings.keep_alive_s
        else:
            wait = HttpWait.BODY if self._phase is _BODY else HttpWait.HEAD
            patience_s = self._settings.head_timeout_s
        if wait is self._wait:
            return
        self._wait = wait
        if self._past_limit is None:
            now = self.loop.time()
            self._body_began = now
            self._deadline = now + patience_s
            self._table.waiting.setdefault(self)

    def _check_body_rate(self, now: float) -> None:
        """Refuse a body that comes too slowly; check it again later if it does not."""
        if self.flow.read_paused:  # it is the application that is slow: measure anew
            self._body_began, self._body_bytes = now, 0
        if self._body_bytes < (now - self._body_began) * self._settings.min_body_rate_bytes:
            self._refuse(limits.BODY_TIMEOUT)
        else:
            self._deadline = now + 1

    def _refuse(self, refusal: HttpRefusal) -> None:
        """Answer with a refusal where an answer is owed, and close the connection."""
        self._table.report(refusal, self._host)
        self._is_over = True
        self._held = b""
        self._table.waiting.pop(self, None)
        self._wait, self._deadline = HttpWait.CLOSE, math.inf
        is_own_answer = self._phase is _BODY
        if self.is_answering:
            if not is_own_answer:  # to an earlier request: it is finished first
                self.cycle.keep_alive = False
                return
            if self.cycle.response_started or self.pipeline:
                self.transport.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        elif is_own_answer:  # the answer has been given, though the body is not all here
            self.transport.close()
            return
        if refusal.status is None:
            self.transport.close()
        else:
            self._say(refusal, refusal.status)

    def _say(self, refusal: HttpRefusal, status: HTTPStatus) -> None:
        """Send a refusal, and drop input for a moment: unread input makes close() send RST."""
        fields = b"".join(b"%s: %s\r\n" % field for field in self.server_state.default_headers)
        is_head = self.parser.get_method() == b"HEAD"
        self.transport.write(STATUS_LINE[status] + fields + refusal.encode_fields(with_body=not is_head))
        self.transport.write_eof()
        self.flow.is_holding = False  # type: ignore[attr-defined]
        self.flow.resume_reading()
        self._deadline = self.loop.time() + limits.LINGER_S
        if self._past_limit is None:
            self._table.waiting[self] = None
