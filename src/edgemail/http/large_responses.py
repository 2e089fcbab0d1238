"""Responses that may be large: their octets are read piece by piece, as the client takes them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.responses import Response
from pydantic_core import to_json

from edgemail.errors import EdgemailError
from edgemail.http import models
from edgemail.http.answers import cut_off

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from edgemail.model import ParsedMessage, StoredMail

_SLICE_CHARACTERS = 64 * 1024
"""Characters serialised per call: each call holds the GIL."""


def serialize_content(content: ParsedMessage, size: int) -> Sequence[bytes]:
    """Serialise a parsed message of `size` octets.

    Behind `{` it is a `models.AttachedMessageModel` as JSON, and behind `serialize_envelope` a
    `models.WholeMessageModel`. Call it in a worker thread.
    """
    message = models.AttachedMessageModel.of_content(content, size)
    rest = message.model_dump_json(by_alias=True, exclude={"text", "html"}).encode()
    pieces = [rest.removeprefix(b"{").removesuffix(b"}")]
    for name, value in (("text", content.text), ("html", content.html)):
        pieces.append(f',"{name}":'.encode())
        pieces += [b"null"] if value is None else serialize_text(value)
    return [*pieces, b"}"]


def serialize_envelope(mail: StoredMail) -> bytes:
    """Serialise the beginning of a message: what its reader may know of the envelope."""
    return models.EnvelopeModel.model_validate(mail).model_dump_json(by_alias=True).encode()[:-1] + b","


async def build_response(
    pieces: AsyncIterator[bytes], size: int, media_type: str, headers: Mapping[str, str], *, before: bytes = b""
) -> Response:
    """Build a response whose body is `before` and then `size` octets in pieces.

    The first piece is read at once, so that what fails is answered with an error.
    """
    first = before + await anext(pieces, b"")
    if len(first) == len(before) + size:
        await anext(pieces, b"")  # a generator that is not at its end costs a task that ends it
        return Response(first, media_type=media_type, headers=dict(headers))
    return _PiecesResponse(first, pieces, len(before) + size, media_type, headers)


class _PiecesResponse(Response):
    """A response that reads its body while it sends it."""

    def __init__(
        self, first: bytes, pieces: AsyncIterator[bytes], size: int, media_type: str, headers: Mapping[str, str]
    ) -> None:
        self._first = first
        self._pieces = pieces
        self.status_code = HTTPStatus.OK
        self.media_type = media_type
        self.background = None
        self.init_headers({**headers, "content-length": str(size)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body; close the connection where a piece cannot be read."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        first, self._first = self._first, b""
        await send({"type": "http.response.body", "body": first, "more_body": True})
        del first
        try:
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except EdgemailError:  # deleted meanwhile, or the store failed: the client sees a body cut short
            await cut_off(scope, receive)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def serialize_text(text: str) -> Sequence[bytes]:
    """Serialise a JSON string, slice by slice. Call it in a worker thread."""
    starts = range(0, len(text), _SLICE_CHARACTERS)
    return [b'"', *(to_json(text[start : start + _SLICE_CHARACTERS])[1:-1] for start in starts), b'"']
