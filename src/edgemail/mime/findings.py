"""What is found in a message's text: codes, links, and the text that a person sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from edgemail.mime.codes import find_codes
from edgemail.mime.links import find_links
from edgemail.mime.markup import scan

if TYPE_CHECKING:
    from edgemail.model import Code, Link


class Findings(NamedTuple):
    """What `find` found."""

    codes: tuple[Code, ...]
    links: tuple[Link, ...]
    """All web links in order."""
    confirmations: tuple[Link, ...]
    """The best one first."""
    shown: str
    """What a person sees as text: the HTML as text where there is no text."""


def find(subject: str, sender: str, text: str | None, html: str | None) -> Findings:  # noqa: ARG001
    """Look for codes and links."""
    page = scan(html) if html else None
    shown = "" if text is None or text.isspace() else text
    codes = find_codes(subject, shown)
    if page and not (codes and shown):
        codes = codes or find_codes(subject, page.text)
        shown = shown or page.text
    links = find_links(page, text or "")
    return Findings(codes, links, tuple(link for link in links if link.reason), shown)
