"""Lists the web links of a message, each with what stands around it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgemail.mime.finder.page import Anchor, rows_of
from edgemail.mime.finder.visible import visible

if TYPE_CHECKING:
    from edgemail.mime.finder.page import Page

LINKS_MAX = 200
URL_MAX = 8_192
TEXT_MAX = 200
PLACES_MAX = 4

_WEB = re.compile(r"[Hh][Tt]{2}[Pp][Ss]?://[^/?#]")
_MARK = "://"
_SCHEME = re.compile("[Hh][Tt]{2}[Pp][Ss]?$")
_BARE = re.compile('://[^\x00-\x20\x7f-\xa0<>"`{}|\\\\^\u2000-\u206f\u3000-\u303f\uff00-\uffef\ufff0-\uffff]+')
_JUNK = re.compile("[\x00-\x20\x7f-\x9f\ud800-\udfff]")
_OPENINGS = {")": "(", "]": "["}
_MARKDOWN = re.compile(r"\[(?:!\[([^\[\]]{1,200})\]\([^()]{0,300}\)|([^\[\]]{1,200}))\]\(<?$")
_SENTENCE_END = re.compile(r"[.!?;。！？] |[。！？]|[|•·]")
_WRAPPING = " \t<(\"'“«[*_>:：-–—=→"


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a link in the message."""

    anchor: Anchor
    rows: list[str]
    link_rows: frozenset[int]
    """The lines that are other links and nothing else."""


@dataclass(slots=True)
class Listed:
    """A link, with every place where it stands."""

    url: str
    text: str
    places: list[Place] = field(default_factory=list)


def list_links(page: Page | None, text: str) -> list[Listed]:
    """List each http and https link once, at most `LINKS_MAX`: of the HTML first, then bare ones of the text."""
    links: dict[str, Listed] = {}
    if page:
        link_rows = page.link_rows
        for anchor in page.anchors:
            anchor.text = " ".join(anchor.text.split())
            _add(links, _JUNK.sub("", anchor.href), Place(anchor, page.rows, link_rows))
        _find_bare(links, page.rows)
    if _MARK in text:
        _find_bare(links, rows_of(text))
    return list(links.values())


def _add(links: dict[str, Listed], url: str, place: Place) -> None:
    if len(url) > URL_MAX or not _WEB.match(url):
        return
    known = links.get(url)
    if known is None:
        if len(links) >= LINKS_MAX:
            return
        known = links[url] = Listed(url, "")
    if not known.text and not place.anchor.is_bare and not _is_address(place.anchor.text):
        known.text = place.anchor.text[:TEXT_MAX]
    if len(known.places) < PLACES_MAX:
        known.places.append(place)


def _is_address(text: str) -> bool:
    return bool(_WEB.match(text)) and " " not in text


def _find_bare(links: dict[str, Listed], rows: list[str]) -> None:
    """Take the addresses that stand in the lines themselves."""
    for number, row in enumerate(rows):
        if _MARK not in row:
            continue
        found = [
            (start, _trim(scheme[0] + bare[0]))
            for bare in _BARE.finditer(row.replace("](", "]\n"))  # Markdown: an address ends there
            if (scheme := _SCHEME.search(row, max(0, bare.start() - 5), bare.start()))
            for start in (bare.start() - len(scheme[0]),)
        ]
        for start, url in found:
            if len(links) >= LINKS_MAX and url not in links:
                continue
            _add(links, url, Place(_bare(row, number, start, url, len(found)), rows, frozenset()))


def _bare(row: str, number: int, start: int, url: str, count: int) -> Anchor:
    """Read what a line says of an address in it: `Confirm: https://…`, `[Confirm](https://…)`."""
    before = visible(row[max(0, start - 300) : start])
    markdown = _MARKDOWN.search(before)
    anchor = Anchor(url, row=number, links_in_row=count)
    if markdown:
        anchor.text = (markdown[1] or markdown[2]).strip()
        anchor.before = before[: markdown.start()].strip(" ")
    else:
        anchor.is_bare = True
        anchor.before = before.rstrip(_WRAPPING)
        ends = list(_SENTENCE_END.finditer(anchor.before))
        anchor.label = anchor.before[ends[-1].end() if ends else 0 :].strip(_WRAPPING)[-120:]
    anchor.after = row[start + len(url) : start + len(url) + 200].lstrip(">)]\"' ")
    return anchor


def _trim(url: str) -> str:
    """Cut the punctuation that ends a sentence, and brackets that were opened before the link."""
    url = url[: URL_MAX + 1]
    end = len(url)
    surplus = {close: url.count(close) - url.count(opening) for close, opening in _OPENINGS.items()}
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in ".,;:!?'*_~":
            break
        end -= 1
    return url[:end]
