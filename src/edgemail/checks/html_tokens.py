"""HTML -> its tags, comments and style sheets, each with its place. One pass, in linear time, on any input.

Unlike the reader of text (`edgemail.mime.finder.page`) this one keeps attributes without a value, comments and
style sheets, and it knows where each stands: a check names lines.
"""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTRIBUTES_MAX: Final = 60
"""Attributes of one tag that are kept. HTML takes the first of each name."""

_TAG_NAME: Final = re.compile(r"[a-zA-Z][^\s/>]{0,60}+")
_ATTRIBUTE: Final = re.compile(r"[\s/]*+(?:(>)|([^\s/>][^\s/>=]*+)(?:\s*+=\s*+)?)")
_HAS_VALUE: Final = re.compile(r"=\s*+\Z")
_BARE_VALUE: Final = re.compile(r"[^\s>]*+")
_RAW: Final = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
}
"""Elements whose content has no tags, and where each ends."""


@dataclass(frozen=True, slots=True)
class HtmlAttribute:
    """An attribute's value, "" without one, and where it begins. `is_plain` is False if entities were decoded."""

    value: str
    start: int
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class HtmlToken:
    """A tag, a comment, a declaration such as `<!DOCTYPE html>`, or the text of a style sheet."""

    kind: Literal["tag", "comment", "declaration", "sheet"]
    text: str
    """A tag's name in lower case, or the text within the others."""
    start: int
    attributes: dict[str, HtmlAttribute] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return an attribute's value, "" without one."""
        found = self.attributes.get(name)
        return "" if found is None else found.value


def read_html_tokens(html: str) -> Iterator[HtmlToken]:
    """Give what stands in HTML, in its order; end tags and text are left out."""
    place = 0
    while (start := html.find("<", place)) >= 0:
        if html.startswith("<!--", start):
            end = _find_end(html, "-->", start + 4)
            yield HtmlToken("comment", html[start + 4 : end], start)
            place = end + 3
        elif html.startswith(("<!", "<?", "</"), start):
            end = _find_end(html, ">", start + 2)
            if html[start + 1] == "!":
                yield HtmlToken("declaration", html[start + 2 : end], start)
            place = end + 1
        elif name := _TAG_NAME.match(html, start + 1):
            found = _read_attributes(html, name.end())
            if found is None:
                return  # a quote or a tag that is left open takes all the rest, as in browsers
            attributes, place = found
            tag = name[0].lower()
            yield HtmlToken("tag", tag, start, attributes)
            if tag in _RAW:
                closing = _RAW[tag].search(html, place)
                end = len(html) if closing is None else closing.start()
                if tag == "style":
                    yield HtmlToken("sheet", html[place:end], place)
                place = end
        else:
            place = start + 1


def _find_end(html: str, mark: str, place: int) -> int:
    end = html.find(mark, place)
    return len(html) if end < 0 else end


def _read_attributes(html: str, place: int) -> tuple[dict[str, HtmlAttribute], int] | None:
    """Return a tag's attributes and where it ends; None if it does not."""
    attributes: dict[str, HtmlAttribute] = {}
    while found := _ATTRIBUTE.match(html, place):
        place = found.end()
        if found[1]:
            return attributes, place
        value, start = "", place
        if _HAS_VALUE.search(html, found.end(2), place):
            quote = html[place : place + 1]
            if quote in ('"', "'") and quote:
                start = place + 1
                end = html.find(quote, start)
                if end < 0:
                    return None
                value, place = html[start:end], end + 1
            else:
                bare = _BARE_VALUE.match(html, place)
                value = "" if bare is None else bare[0]
                place += len(value)
        name = found[2].lower()
        if len(attributes) < _ATTRIBUTES_MAX and name not in attributes:
            is_plain = "&" not in value
            attributes[name] = HtmlAttribute(value if is_plain else entities.unescape(value), start, is_plain)
    return None
