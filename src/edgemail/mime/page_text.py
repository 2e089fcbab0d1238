"""HTML -> the text that a sender could have put beside it: with its links, lists and headings."""

from __future__ import annotations

import re
from typing import Final

from edgemail.mime.finder.page import read_attributes, read_tags, unescape

_LINES: Final = frozenset(
    {"div", "br", "tr", "hr", "dt", "dd", "address", "article", "section", "header", "footer"}
)
_PARAGRAPHS: Final = frozenset({"p", "ul", "ol", "table", "pre", "blockquote", "dl", "form"})
_HEADINGS: Final = {"h1": "*", "h2": "-", "h3": "-"}
_UNDERLINE_MAX: Final = 72
_MARKS_MAX: Final = 4
_LINK_MAX: Final = 8 * 1024
_SPACES: Final = re.compile(r"[ \t\r\n\f\v]+")


def write_page_text(html: str) -> str:
    """Write HTML as text: ``a link ( https://example.org )``, ``* an item``, ``*bold*``."""
    writer = _TextWriter()
    for text, name, attributes in read_tags(html):
        writer.add_text(text)
        if name:
            writer.add_tag(name, attributes)
    return writer.finish()


class _TextWriter:
    """Puts text together. What parts two pieces of it is written once the second comes."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._breaks = 0
        """The line ends that are owed before the next text."""
        self._has_blank = False
        self._prefix = ""
        """Written before the next text: an item's mark, or the sign of bold text."""
        self._links: list[str] = []
        """The address of the open link, if any, and what has been written of its text."""
        self._heading: list[str] | None = None

    def add_text(self, text: str) -> None:
        """Add text between two tags."""
        if not text:
            return
        shown = _SPACES.sub(" ", unescape(text))
        body = shown.strip(" ")
        if not body:
            self._has_blank = True
            return
        self._write(body, has_blank=shown[0] == " ")
        self._has_blank = shown[-1] == " "

    def add_tag(self, name: str, attributes: str) -> None:
        """Add what a tag shows."""
        is_end = name[0] == "/"
        kind = name.lstrip("/")
        if kind == "a":
            self._end_link()
            if not is_end:
                self._begin_link(attributes)
        elif kind == "img":
            self._add_label(attributes)
        elif kind in ("b", "strong"):
            self._mark_bold(is_end=is_end)
        elif kind in _HEADINGS:
            self._break(2)
            self._end_heading()
            if not is_end:
                self._heading = [_HEADINGS[kind]]
        elif kind == "li":
            self._break(1)
            self._prefix = "" if is_end else "* "
        elif kind in _LINES:
            self._break(1)
        elif kind in _PARAGRAPHS:
            self._break(2)
        elif kind in ("td", "th"):
            self._has_blank = True

    def finish(self) -> str:
        """Return the text."""
        self._end_link()
        self._end_heading()
        return "".join(self._pieces)

    def _write(self, text: str, *, has_blank: bool) -> None:
        if self._pieces:
            if self._breaks:
                self._pieces.append("\n" * self._breaks)
            elif has_blank or self._has_blank:
                self._pieces.append(" ")
        self._pieces += (self._prefix, text)
        if self._heading is not None:
            self._heading.append(text)
        if self._links:
            self._links.append(text)
        self._breaks, self._has_blank, self._prefix = 0, False, ""

    def _break(self, lines: int) -> None:
        self._breaks = max(self._breaks, lines)
        self._has_blank = False

    def _begin_link(self, attributes: str) -> None:
        href = next((value for name, value in read_attributes(attributes) if name == "href"), "")
        href = href[:_LINK_MAX].strip().removeprefix("mailto:")
        if href:
            self._links = [href]

    def _end_link(self) -> None:
        """Write the address of a link, unless that is what the link shows."""
        if not self._links:
            return
        href, *shown = self._links
        self._links = []
        if "".join(shown) != href:
            breaks, self._breaks = self._breaks, 0
            self._write(f"( {href} )", has_blank=True)
            self._breaks, self._has_blank = breaks, True

    def _add_label(self, attributes: str) -> None:
        """Write what stands for an image that a link shows."""
        if self._links:
            label = next((value for name, value in read_attributes(attributes) if name == "alt"), "")
            if label.strip():
                self._write(_SPACES.sub(" ", label).strip(), has_blank=False)

    def _mark_bold(self, *, is_end: bool) -> None:
        if not is_end:
            self._prefix += "*" * (len(self._prefix) < _MARKS_MAX)
        elif self._prefix.endswith("*"):  # there was no text in it
            self._prefix = self._prefix[:-1]
        elif self._pieces:
            self._pieces.append("*")

    def _end_heading(self) -> None:
        """Draw a line under a heading, over the largest ones too."""
        if self._heading is None:
            return
        sign, *words = self._heading
        self._heading = None
        if not words or not self._pieces:
            return
        line = sign * min(max(map(len, words)), _UNDERLINE_MAX)
        self._pieces += ("\n", line)
        self._breaks = max(self._breaks, 2)
