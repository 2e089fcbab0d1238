"""The bodies of a message as a browser opens them: its HTML in a sandbox, and its text."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from edgemail.mime.message import Message
from edgemail.mime.page_text import write_page_text

if TYPE_CHECKING:
    from collections.abc import Sequence

SANDBOX: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)
"""The page is hostile, and it is served where the API is: it runs, sends and fetches nothing."""

PAGE_TEXT_MAX: Final = 1024 * 1024
"""Text is made of so many characters of HTML."""

_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif"})
SAFE_TYPES: Final = _IMAGES | {"text/plain", "text/csv", "text/calendar", "text/vcard", "text/markdown"}
"""What a browser shows without running anything in it."""

_SHOWN_MAX_BYTES: Final = 16 * 1024 * 1024
"""Images are put into the page up to so many octets, as often as it shows them. The others are not shown."""

_REFERENCE: Final = re.compile(r"cid:([^\"'\s<>)\\]{1,300})", re.IGNORECASE)
_PIECE: Final = 256 * 1024


def write_page(data: bytes) -> tuple[bool, Sequence[bytes]]:
    """Write the HTML with its images in it; False stands for a message without HTML."""
    html = show_images(Message(data))
    return bool(html), _encode(html)


def show_images(message: Message) -> str:
    """Return the HTML with its images in it, "" for none."""
    html = message.html or ""
    if not _REFERENCE.search(html):
        return html
    images: dict[str, str] = {}
    for _, about, octets in message.numbered_files():
        if about.content_id and about.type in _IMAGES and about.content_id not in images:
            images[about.content_id] = f"data:{about.type};base64,{base64.b64encode(octets).decode()}"
    return _put_in(html, images)


def write_text(data: bytes) -> tuple[None, Sequence[bytes]]:
    """Write the text, or what the HTML says."""
    message = Message(data)
    text = message.text or ""
    if message.html and not text.strip():
        text = write_page_text(message.html[:PAGE_TEXT_MAX])
    return None, _encode(text)


def _put_in(html: str, images: dict[str, str]) -> str:
    """Put each image where the page refers to it, as long as all of them together are not too large."""
    left = _SHOWN_MAX_BYTES

    def show(reference: re.Match[str]) -> str:
        nonlocal left
        image = images.get(reference[1]) or images.get(unquote(reference[1]))
        if image is None or len(image) > left:
            return reference[0]
        left -= len(image)
        return image

    return _REFERENCE.sub(show, html)


def _encode(text: str) -> Sequence[bytes]:
    return [text[start : start + _PIECE].encode("utf-8", "replace") for start in range(0, len(text), _PIECE)]
