"""A list of whole messages: each is made, sent and dropped before the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from edgemail.errors import EdgemailError, MessageNotFound
from edgemail.http.answers import cut_off

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from edgemail.mailbox.results import Result
    from edgemail.model import ListedMail

_TOGETHER_BYTES: Final = 64 * 1024
"""Small documents are sent together up to so many octets."""


@dataclass(frozen=True, slots=True)
class Document:
    """A message as JSON: what is said beside its content, and its content, None where that is all."""

    beginning: bytes
    content: Result[Any] | None = None


async def make_documents(
    listed: AsyncIterator[ListedMail], make: Callable[[ListedMail], Awaitable[Document | None]]
) -> AsyncGenerator[Document, None]:
    """Yield the document of each message, without those that were deleted meanwhile."""
    async for message in listed:
        try:
            document = await make(message)
        except MessageNotFound:
            continue
        if document is not None:
            yield document


async def list_documents(
    documents: AsyncGenerator[Document, None], head: bytes, end: Callable[[int], bytes], media_type: str
) -> Response:
    """Answer with all documents between `head` and what `end` makes of their number.

    The first one is made at once, so that what fails is answered with an error.
    """
    first = await anext(documents, None)
    return _DocumentList(first, documents, head, end, media_type)


class _DocumentList(Response):
    """A JSON document that holds messages."""

    def __init__(
        self,
        first: Document | None,
        rest: AsyncGenerator[Document, None],
        head: bytes,
        end: Callable[[int], bytes],
        media_type: str,
    ) -> None:
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self._first = first
        self._rest = rest
        self._head = head
        self._end = end
        self.init_headers({})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the list; close the connection where a message cannot be read."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        together = bytearray(self._head)
        count = 0
        try:
            async for piece in self._read_pieces():
                if piece is None:
                    count += 1
                    continue
                together += piece
                if len(together) >= _TOGETHER_BYTES:
                    await send({"type": "http.response.body", "body": bytes(together), "more_body": True})
                    together.clear()
        except EdgemailError:
            await cut_off(scope, receive)
            return
        together += self._end(count)
        await send({"type": "http.response.body", "body": bytes(together), "more_body": False})

    async def _read_pieces(self) -> AsyncIterator[bytes | None]:
        """Yield the octets of all documents, with commas between them, and None behind each."""
        document, self._first = self._first, None
        comma = b""
        while document is not None:
            yield comma + document.beginning
            if document.content is not None:
                async for piece in document.content.read_pieces():
                    yield piece
            yield None
            comma, document = b",", None  # what it holds is free before the next one is made
            document = await anext(self._rest, None)
