"""HTML -> what a reader sees of it, as text; and text without what nobody sees.

Good enough for previews, codes and links, in one pass and in linear time on any input.
`web/src/reader/codes.ts` does the same, step by step; `tests/vectors/codes.json` binds both.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from edgemail.mime.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

# A repeated group keeps some 400 octets on the regex stack for each repeat. `_tags` goes on after so many.
_VALUES = r"(?:=[ \t\r\n]*(?:\"[^\"]*\"|'[^']*'|)[^>=]*){0,100}>?"
_MORE_VALUES = re.compile(_VALUES)
# A comment, an element that shows nothing, a declaration, or a tag.
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|title|template|noscript)(?![a-z0-9-])[^>]*>.*?(?:</\1[ \t\r\n]*>|\Z)"
    r"|<[!?][^>]*>?"
    rf"|<(/?)([a-z][a-z0-9]*)([^>=]*{_VALUES})",
    re.IGNORECASE | re.DOTALL,
)
_HREF = re.compile(
    r"(?<![a-z0-9_-])href[ \t\r\n]*=[ \t\r\n]*(?:\"([^\"]*)\"|'([^']*)'|([^ \t\r\n\"'>]+))", re.IGNORECASE
)
_BREAKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "li", "main",
    "nav", "ol", "p", "pre", "section", "table", "tbody", "tr", "ul",
})  # fmt: skip
_GAPS = frozenset({"td", "th"})

_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9a-f]{1,6})|([a-z0-9]{2,8}));", re.IGNORECASE)
_ACCENTED = re.compile(f"([A-Za-z])({'|'.join(WORDS['accents'])})")

# Soft hyphens, joiners and fillers that pad a preview, marks of direction, and lone surrogates.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ud800-\udfff]"
)
_JOINERS = re.compile("[\u200c\u200d]{2,}|(?<=[ \u00a0\n])[\u200c\u200d]|[\u200c\u200d](?=[ \u00a0\n])")
_SPACES = re.compile("[\u0085\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_ENDS = re.compile("[\u2028\u2029]")
_CONTROLS = dict.fromkeys(map(ord, "\t\x0b\x0c\x1c\x1d\x1e\x1f"), " ")
_DIGITS = re.compile("[\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link as HTML has it: the value of `href` and the text inside, neither folded nor cut."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What HTML says: its text, a line for each block, and its links."""

    text: str
    anchors: tuple[Anchor, ...]


def scan(html: str) -> Page:
    """Read HTML. Left open, an element that shows nothing lasts to the end."""
    seen: list[str] = []
    anchors: list[Anchor] = []
    href: str | None = None
    opened = place = 0
    for tag, end in _tags(html):
        seen.append(html[place : tag.start()])
        place = end
        name = (tag[3] or "").lower()
        if name in _BREAKS:
            seen.append("\n")
        elif name in _GAPS:
            seen.append(" ")
        elif name == "a":
            if href is not None:
                anchors.append(Anchor(href, unescape("".join(seen[opened:]))))
            found = None if tag[2] else _HREF.search(html, tag.start(4), end)
            href = unescape(found[1] or found[2] or found[3] or "") if found else None
            opened = len(seen)
    seen.append(html[place:])
    if href is not None:
        anchors.append(Anchor(href, unescape("".join(seen[opened:]))))
    return Page(unescape("".join(seen)), tuple(anchors))


def _tags(html: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield each tag and where it ends, which is behind the match if the tag has hundreds of values."""
    end = 0
    while tag := _TAG.search(html, end):
        end = tag.end()
        while html[end - 1] != ">" and html.startswith("=", end):
            end = cast("re.Match[str]", _MORE_VALUES.match(html, end)).end()
        yield tag, end


def unescape(text: str) -> str:
    """Decode the entities that mail uses, where a semicolon ends them."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    if entity[3]:
        accented = _ACCENTED.fullmatch(entity[3])
        if accented:
            return unicodedata.normalize("NFC", accented[1] + WORDS["accents"][accented[2]])
        return str(WORDS["entities"].get(entity[3], entity[0]))
    code = int(entity[1]) if entity[1] else int(entity[2], 16)
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"


def visible(text: str) -> str:
    """Drop what nobody sees; make every space U+0020, every line end a line feed, every digit ASCII."""
    if not text.isascii():
        text = _DIGITS.sub(lambda digit: str(int(digit[0])), text)
        text = _JOINERS.sub("", _INVISIBLE.sub("", text))
        text = _SPACES.sub(" ", _LINE_ENDS.sub("\n", text))
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
