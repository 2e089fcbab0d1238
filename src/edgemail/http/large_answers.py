"""Answers that may be large: written off the event loop and sent piece by piece, so that nobody else waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi.responses import Response, StreamingResponse
from pydantic_core import to_json

from edgemail.http import models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from edgemail.model import ListedMail, ParsedMessage

_WRITTEN = 64 * 1024
"""Characters: while they are written the interpreter's lock is held."""

_SENT = 256 * 1024
"""Octets: while they are sent nobody else has a turn."""


def write_message(listed: ListedMail, content: ParsedMessage) -> bytes:
    """Write a `models.WholeMessageModel` as JSON; for a thread."""
    message = models.WholeMessageModel.of_content(listed, content)
    rest = message.model_dump_json(by_alias=True, exclude={"text", "html"}).encode()
    pieces = [rest.removesuffix(b"}")]
    for name, value in (("text", content.text), ("html", content.html)):
        pieces.append(f',"{name}":'.encode())
        pieces += [b"null"] if value is None else _write_text(value)
    return b"".join([*pieces, b"}"])


def answer(octets: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """Answer with octets as they are."""
    if len(octets) <= _SENT:
        return Response(octets, media_type=media_type, headers=dict(headers))

    async def give() -> AsyncIterator[bytes]:
        for start in range(0, len(octets), _SENT):
            await asyncio.sleep(0)
            yield octets[start : start + _SENT]

    return StreamingResponse(give(), media_type=media_type, headers={**headers, "content-length": str(len(octets))})


def _write_text(text: str) -> Sequence[bytes]:
    """Write a JSON string."""
    starts = range(0, len(text), _WRITTEN)
    return [b'"', *(to_json(text[start : start + _WRITTEN])[1:-1] for start in starts), b'"']
