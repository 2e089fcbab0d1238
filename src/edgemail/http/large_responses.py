"""Responses that may be large: serialised in a thread and sent in chunks, so nothing blocks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi.responses import Response, StreamingResponse
from pydantic_core import to_json

from edgemail.http import models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from edgemail.model import ListedMail, ParsedMessage

_SLICE_CHARACTERS = 64 * 1024
"""Characters serialised per call: each call holds the GIL."""

_CHUNK_BYTES = 256 * 1024
"""Octets sent per turn of the event loop."""


def serialize_message(listed: ListedMail, content: ParsedMessage) -> bytes:
    """Serialise a `models.WholeMessageModel` as JSON. Call it in a worker thread."""
    message = models.WholeMessageModel.of_content(listed, content)
    rest = message.model_dump_json(by_alias=True, exclude={"text", "html"}).encode()
    pieces = [rest.removesuffix(b"}")]
    for name, value in (("text", content.text), ("html", content.html)):
        pieces.append(f',"{name}":'.encode())
        pieces += [b"null"] if value is None else _serialize_text(value)
    return b"".join([*pieces, b"}"])


def build_response(octets: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """Build a response with these octets as its body."""
    if len(octets) <= _CHUNK_BYTES:
        return Response(octets, media_type=media_type, headers=dict(headers))

    async def send_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(octets), _CHUNK_BYTES):
            await asyncio.sleep(0)
            yield octets[start : start + _CHUNK_BYTES]

    return StreamingResponse(
        send_chunks(), media_type=media_type, headers={**headers, "content-length": str(len(octets))}
    )


def _serialize_text(text: str) -> Sequence[bytes]:
    """Serialise a JSON string, slice by slice."""
    starts = range(0, len(text), _SLICE_CHARACTERS)
    return [b'"', *(to_json(text[start : start + _SLICE_CHARACTERS])[1:-1] for start in starts), b'"']
