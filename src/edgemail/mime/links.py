"""Finds the web links of a message, and those that confirm something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgemail.mime.markup import visible
from edgemail.mime.words import WORDS, lower, pattern
from edgemail.model import Link

if TYPE_CHECKING:
    from edgemail.mime.markup import Page

LINKS_MAX = 200
URL_MAX = 8_192
TEXT_MAX = 200
PATH_MAX = 1_000

_WEB = re.compile(r"[Hh][Tt]{2}[Pp][Ss]?://[^/?#]")
_SCHEME = re.compile("[Hh][Tt]{2}[Pp][Ss]?$")
_BARE = re.compile('://[^\x00-\x20\x7f-\xa0<>"`{}|\\\\^\u2000-\u206f\u3000-\u303f\uff00-\uffef\ufff0-\uffff]+')
_JUNK = re.compile("[\x00-\x20\x7f-\x9f\ud800-\udfff]")
_OPENINGS = {")": "(", "]": "["}
_CAMEL = re.compile("([a-z])([A-Z])")

_PATH = re.compile(f"(?<![a-z])({'|'.join(WORDS['path'])})(?![a-z])")
_SIGN_IN = re.compile("(?<![a-z])((?:sign|log)-?in)(?![a-z])[^?=]*[?=]")


def find_links(page: Page | None, text: str) -> tuple[Link, ...]:
    """List each http and https link once, at most `LINKS_MAX`: of the HTML first, then bare ones of the text."""
    links: dict[str, Link] = {}
    for anchor in page.anchors if page else ():
        _add(links, _JUNK.sub("", anchor.href), " ".join(visible(anchor.text[: TEXT_MAX * 8]).split())[:TEXT_MAX])
    for bare in _BARE.finditer(text):
        scheme = _SCHEME.search(text, max(0, bare.start() - 5), bare.start())
        if scheme:
            _add(links, _trim(scheme[0] + bare[0]), "")
    return tuple(links.values())


def _add(links: dict[str, Link], url: str, text: str) -> None:
    if len(url) > URL_MAX or not _WEB.match(url):
        return
    known = links.get(url)
    if known is None and len(links) >= LINKS_MAX:
        return
    if known is None or not known.reason:
        link = Link(url, text, _reason(url, text))
        if known is None or link.reason:
            links[url] = link


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


def _reason(url: str, text: str) -> str:
    """Say why a link looks like one to confirm something, or nothing."""
    slash = url.find("/", 8)
    path = _CAMEL.sub(r"\1-\2", url[slash:][:PATH_MAX]) if slash > 0 else ""
    path = lower(path)
    if pattern("not").search(lower(text)) or pattern("not").search(path):
        return ""
    said = pattern("says").search(lower(text))
    if said:
        return f"its text says “{text[said.start() : said.end()]}”"
    found = _PATH.search(path) or _SIGN_IN.search(path)
    if found:
        return f"its address has “{found[1]}”"
    return ""
