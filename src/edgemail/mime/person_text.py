"""A message's body -> the text that a person sees of it, and how much of it nobody sees.

The finder of codes reads what is hidden as well, since senders put codes there. Whoever hands text to a program
that obeys text must not: white on white is the oldest way to talk past the reader.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from edgemail.mime.checked_forms import check_link
from edgemail.mime.css_looks import PAPER, Look, look_of
from edgemail.mime.finder.page import read_attributes, read_tags, unescape
from edgemail.mime.invisible import drop_invisible
from edgemail.mime.style_sheets import ElementName, StyleSheets, name_element

SOURCE_MAX: Final = 1_000_000
"""Characters of a body that are read."""

_DEPTH_MAX: Final = 500
_SHOWN_LINK_MAX: Final = 500
_STEPS_MAX: Final = 3_000_000
"""Looks at open elements, in one message."""

# fmt: off
_LINES: Final = frozenset((
    "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li",
    "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
))
_VOID: Final = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
))
_NOTHING: Final = frozenset((
    "head", "iframe", "object", "audio", "video", "canvas", "datalist", "noframes", "svg", "math", "dialog",
    "textarea", "optgroup", "select", "applet",
))
"""Elements whose text a mail reader does not show as text."""

_FORMATTING: Final = frozenset((
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
))
"""Elements that go on behind the end of a paragraph in which they are left open."""
# fmt: on

_TABLE: Final = frozenset(("table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"))
_CELLS: Final = frozenset({"td", "th", "caption", "table"})
_CLOSED_BY: Final = {
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "tr": frozenset({"tr", "td", "th"}),
    "td": frozenset({"td", "th"}),
    "th": frozenset({"td", "th"}),
    "p": frozenset({"p"}),
}
"""The innermost elements that end where another one begins."""
_REOPENED_STEPS: Final = 20
_SPACES: Final = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_NO_TEXT: Final = re.compile(
    r"<(script|style)(?![a-z0-9-])[^>]{0,2000}>.*?(?:</\1[ \t\r\n]*>|\Z)", re.IGNORECASE | re.DOTALL
)
_COMMENT: Final = re.compile(r"<!--(?!\[if|\[endif|<!\[endif)(.*?)(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PersonText:
    """What a person sees, and how many characters were left out that nobody sees."""

    text: str
    hidden: int


def read_as_a_person(text: str | None, html: str | None) -> PersonText:
    """Return what a person sees of a message: its text, or its HTML where it has none."""
    if text and not text.isspace():
        shown, hidden = drop_invisible(text[:SOURCE_MAX])
        return PersonText(shown, hidden)
    return see_page(html or "")


def see_page(html: str) -> PersonText:
    """Return what a person sees of HTML, a line for each block, with the address behind each link."""
    html = html[:SOURCE_MAX]
    page = _Page(StyleSheets(html))
    for text, name, attributes in read_tags(html):
        page.add_text(text)
        if name:
            page.add_tag(name, attributes)
    shown, invisible = drop_invisible("".join(page.pieces))
    lines = (_SPACES.sub(" ", line).strip(" ") for line in shown.split("\n"))
    body = _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")
    commented = sum(len(found[1].strip()) for found in _COMMENT.finditer(_NO_TEXT.sub("", html)))
    return PersonText(body, page.hidden + invisible + commented)


def see_source(html: str) -> PersonText:
    """Return HTML without comments, without elements that nobody sees, and without invisible characters."""
    html = html[:SOURCE_MAX]
    page = _Page(StyleSheets(html))
    pieces: list[str] = []
    for text, name, attributes in read_tags(html):
        page.add_text(text)
        if page.is_seen:
            pieces.append(text)
        if name:
            page.add_tag(name, attributes)
            if page.is_seen:
                pieces.append(f"<{name}{attributes.rstrip('>')}>")
    shown, invisible = drop_invisible("".join(pieces))
    commented = sum(len(found[1].strip()) for found in _COMMENT.finditer(_NO_TEXT.sub("", html)))
    return PersonText(shown, page.hidden + invisible + commented)


@dataclass(slots=True)
class _Element:
    name: ElementName
    look: Look
    attributes: str = ""
    href: str = ""
    shown_at: int = 0
    """For a link: how many pieces there were when it began."""


class _Page:
    """Walks over tags as a browser does, as far as it matters for what is seen."""

    def __init__(self, sheets: StyleSheets) -> None:
        self._sheets = sheets
        self._open: list[_Element] = []
        self._names: list[ElementName] = []
        self._counts: Counter[str] = Counter()
        self._steps = 0
        self._look = PAPER
        self._is_over = False
        self.pieces: list[str] = []
        self.hidden = 0

    @property
    def is_seen(self) -> bool:
        """True if text that stands here is seen."""
        return not self._is_over and self._look.is_seen

    def add_text(self, text: str) -> None:
        """Add text between two tags."""
        if not text:
            return
        if self.is_seen:
            self.pieces.append(_SPACES.sub(" ", unescape(text)))
        else:
            self.hidden += len(_SPACES.sub(" ", unescape(text)).strip())

    def add_tag(self, name: str, attributes: str) -> None:
        """Add a tag."""
        if self._is_over:
            return
        if name[0] == "/":
            self._end(name[1:])
            name = name[1:]
        else:
            self._begin(name, attributes)
        if name in _LINES:
            self.pieces.append("\n")
        elif name in ("td", "th"):
            self.pieces.append(" ")

    def _begin(self, name: str, attributes: str) -> None:
        closed = _CLOSED_BY.get(name)
        if closed is None and name in _LINES:
            closed = _CLOSED_BY["p"]
        while closed and self._open and self._open[-1].name.tag in closed:
            self._pop()
        if name in _VOID:
            return
        if len(self._open) >= _DEPTH_MAX or self._steps > _STEPS_MAX or self._sheets.is_exhausted:
            self._is_over = True
            return
        if name == "a":
            self._close_link()
        self._push(name, attributes)

    def _push(self, name: str, attributes: str) -> None:
        pairs = list(read_attributes(attributes)) if len(attributes) > 4 else []
        element = name_element(name, pairs)
        rules = self._sheets.find(element, self._names)
        look = look_of(name, attributes, rules, self._look)
        if name in _NOTHING and not look.is_gone:
            look = Look(is_gone=True)
        href = next((value for key, value in pairs if key == "href"), "") if name == "a" else ""
        self._open.append(_Element(element, look, attributes, href, len(self.pieces)))
        self._names.append(element)
        self._counts[name] += 1
        self._look = look

    def _pop(self) -> _Element:
        element = self._open.pop()
        self._names.pop()
        self._counts[element.name.tag] -= 1
        if element.href:
            self._write_address(element)
        self._look = self._open[-1].look if self._open else PAPER
        return element

    def _end(self, name: str) -> None:
        """Close an element, and what was left open in it. Formatting goes on behind it, as in browsers."""
        if not self._counts[name]:
            return
        for place in range(len(self._open) - 1, -1, -1):
            self._steps += 1
            tag = self._open[place].name.tag
            if tag == name:
                break
            if (tag in _CELLS and name not in _TABLE) or (tag == "table" and name in _TABLE):
                return
        left_open = []
        while len(self._open) > place:
            element = self._pop()
            if len(self._open) > place and element.name.tag in _FORMATTING and name not in _TABLE:
                left_open.append(element)
        for element in reversed(left_open):
            self._steps += _REOPENED_STEPS
            self._push(element.name.tag, element.attributes)
            if element.href:
                self._open[-1].href = ""

    def _close_link(self) -> None:
        """End an open link where the next one begins."""
        if not self._counts["a"]:
            return
        for element in reversed(self._open):
            self._steps += 1
            if element.name.tag in _CELLS:
                return
            if element.name.tag == "a":
                self._end("a")
                return

    def _write_address(self, element: _Element) -> None:
        """Write the address of a link behind its text, unless that is what the text shows."""
        checked = check_link(element.href.strip())
        if checked is None or not element.look.is_seen or len(checked[0]) > _SHOWN_LINK_MAX:
            return
        shown = "".join(self.pieces[element.shown_at :]).strip()
        if shown != element.href.strip():
            self.pieces.append(f" ( {checked[0]} )")
