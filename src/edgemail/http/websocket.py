"""uvicorn's websocket protocol on a connection that HTTP has counted, with bounds on both directions.

Websockets here only tell of news: what a peer says is dropped.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import Any

    from uvicorn import Config
    from uvicorn.server import ServerState
    from websockets.frames import Frame

_log = logging.getLogger(__name__)
_log.setLevel(logging.WARNING)  # uvicorn would log each connection with its target

_INPUT_MAX_BYTES: Final = 64 * 1024
"""The most octets that a peer may send between two checks of the time."""

_FRAMES_MAX: Final = 32
"""The most frames that a peer may send at once; one more with each check of the time. The shortest have
six octets, and each takes as long as a thousand octets."""

_PIECE_BYTES: Final = 256
"""The most octets that are parsed before the frames are counted."""

_OUTPUT_BYTES: Final = 16 * 1024
"""The most octets that wait for a peer before its next frame has to wait. A frame may be longer."""

_SLOW_S: Final = 30.0
"""A peer that has not taken all of its frames for this long is dropped."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One connection after its upgrade.

    Nothing that a peer sends is kept. A peer that does not read is not read from either, so that its
    pings make no pile of pongs, and is dropped after a while.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        leave: Callable[[Exception | None], None],
    ) -> None:
        """`leave` is called once the connection is lost."""
        super().__init__(config, server_state, app_state)
        self.logger = _log
        self._leave = leave
        self._input_bytes = self._input_frames = 0
        self._waiting_since: float | None = None

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_OUTPUT_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back what the connection holds."""
        super().connection_lost(exc)
        self._leave(exc)

    def data_received(self, data: bytes) -> None:
        """Read frames, unless there are too many."""
        self._input_bytes += len(data)
        if self._input_bytes > _INPUT_MAX_BYTES:
            self.transport.abort()
            return
        for start in range(0, len(data), _PIECE_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + _PIECE_BYTES])
            if self._input_frames > _FRAMES_MAX:
                self.transport.abort()

    def eof_received(self) -> None:
        """Close: a peer that has ended its side cannot answer a ping."""

    def pause_writing(self) -> None:
        """Read nothing either while the peer does not read."""
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        if not self.transport.is_closing():
            self.transport.resume_reading()

    # What the frames call

    def handle_text(self, _: Frame) -> None:
        """Drop a message."""
        self._input_frames += 1

    def handle_bytes(self, _: Frame) -> None:
        """Drop a message."""
        self._input_frames += 1

    def handle_cont(self, _: Frame) -> None:
        """Drop a piece of a message."""
        self._input_frames += 1

    def handle_ping(self) -> None:
        """Answer a ping."""
        self._input_frames += 1
        super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Note that the peer is there."""
        self._input_frames += 1
        super().handle_pong(event)

    def handle_parser_exception(self) -> None:
        """Close a connection whose handshake or frames are not valid."""
        if self.conn.close_sent is None and not self.handshake_initiated:
            response = self.conn.reject(400, "this is not a valid websocket handshake\n")
            self.conn.send_response(response)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = self.handshake_complete = True
            self.transport.close()
        elif self.conn.close_sent is None:
            self.transport.abort()
        else:
            super().handle_parser_exception()

    # What the server calls

    def check_time(self, now: float) -> None:
        """Drop a peer that takes its frames too slowly."""
        self._input_bytes = 0
        self._input_frames = max(0, self._input_frames - 1)
        if not self.transport.get_write_buffer_size():
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        elif now - self._waiting_since > _SLOW_S:
            self.transport.abort()
