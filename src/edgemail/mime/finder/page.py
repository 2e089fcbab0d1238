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
_ATTRIBUTE_MIN = len(" alt=x")
ROWS_MAX = 20_000
"""Lines that are kept of a body: the shortest ones take 60 octets each."""

# A repeated group keeps some 400 octets on the regex stack for each repeat. `_end_of_tag` goes on after so many.
_VALUES_MAX = 100
_VALUES = rf"(?:=[ \t\r\n]*+(?:\"[^\"]*+\"|'[^']*+'|)[^>=]*+){{0,{_VALUES_MAX}}}>?"
_MORE_VALUES = re.compile(_VALUES)
# A comment, an element that shows nothing, a declaration, or a tag.
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|title|template|noscript)(?![a-z0-9-])[^>]*>.*?(?:</\1[ \t\r\n]*>|\Z)"
    r"|<[!?][^>]*>?"
    rf"|<(/?[a-z][a-z0-9]*+)[^>=]*+(?:>|{_VALUES})",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"(?<![a-z0-9_-])([a-z][a-z0-9_-]*+)[ \t\r\n]*+=[ \t\r\n]*+(?:\"([^\"]*)\"|'([^']*)'|([^ \t\r\n\"'>]+))",
    re.IGNORECASE,
)
_LABELS = frozenset({"aria-label", "title", "alt"})
# For lower case. Where each choice begins with a letter, `re` looks for these letters first, which is quick.
_BUTTON = re.compile(r"background|border-radius|bgcolor|button|btn(?<!\wbtn)|cta(?<!\wcta)")
_HIDDEN = re.compile(
    "display[ ]?:[ ]?none|visibility[ ]?:[ ]?hidden|mso-hide[ ]?:[ ]?all|font-size[ ]?:[ ]?0(?![.1-9])"
    "|max-height[ ]?:[ ]?0(?![.1-9])|opacity[ ]?:[ ]?0(?![.1-9])|hidden(?<=[ \t\r\n\"']hidden)(?:[ \t\r\n>=]|$)"
)
_BREAKS = (
    "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "li", "main",
    "nav", "ol", "p", "pre", "section", "table", "tbody", "tr", "ul",
)  # fmt: skip
_GAPS = {**dict.fromkeys(_BREAKS, "\n"), "td": " ", "th": " "}
_GAPS |= {f"/{name}": gap for name, gap in _GAPS.items()}
"""The text that takes the place of a tag."""
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
    """Its labels: the texts of its images and attributes."""
    is_button: bool = False
    row: int = 0
    before: str = ""
    """The text before it on its line."""
    after: str = ""
    links_in_row: int = 0
    is_bare: bool = False
    """The address itself is what a reader sees."""


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of an HTML page, those that nobody sees apart, and its links."""

    rows: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)

    @property
    def link_rows(self) -> frozenset[int]:
        """The lines that are links and nothing else."""
        return frozenset(
            anchor.row for anchor in self.anchors if anchor.text and not anchor.before and not anchor.after.strip()
        )

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.rows)


def html_to_text(html: str) -> str:
    """Give what a reader sees of HTML, a line for each block."""
    return scan(html).text


def scan(html: str) -> Page:
    """Read HTML. An element that is left open lasts to the end."""
    scanner = _Scanner()
    scanner.read(_unmark(html))
    return scanner.finish()


def _end_of_tag(html: str, end: int) -> int:
    """Return where a tag ends whose match ended within it, as it has hundreds of values."""
    while html[end - 1] != ">" and html.startswith("=", end):
        end = cast("re.Match[str]", _MORE_VALUES.match(html, end)).end()
    return end


def _unmark(text: str) -> str:
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def _hides(attributes: str) -> bool:
    return _HIDDEN.search(attributes.lower()) is not None


_hides_as_before = lru_cache(maxsize=1_024)(_hides)
"""Remembers the styles that a newsletter repeats in each of its cells."""


def _value(attribute: re.Match[str]) -> str:
    return attribute[2] or attribute[3] or attribute[4] or ""


class _Scanner:
    """Takes tags and the text between them."""

    def __init__(self) -> None:
        self._seen = [""]
        self._hidden = [""]
        self._into = self._seen
        self._anchors: list[Anchor] = []
        self._is_open = False
        self._hiding = ""
        self._depth = 0

    def read(self, html: str) -> None:
        """Take all tags. Newsletters have thousands, so little is done for one that means nothing."""
        place = 0
        into = self._into
        tags = _TAG.finditer(html)
        while tag := next(tags, None):
            start, end = tag.span()
            if start != place:
                into.append(html[place:start])
            if end - start > _VALUES_MAX and html.startswith("=", end):
                end = _end_of_tag(html, end)
                tags = _TAG.finditer(html, end)
            place = end
            if not (written := tag[2]):
                continue
            name = written.lower()
            if (gap := _GAPS.get(name)) and into[-1] != gap:
                into.append(gap)
            if self._hiding:
                self._count(name)
                into = self._into
            elif name == "a" or (name[0] != "/" and end - start - len(written) > _ATTRIBUTE_MIN):
                self._begin(name, html[start + 1 + len(written) : end])
                into = self._into
            elif name == "/a":
                self._close_anchor()
        into.append(html[place:])

    def _count(self, name: str) -> None:
        """Take a tag within what is hidden."""
        if name.removeprefix("/") == self._hiding:
            self._depth += 1 if name == self._hiding else -1
            if not self._depth:
                self._hiding, self._into = "", self._seen

    def _begin(self, name: str, attributes: str) -> None:
        if name == "a":
            self._begin_link(attributes)
        elif name == "img":
            if self._is_open:
                found = _ATTRIBUTE.finditer(attributes)
                labels = (_value(attribute) for attribute in found if attribute[1].lower() in _LABELS)
                self._add_labels(islice(labels, LABELS_MAX))
        elif name not in _VOID and (_hides if len(attributes) > _STYLE_MAX else _hides_as_before)(attributes):
            self._hide(name)

    def _hide(self, name: str) -> None:
        self._hiding, self._depth, self._into = name, 1, self._hidden

    def _begin_link(self, attributes: str) -> None:
        lowered = attributes.lower()
        if _HIDDEN.search(lowered):
            self._hide("a")
            return
        self._close_anchor()
        if len(self._anchors) < ANCHORS_MAX:
            self._open_anchor(attributes, is_button=_BUTTON.search(lowered) is not None)

    def _close_anchor(self) -> None:
        if self._is_open:
            self._seen.append(_CLOSE)
            self._is_open = False

    def _open_anchor(self, attributes: str, *, is_button: bool) -> None:
        href: str | None = None
        labels: list[str] = []
        for found in _ATTRIBUTE.finditer(attributes):
            name = found[1].lower()
            if name == "href":
                href = _value(found) if href is None else href
            elif name in _LABELS and len(labels) < LABELS_MAX:
                labels.append(_value(found))
        if href is not None:
            self._seen.append(_OPEN)
            self._is_open = True
            self._anchors.append(Anchor(unescape(href), is_button=is_button))
            if labels:
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
            if row and (_OPEN in row or _CLOSE in row):
                row = _unmark(row).strip(" ")
                if "  " in row:
                    row = _SPACES.sub(" ", row)
                place.take(line, row, len(rows))
            elif place.link:
                place.take(line, row, len(rows))
            if row and len(rows) < ROWS_MAX:
                rows.append(row)
        return Page(rows, rows_of(unescape("".join(self._hidden))), self._anchors)


class _HtmlPlace:
    """Finds the lines that each link stands in."""

    def __init__(self, anchors: list[Anchor]) -> None:
        self._anchors = iter(anchors)
        self.link: Anchor | None = None
        """The link that the next line begins in."""

    def take(self, line: str, row: str, number: int) -> None:
        """Look at the next line: `row` is what a reader sees of it."""
        here = []
        link = self.link
        done = 0
        for mark in _MARKS.finditer(line):
            start = mark.start()
            if link:
                _write(link, line[done:start])
            done = start + 1
            if line[start] == _CLOSE:
                if link and done < len(line):
                    link.after = _unmark(line[done : done + 200])
                link = None
            elif anchor := next(self._anchors, None):
                link = anchor
                anchor.row = number
                if start:
                    anchor.before = _unmark(line[max(0, start - 300) : start]).strip(" ")
                here.append(anchor)
        if link:
            _write(link, line[done:])
            if not link.text and not row:
                link.row = number
        for anchor in here:
            anchor.links_in_row = len(here)
        self.link = link


def _write(link: Anchor, text: str) -> None:
    if not link.text:
        link.text = text.strip(" ")
    elif len(link.text) < LABEL_MAX:
        link.text = f"{link.text} {text}".strip(" ")


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


def read_tags(html: str) -> Iterator[tuple[str, str, str]]:
    """Give the text before each tag, the tag's name in lower case, and its attributes; last the text behind all.

    What shows nothing, such as comments, styles and scripts, is left out.
    """
    place = 0
    tags = _TAG.finditer(html)
    while tag := next(tags, None):
        start, end = tag.span()
        if end - start > _VALUES_MAX and html.startswith("=", end):
            end = _end_of_tag(html, end)
            tags = _TAG.finditer(html, end)
        yield html[place:start], (tag[2] or "").lower(), html[tag.end(2) : end] if tag[2] else ""
        place = end
    yield html[place:], "", ""


def read_attributes(attributes: str) -> Iterator[tuple[str, str]]:
    """Give the names, in lower case, and the values of a tag's attributes."""
    for found in _ATTRIBUTE.finditer(attributes):
        yield found[1].lower(), unescape(_value(found))
