"""HTML -> the lines that a reader sees, the links in them, and the lines that are hidden.

A scanner of tags, not a tree: one pass, in linear time and memory on any input. The decision record
0012-one-finder-of-codes.md says which parsers were tried instead.
"""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, cast

from edgemail.mime.finder.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LABEL_MAX = 1_600
ANCHORS_MAX = 2_000
LABELS_MAX = 4
_STYLE_MAX = 300
ROWS_MAX = 20_000
"""Lines that are kept of a body: the shortest ones take 60 octets each."""

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
_ATTRIBUTE = re.compile(
    r"(?<![a-z0-9_-])([a-z][a-z0-9_-]*+)[ \t\r\n]*+=[ \t\r\n]*+(?:\"([^\"]*)\"|'([^']*)'|([^ \t\r\n\"'>]+))",
    re.IGNORECASE,
)
_LABELS = frozenset({"aria-label", "title", "alt"})
_BUTTON = re.compile(r"background|border-radius|bgcolor|\bbtn|button|\bcta", re.IGNORECASE)
_HIDDEN = re.compile(
    r"display[ ]?:[ ]?none|visibility[ ]?:[ ]?hidden|mso-hide[ ]?:[ ]?all|font-size[ ]?:[ ]?0(?![.1-9])"
    r"|max-height[ ]?:[ ]?0(?![.1-9])|opacity[ ]?:[ ]?0(?![.1-9])|[ \t\r\n\"']hidden(?:[ \t\r\n>=]|$)",
    re.IGNORECASE,
)
_BREAKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "li", "main",
    "nav", "ol", "p", "pre", "section", "table", "tbody", "tr", "ul",
})  # fmt: skip
_GAPS = frozenset({"td", "th"})
_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Stand in the text where a link begins and ends. Both are for private use, and taken out of what comes in."""
_MARKS = re.compile(f"[{_OPEN}{_CLOSE}]")
_SPACES = re.compile(" {2,}")


@dataclass(slots=True)
class Anchor:
    """A link of a message, with its place among the lines."""

    href: str
    text: str = ""
    label: str = ""
    """What images and attributes say of it."""
    is_button: bool = False
    row: int = 0
    before: str = ""
    """What stands before it on its line."""
    after: str = ""
    links_in_row: int = 0
    is_bare: bool = False
    """The address itself is what a reader sees."""


@dataclass(frozen=True, slots=True)
class Page:
    """What HTML says: its lines, those that nobody sees, and its links."""

    rows: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)

    @property
    def link_rows(self) -> frozenset[int]:
        """The lines that are links and nothing else."""
        return frozenset(one.row for one in self.anchors if one.text and not one.before and not one.after.strip())

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.rows)


def html_to_text(html: str) -> str:
    """Give what a reader sees of HTML, a line for each block."""
    return scan(html).text


def scan(html: str) -> Page:
    """Read HTML. An element that is left open lasts to the end."""
    if not html.isascii():
        html = _MARKS.sub("", html)
    scanner = _Scanner()
    place = 0
    for tag, end in _tags(html):
        scanner.say(html[place : tag.start()])
        place = end
        if tag[3]:
            scanner.see(tag[3].lower(), is_end=bool(tag[2]), attributes=html[tag.start(4) : end])
    scanner.say(html[place:])
    return scanner.finish()


def _tags(html: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield each tag and where it ends, which is behind the match if the tag has hundreds of values."""
    end = 0
    while tag := _TAG.search(html, end):
        end = tag.end()
        while html[end - 1] != ">" and html.startswith("=", end):
            end = cast("re.Match[str]", _MORE_VALUES.match(html, end)).end()
        yield tag, end


def _is_hidden(attributes: str) -> bool:
    return _looks_hidden(attributes) if len(attributes) <= _STYLE_MAX else bool(_HIDDEN.search(attributes))


@lru_cache(maxsize=1_024)
def _looks_hidden(attributes: str) -> bool:
    """Remember the styles that a newsletter repeats in each of its cells."""
    return bool(_HIDDEN.search(attributes))


def _value(attribute: re.Match[str]) -> str:
    return attribute[2] or attribute[3] or attribute[4] or ""


class _Scanner:
    """Takes tags and the text between them."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._hidden: list[str] = []
        self._anchors: list[Anchor] = []
        self._is_open = False
        self._hiding = ""
        self._depth = 0

    def say(self, text: str) -> None:
        """Take text."""
        if text:
            (self._hidden if self._hiding else self._seen).append(text)

    def see(self, name: str, *, is_end: bool, attributes: str) -> None:
        """Take a tag."""
        gap = "\n" if name in _BREAKS else " " if name in _GAPS else ""
        if self._hiding:
            self._hidden.append(gap)
            if name == self._hiding:
                self._depth += -1 if is_end else 1
                self._hiding = self._hiding if self._depth else ""
            return
        if gap:
            self._seen.append(gap)
        if not is_end and len(attributes) > 6 and name not in _VOID and _is_hidden(attributes):
            self._hiding, self._depth = name, 1
        elif name == "a":
            self._anchor(is_end=is_end, attributes=attributes)
        elif name == "img" and self._is_open:
            found = _ATTRIBUTE.finditer(attributes)
            self._add_labels(islice((_value(one) for one in found if one[1].lower() in _LABELS), LABELS_MAX))

    def _anchor(self, *, is_end: bool, attributes: str) -> None:
        if self._is_open:
            self._seen.append(_CLOSE)
            self._is_open = False
        if is_end or len(self._anchors) >= ANCHORS_MAX:
            return
        href: str | None = None
        labels: list[str] = []
        for found in _ATTRIBUTE.finditer(attributes):
            name = found[1].lower()
            if name == "href" and href is None:
                href = _value(found)
            elif name in _LABELS and len(labels) < LABELS_MAX:
                labels.append(_value(found))
        if href is not None:
            self._seen.append(_OPEN)
            self._is_open = True
            self._anchors.append(Anchor(unescape(href), is_button=bool(_BUTTON.search(attributes))))
            self._add_labels(labels)

    def _add_labels(self, labels: Iterable[str]) -> None:
        anchor = self._anchors[-1]
        for label in labels:
            if label and len(anchor.label) < LABEL_MAX:
                anchor.label = f"{anchor.label} {visible(unescape(label[:LABEL_MAX]))}".strip()

    def finish(self) -> Page:
        """Give what was seen."""
        text = visible(unescape("".join(self._seen)))
        rows: list[str] = []
        place = _HtmlPlace(self._anchors)
        for line in _split(_SPACES.sub(" ", text)):
            row = line.strip(" ")
            if _OPEN in line or _CLOSE in line:
                row = _SPACES.sub(" ", _MARKS.sub("", line)).strip(" ")
                place.take(line, row, len(rows))
            elif place.is_open:
                place.take(line, row, len(rows))
            if row and len(rows) < ROWS_MAX:
                rows.append(row)
        return Page(rows, rows_of(unescape("".join(self._hidden))), self._anchors)


class _HtmlPlace:
    """Finds the lines that each link stands in."""

    def __init__(self, anchors: list[Anchor]) -> None:
        self._anchors = anchors
        self._next = 0
        self._open: Anchor | None = None

    @property
    def is_open(self) -> bool:
        """True within a link."""
        return self._open is not None

    def take(self, line: str, row: str, number: int) -> None:
        """Look at the next line: `row` is what a reader sees of it."""
        here = []
        done = 0
        for mark in _MARKS.finditer(line):
            self._write(line[done : mark.start()])
            done = mark.end()
            if mark[0] == _CLOSE:
                if self._open:
                    self._open.after = _MARKS.sub("", line[done : done + 200])
                self._open = None
            elif self._next < len(self._anchors):
                self._open = self._anchors[self._next]
                self._next += 1
                self._open.row = number
                self._open.before = _MARKS.sub("", line[max(0, mark.start() - 300) : mark.start()]).strip(" ")
                here.append(self._open)
        self._write(line[done:])
        if self._open and not self._open.text and not row:
            self._open.row = number
        for anchor in here:
            anchor.links_in_row = len(here)

    def _write(self, text: str) -> None:
        if self._open and len(self._open.text) < LABEL_MAX:
            self._open.text = f"{self._open.text} {text}".strip(" ")


def rows_of(text: str) -> list[str]:
    """Give the first `ROWS_MAX` lines of a text that are not empty, their spaces folded."""
    lines = _split(_SPACES.sub(" ", visible(text)))
    return list(islice((row for line in lines if (row := line.strip(" "))), ROWS_MAX))


def _split(text: str) -> Iterator[str]:
    """Give the lines one by one: a list of a megabyte's would take 60 MB."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z0-9]{2,31});")


def unescape(text: str) -> str:
    """Decode the entities that a semicolon ends."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    found = entities.unescape(entity[0])
    return "\ufffd" if found in {_OPEN, _CLOSE} or "\ud800" <= found[:1] <= "\udfff" else found
