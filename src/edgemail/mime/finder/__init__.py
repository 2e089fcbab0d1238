"""Finds the one-time codes and the links of a message, and says which links confirm something.

This is the only finder: every listing, the page, the API and the command show what it found. It is made for
hostile input: time and memory are linear in what it is given, and the work on what looks like a code is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgemail.mime.finder.codes import CODES_MAX, SURE, Found, find_codes
from edgemail.mime.finder.confirmations import CONFIRMATIONS_MAX, pick_confirmations
from edgemail.mime.finder.labels import lines_of
from edgemail.mime.finder.lexicon import load_words
from edgemail.mime.finder.links import LINKS_MAX, list_links
from edgemail.mime.finder.page import Page, html_to_text, scan
from edgemail.mime.finder.visible import visible
from edgemail.model import Code, Link

__all__ = [
    "CODES_MAX",
    "CONFIRMATIONS_MAX",
    "LINKS_MAX",
    "Findings",
    "find",
    "html_to_text",
    "load_words",
    "visible",
]


@dataclass(frozen=True, slots=True)
class Findings:
    """What there is to find in a message."""

    codes: tuple[Code, ...]
    """At most `CODES_MAX`, best first."""
    links: tuple[Link, ...]
    """Every http and https link once, in order, at most `LINKS_MAX`. Only confirmation links have a reason."""
    confirmations: tuple[Link, ...]
    """At most `CONFIRMATIONS_MAX`, best first."""
    shown: str
    """What a person sees as text: the text part, or the HTML as text."""
    page_text: str
    """The HTML as text; ``""`` without HTML."""


def find(
    subject: str, sender: str, text: str | None, html: str | None, *, codes: tuple[Code, ...] | None = None
) -> Findings:
    """Find codes and links. `sender` is the From: field, `text` and `html` are the bodies, None where absent.

    The caller cuts the bodies: the time is in proportion to their length. Who knows the codes gives them.
    """
    text = "" if text is None or text.isspace() else text
    page = scan(html) if html else None
    listed = list_links(page, text)
    confirmations = tuple(pick_confirmations(listed, subject, sender))
    reasons = {link.url: link.reason for link in confirmations}
    return Findings(
        codes=_find_codes(subject, sender, text, page) if codes is None else codes,
        links=tuple(Link(link.url, link.text, reasons.get(link.url, "")) for link in listed),
        confirmations=tuple(replace(link) for link in confirmations),
        shown=text or (page.text if page else ""),
        page_text=page.text if page else "",
    )


def _find_codes(subject: str, sender: str, text: str, page: Page | None) -> tuple[Code, ...]:
    found = find_codes(subject, lines_of(text), sender)
    if page and (not found or found[0].score < SURE):
        found = _merge(found, find_codes(subject, lines_of(page.text), sender))
        if not found and page.hidden:
            found = find_codes(subject, page.hidden[:20], sender)
    return tuple(candidate.code for candidate in found[:CODES_MAX])


def _merge(codes: list[Found], others: list[Found]) -> list[Found]:
    """Take the codes of the body whose best is the surer one."""
    if codes and others:
        return codes if codes[0].score >= others[0].score else others
    return codes or others
