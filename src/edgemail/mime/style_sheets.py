"""Finds which rules of a page's style sheets hold for an element, as far as they hide or colour it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgemail.mime.css_looks import read_declarations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SHEETS_MAX: Final = 200_000
_RULES_MAX: Final = 500
_PER_KEY_MAX: Final = 30
_CLASSES_MAX: Final = 20
_COMPOUNDS_MAX: Final = 6
_WORK_MAX: Final = 300_000
"""Comparisons of a rule with an element, in one message."""

_SHEET: Final = re.compile(r"<style(?![a-z0-9-])[^>]{0,500}>(.*?)(?:</style|\Z)", re.IGNORECASE | re.DOTALL)
_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_PLAIN_MEDIA: Final = re.compile(
    r"@media +(?:only +)?(?:all|screen)(?: *, *(?:all|screen|print))* *", re.IGNORECASE
)
_COMPOUND: Final = re.compile(r"([a-z][a-z0-9-]*|\*)?((?:[.#][a-z_-][a-z0-9_-]*)*)", re.IGNORECASE)
_BRACE: Final = re.compile("[{}]")
_PART: Final = re.compile(r"[.#][^.#]+")
_NAMES: Final = frozenset(
    {"display", "visibility", "opacity", "color", "background", "background-color", "background-image", "font-size"}
    | {
        "max-height",
        "height",
        "width",
        "max-width",
        "overflow",
        "clip",
        "clip-path",
        "transform",
        "mso-hide",
        "left",
    }
    | {"right", "top", "bottom", "text-indent", "margin-left", "margin-top", "position", "filter"}
    | {"-webkit-text-fill-color", "content-visibility", "overflow-x", "overflow-y", "margin-right"}
)


@dataclass(frozen=True, slots=True)
class ElementName:
    """What a selector compares: the tag, the id and the classes of an element."""

    tag: str
    marks: frozenset[str] = frozenset()
    """``#id`` and ``.class``, in lower case."""


@dataclass(frozen=True, slots=True)
class _Rule:
    number: int
    compounds: tuple[ElementName, ...]
    given: dict[str, str]


class StyleSheets:
    """The rules that matter, by what the last part of their selector names."""

    def __init__(self, html: str) -> None:
        self._rules: dict[str, list[_Rule]] = {}
        self._work = 0
        sheets = "\n".join(found[1] for found in _SHEET.finditer(html))[:_SHEETS_MAX] if "<" in html else ""
        number = 0
        for selectors, body in _read_rules(_COMMENT.sub("", sheets)):
            given = {name: value for name, value in read_declarations(body).items() if name in _NAMES}
            if not given:
                continue
            for selector in selectors.split(",")[:20]:
                compounds = _read_selector(selector)
                if compounds:
                    number += 1
                    self._add(_Rule(number, compounds, given))
            if number >= _RULES_MAX:
                return

    @property
    def is_exhausted(self) -> bool:
        """True if a message made so much work that no more is done for it."""
        return self._work > _WORK_MAX

    def find(self, element: ElementName, around: Sequence[ElementName]) -> dict[str, str]:
        """Return the declarations that hold for an element. `around` are those it stands in, outermost first."""
        if not self._rules:
            return {}
        found: list[_Rule] = []
        for key in (element.tag, "*", *element.marks):
            for rule in self._rules.get(key, ()):
                self._work += 1
                if self._matches(rule, element, around):
                    found.append(rule)
        given: dict[str, str] = {}
        for rule in sorted(found, key=lambda rule: rule.number):
            given |= rule.given
        return given

    def _add(self, rule: _Rule) -> None:
        last = rule.compounds[-1]
        key = min(last.marks) if last.marks else last.tag
        rules = self._rules.setdefault(key, [])
        if len(rules) < _PER_KEY_MAX:
            rules.append(rule)

    def _matches(self, rule: _Rule, element: ElementName, around: Sequence[ElementName]) -> bool:
        *outer, last = rule.compounds
        if not _fits(last, element):
            return False
        wanted = len(outer)
        for other in reversed(around):
            if not wanted:
                break
            self._work += 1
            wanted -= _fits(outer[wanted - 1], other)
        return not wanted


def name_element(tag: str, attributes: Iterable[tuple[str, str]]) -> ElementName:
    """Read what selectors compare of an element."""
    marks: set[str] = set()
    seen: set[str] = set()
    for name, value in attributes:
        if name in seen:
            continue
        seen.add(name)
        if name == "class":
            marks.update(f".{word}" for word in value.lower().split()[:_CLASSES_MAX])
        elif name == "id":
            marks.add(f"#{value.strip().lower()}")
    return ElementName(tag, frozenset(marks))


def _fits(wanted: ElementName, element: ElementName) -> bool:
    return wanted.tag in ("*", element.tag) and wanted.marks <= element.marks


def _read_selector(text: str) -> tuple[ElementName, ...]:
    """Read a selector of tags, classes and ids; return nothing for any other."""
    words = text.replace(">", " ").split()
    if not 0 < len(words) <= _COMPOUNDS_MAX:
        return ()
    compounds = []
    for word in words:
        found = _COMPOUND.fullmatch(word)
        if found is None:
            return ()
        marks = frozenset(part.lower() for part in _PART.findall(found[2]))
        compounds.append(ElementName((found[1] or "*").lower(), marks))
    return tuple(compounds)


def _read_rules(css: str) -> Iterator[tuple[str, str]]:
    """Yield the selectors and declarations of each rule that holds for a screen of any size."""
    place, end = 0, len(css)
    while place < end:
        brace = css.find("{", place)
        if brace < 0:
            return
        prelude = css[place:brace].rpartition(";")[2].rpartition("}")[2].strip()
        if prelude.startswith("@"):
            if _PLAIN_MEDIA.fullmatch(f"{prelude} ") or prelude.startswith(("@supports", "@layer")):
                place = brace + 1
            else:
                place = _skip_block(css, brace)
            continue
        close = css.find("}", brace)
        close = end if close < 0 else close
        yield prelude, css[brace + 1 : close]
        place = close + 1


def _skip_block(css: str, brace: int) -> int:
    depth = 0
    for found in _BRACE.finditer(css, brace):
        depth += 1 if found[0] == "{" else -1
        if not depth:
            return found.end()
    return len(css)
