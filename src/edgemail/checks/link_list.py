"""Finds the links of a message that a check asks: those of its HTML, then those of its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgemail import mime
from edgemail.checks.html_check import HTML_MAX
from edgemail.checks.html_tokens import read_html_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgemail.model import ParsedMessage

LINKS_MAX: Final = 100
"""The most links of a message that are asked."""

_COUNTED_MAX: Final = 10_000
_URL_MAX: Final = 2_000
_ATTRIBUTES: Final = {"a": "href", "area": "href", "img": "src", "link": "href"}


def list_links(data: bytes) -> tuple[tuple[tuple[str, ...], int], Sequence[bytes]]:
    """Return the first links of a message, each once, and how many more it has. Call it in a worker thread."""
    found: dict[str, None] = {}
    for url in _find_links(mime.read(data)):
        if len(url) <= _URL_MAX and url.lower().startswith(("http://", "https://")):
            found[url] = None
            if len(found) >= _COUNTED_MAX:
                break
    links = tuple(found)
    return (links[:LINKS_MAX], len(links[LINKS_MAX:])), ()


def _find_links(message: ParsedMessage) -> Iterator[str]:
    for token in read_html_tokens((message.html or "")[:HTML_MAX]):
        if token.kind != "tag" or token.text not in _ATTRIBUTES:
            continue
        if token.text == "link" and "stylesheet" not in token.value("rel").lower():
            continue
        yield token.value(_ATTRIBUTES[token.text]).strip()
    for link in message.links:
        yield link.url
