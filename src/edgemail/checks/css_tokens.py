"""CSS -> its declarations, selectors, at-rules and comments, each with its place. One pass, on any input."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEPTH_MAX: Final = 40
"""Blocks within each other. What lies deeper is not read."""

_VALUE_MAX: Final = 4_000
"""Characters of a piece that are read: data: URLs may be much longer."""

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_MARK: Final = re.compile(r"[{};()]|\"[^\"\n]*+\"?|'[^'\n]*+'?")
_AT_NAME: Final = re.compile(r"@([a-zA-Z-]{1,40}+)")
_GROUPS: Final = frozenset(
    {"media", "supports", "layer", "container", "scope", "document", "-moz-document", "starting-style"}
)
"""At-rules with rules in them. All others have declarations, or steps of an animation."""


@dataclass(frozen=True, slots=True)
class CssToken:
    """A piece of a sheet.

    `name` is that of a property or an at-rule, in lower case; `text` is the value, the selector, or what stands
    behind the at-rule's name.
    """

    kind: Literal["declaration", "selector", "at-rule", "comment"]
    name: str
    text: str
    start: int
    is_nested: bool = False
    """For a selector: it stands in another rule."""
    selector: str = ""
    """For a declaration: that of its rule, where nothing else decides whether it counts."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of a style sheet whose closing brace has not come yet; `may_hold` is the kind of its content."""

    may_hold: Literal["rules", "declarations", "steps", "descriptors"]
    is_rule: bool = False
    is_conditional: bool = False
    selector: str = ""


def read_css_tokens(css: str, *, is_attribute: bool = False) -> Iterator[CssToken]:
    """Give what stands in a style sheet, or in a `style` attribute: comments first, then all else in its order."""
    for comment in _COMMENT.finditer(css):
        if comment[0].startswith("/*"):
            yield CssToken("comment", "", "", comment.start())
    yield from _read_rules(_COMMENT.sub(lambda found: " " * len(found[0]), css), is_attribute=is_attribute)


def _read_rules(css: str, *, is_attribute: bool) -> Iterator[CssToken]:
    """Give what stands in CSS without comments."""
    blocks = [_Block("declarations" if is_attribute else "rules", is_rule=is_attribute)]
    start = depth = 0
    for mark in _MARK.finditer(css):
        sign = mark[0]
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(0, depth - 1)
        elif sign == "{":
            token = _read_prelude(css, start, mark.start(), blocks[-1])
            if token is not None:
                yield token
            blocks.append(_open(token, blocks[-1]))
            if len(blocks) > _DEPTH_MAX:
                return
            start, depth = mark.end(), 0
        elif sign == "}" or (sign == ";" and not depth):
            yield from _read_statement(css, start, mark.start(), blocks[-1])
            start = mark.end()
            if sign == "}":
                depth = 0
                if len(blocks) > 1:
                    blocks.pop()
    yield from _read_statement(css, start, len(css), blocks[-1])


def _read_statement(css: str, start: int, end: int, block: _Block) -> Iterator[CssToken]:
    """Give what `;` or `}` ends: a declaration, or an at-rule without a block."""
    start, text = _strip(css, start, end)
    if text.startswith("@"):
        if name := _AT_NAME.match(text):
            yield CssToken("at-rule", name[1].lower(), text[name.end() :].strip(), start)
        return
    name_text, colon, value = text.partition(":")
    if colon and block.may_hold == "declarations":
        yield CssToken("declaration", name_text.strip().lower(), value.strip(), start, selector=block.selector)


def _read_prelude(css: str, start: int, end: int, block: _Block) -> CssToken | None:
    """Return what stands before a block: a selector, or an at-rule."""
    start, text = _strip(css, start, end)
    if text.startswith("@"):
        name = _AT_NAME.match(text)
        return None if name is None else CssToken("at-rule", name[1].lower(), text[name.end() :].strip(), start)
    if block.may_hold == "steps" or not text:
        return None
    return CssToken("selector", "", text, start, is_nested=block.is_rule)


def _open(token: CssToken | None, around: _Block) -> _Block:
    """Return the block that begins behind a prelude."""
    if token is None:
        return _Block("declarations", around.is_rule, is_conditional=True)
    if token.kind == "selector":
        selector = "" if around.is_conditional or around.is_rule else token.text
        return _Block("declarations", is_rule=True, is_conditional=around.is_conditional, selector=selector)
    if token.name.endswith("keyframes"):
        return _Block("steps", is_conditional=True)
    if token.name not in _GROUPS:
        return _Block("descriptors")  # as of @font-face: they look like declarations, and are none
    return _Block("declarations" if around.is_rule else "rules", around.is_rule, is_conditional=True)


def _strip(css: str, start: int, end: int) -> tuple[int, str]:
    """Return a piece without the space around it, and where it begins."""
    piece = css[start : min(end, start + _VALUE_MAX)]
    text = piece.lstrip()
    return start + len(piece) - len(text), text.rstrip()
