"""The transport of one response: its head and the beginning of its body are one write.

uvicorn writes them one by one. Each write is a system call and a packet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


class ResponseTransport:
    """The part of a transport that uvicorn's response cycle uses.

    What is written first is held until the next write, the end of the response, or the next turn of
    the event loop, whichever comes first.
    """

    __slots__ = ("_first", "_is_begun", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._first = b""
        self._is_begun = False

    def write(self, data: bytes) -> None:
        """Write octets, behind those that are held."""
        if not data:  # asyncio's `writelines` would try to send it for ever (Python 3.12 and later)
            return
        if self._first:
            first, self._first = self._first, b""
            self._transport.writelines((first, data))
        elif self._is_begun:
            self._transport.write(data)
        else:
            self._is_begun = True
            self._first = data
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what is held."""
        if self._first and not self._transport.is_closing():
            first, self._first = self._first, b""
            self._transport.write(first)

    def is_closing(self) -> bool:
        """Return True if the connection is closed, or is about to be."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection once all is sent."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()
