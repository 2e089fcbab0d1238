"""Which features of caniemail's list a piece of CSS uses."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from edgemail.checks.html_support import load_html_support
from edgemail.checks.image_features import find_image_features

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.checks.css_tokens import CssToken

_SIDES: Final = ("top", "right", "bottom", "left")
_LOOKS: Final = ("width", "style", "color")
_LOGICAL: Final = tuple(f"{axis}-{end}" for axis in ("inline", "block") for end in ("start", "end"))

# Features of several properties, or of one with another name than the feature.
_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "css-animation": ("animation", *(f"animation-{part}" for part in (
        "name", "duration", "delay", "direction", "fill-mode", "iteration-count", "play-state", "timing-function",
    ))),
    "css-block-inline-size": ("block-size", "inline-size"),
    "css-border": (
        "border", *(f"border-{look}" for look in _LOOKS), *(f"border-{side}" for side in _SIDES),
        *(f"border-{side}-{look}" for side in _SIDES for look in _LOOKS),
    ),
    "css-border-image": ("border-image", *(f"border-image-{part}" for part in (
        "source", "slice", "width", "outset", "repeat",
    ))),
    "css-border-inline-block": ("border-inline", "border-block"),
    "css-border-inline-block-individual": (
        *(f"border-{axis}-{look}" for axis in ("inline", "block") for look in _LOOKS),
        *(f"border-{end}" for end in _LOGICAL),
    ),
    "css-border-inline-block-longhand": tuple(f"border-{end}-{look}" for end in _LOGICAL for look in _LOOKS),
    "css-border-radius": ("border-radius", *(
        f"border-{row}-{side}-radius" for row in ("top", "bottom") for side in ("left", "right")
    )),
    "css-border-radius-logical": tuple(
        f"border-{row}-{side}-radius" for row in ("start", "end") for side in ("start", "end")
    ),
    "css-color-scheme": ("color-scheme",),
    "css-column-layout-properties": ("columns", *(f"column-{part}" for part in (
        "count", "fill", "rule", "rule-color", "rule-style", "rule-width", "span", "width",
    ))),
    "css-gap": ("gap", "column-gap", "row-gap"),
    "css-grid-template": ("grid-template", *(f"grid-template-{part}" for part in ("areas", "columns", "rows"))),
    "css-inset": ("inset", "inset-block", "inset-inline", *(f"inset-{end}" for end in _LOGICAL)),
    "css-left-right-top-bottom": _SIDES,
    "css-margin": ("margin", *(f"margin-{side}" for side in _SIDES)),
    "css-margin-block-start-end": ("margin-block-start", "margin-block-end"),
    "css-margin-inline-block": ("margin-inline", "margin-block"),
    "css-margin-inline-start-end": ("margin-inline-start", "margin-inline-end"),
    "css-overflow": ("overflow", "overflow-x", "overflow-y", "overflow-block", "overflow-inline"),
    "css-padding": ("padding", *(f"padding-{side}" for side in _SIDES)),
    "css-padding-block-start-end": ("padding-block-start", "padding-block-end"),
    "css-padding-inline-block": ("padding-inline", "padding-block"),
    "css-padding-inline-start-end": ("padding-inline-start", "padding-inline-end"),
    "css-scroll-snap": ("scroll-snap-type", "scroll-snap-align", "scroll-snap-stop"),
    "css-text-emphasis": ("text-emphasis", "text-emphasis-color", "text-emphasis-style"),
    "css-transition": ("transition", *(f"transition-{part}" for part in (
        "property", "duration", "delay", "timing-function",
    ))),
}  # fmt: skip

_NO_PROPERTY: Final = re.compile(
    r"css-(?:at-|pseudo-|selector-|unit-|function-)|css-(?:comments|conic-gradient|display-(?:flex|grid|none)|important"
    r"|inert-attribute|intrinsic-size|linear-gradient|modern-color|nesting|radial-gradient|rgba?|sytem-ui|variables)\Z"
)
"""Features that are no property."""

_DISPLAYS: Final = {
    "flex": "css-display-flex",
    "inline-flex": "css-display-flex",
    "grid": "css-display-grid",
    "inline-grid": "css-display-grid",
    "none": "css-display-none",
}
_FUNCTIONS: Final = {
    **dict.fromkeys(("conic-gradient", "repeating-conic-gradient"), "css-conic-gradient"),
    **dict.fromkeys(("linear-gradient", "repeating-linear-gradient"), "css-linear-gradient"),
    **dict.fromkeys(("radial-gradient", "repeating-radial-gradient"), "css-radial-gradient"),
    **dict.fromkeys(("lch", "oklch", "lab", "oklab"), "css-modern-color"),
    "calc": "css-unit-calc",
    "clamp": "css-function-clamp",
    "fit-content": "css-intrinsic-size",
    "light-dark": "css-function-light-dark",
    "max": "css-function-max",
    "min": "css-function-min",
    "rgb": "css-rgb",
    "rgba": "css-rgba",
    "var": "css-variables",
}
_WORDS: Final = {
    **dict.fromkeys(("fit-content", "min-content", "max-content"), "css-intrinsic-size"),
    **dict.fromkeys(("system-ui", "ui-serif", "ui-sans-serif", "ui-rounded", "ui-monospace"), "css-sytem-ui"),
    "initial": "css-unit-initial",
}
_UNITS: Final = {
    **{unit: f"css-unit-{unit}" for unit in (
        "ch", "cm", "em", "ex", "in", "mm", "pc", "pt", "px", "rem", "vh", "vmax", "vmin", "vw",
    )},
    "%": "css-unit-percent",
}  # fmt: skip
_PSEUDO_ELEMENTS: Final = frozenset({"after", "before", "first-letter", "first-line", "marker", "placeholder"})

_QUOTED: Final = re.compile(r"\"[^\"]*\"?|'[^']*'?")
_URL: Final = re.compile(r"url\(\s*+([^)]*+)\)?", re.IGNORECASE)
# A number with its unit, a function, or a word. A colour such as #00ff00 begins with none of them.
_VALUE: Final = re.compile(
    r"(?<![\w#.-])[+-]?(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(%|[a-z]++)?|(?<![\w#-])([a-z][a-z-]*+)(\()?"
)
_IMPORTANT: Final = re.compile(r"!\s*+important\s*+\Z")
_SELECTOR: Final = re.compile(
    r"(?P<string>\"[^\"]*\"?|'[^']*'?)|(?P<attribute>\[)|(?P<pseudo>::?)(?P<name>[a-zA-Z-]++)"
    r"|(?P<mark>[.#])[\w-]++|(?P<sign>\s*+[>+~|,]\s*+|\s++)|(?P<any>\*)|(?P<tag>[a-zA-Z][\w-]*+)"
)
_SIGNS: Final = {
    ">": "css-selector-child",
    "+": "css-selector-adjacent-sibling",
    "~": "css-selector-general-sibling",
    ",": "css-selector-grouping",
    "": "css-selector-descendant",
}
_MEDIA: Final = {
    "device-pixel-ratio": "css-at-media-device-pixel-ratio",
    "hover": "css-at-media-hover",
    "orientation": "css-at-media-orientation",
    "prefers-color-scheme": "css-at-media-prefers-color-scheme",
    "prefers-reduced-motion": "css-at-media-prefers-reduced-motion",
}
_REMEMBERED_MAX: Final = 200
_MEDIA_WORD: Final = re.compile(r"(?:-webkit-)?(?:min-|max-|any-)?([a-z-]++)\s*+[:)<>=]")


def find_css_features(token: CssToken) -> tuple[str, ...]:
    """Return the slugs of what a piece uses, each once."""
    if token.kind == "declaration":
        find = _find_declaration_again if len(token.text) <= _REMEMBERED_MAX else _find_declaration
        return find(token.name, token.text)
    if token.kind == "selector":
        nested = ("css-nesting",) if token.is_nested else ()
        return nested + tuple(dict.fromkeys(_find_selector(token.text)))
    if token.kind == "at-rule":
        return tuple(dict.fromkeys(_find_at_rule(token.name, token.text.lower())))
    return ("css-comments",)


def _find_declaration(name: str, value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_read_declaration(name, value)))


_find_declaration_again = lru_cache(maxsize=2_048)(_find_declaration)
"""Remembers the declarations that a newsletter repeats in each of its cells."""


def _read_declaration(name: str, value: str) -> Iterator[str]:
    if name.startswith("--"):
        yield "css-variables"
    yield from _properties().get(name, ())
    for url in _URL.finditer(value):
        yield from find_image_features(url[1].strip().strip("\"'"))
    lowered = _QUOTED.sub(" ", _URL.sub(" ", value)).lower()
    if _IMPORTANT.search(lowered):
        yield "css-important"
    if name == "display":
        yield from (_DISPLAYS[word] for word in lowered.replace("!", " ").split() if word in _DISPLAYS)
    for found in _VALUE.finditer(lowered):
        unit, word, is_function = found.groups()
        slug = (_FUNCTIONS if is_function else _WORDS).get(word) if word else _UNITS.get(unit)
        if slug is not None:
            yield slug


def _find_selector(selector: str) -> Iterator[str]:
    marks = 0
    """Classes and ids of the compound that is being read."""
    place, end = 0, len(selector)
    while place < end:
        found = _SELECTOR.match(selector, place)
        if found is None:
            place += 1
            continue
        place = found.end()
        kind = found.lastgroup
        if kind == "sign":
            marks = 0
            yield _SIGNS.get(found[0].strip(), "css-selector-descendant")
        elif kind == "mark":
            marks += 1
            yield "css-selector-class" if found["mark"] == "." else "css-selector-id"
            if marks == 2:
                yield "css-selector-chaining"
        elif kind == "attribute":
            closing = selector.find("]", place)
            place = end if closing < 0 else closing + 1
            yield "css-selector-attribute"
        elif kind == "name":
            name = found["name"].lower()
            is_element = found["pseudo"] == "::" or name in _PSEUDO_ELEMENTS
            yield f"css-pseudo-{'element' if is_element else 'class'}-{name}"
            if selector.startswith("(", place) and name.startswith("nth-"):
                closing = selector.find(")", place)
                place = end if closing < 0 else closing + 1
        elif kind == "any":
            yield "css-selector-universal"
        elif kind == "tag":
            yield "css-selector-type"


def _find_at_rule(name: str, text: str) -> Iterator[str]:
    yield f"css-at-{'keyframes' if name.endswith('keyframes') else name}"
    if name == "media":
        for found in _MEDIA_WORD.finditer(text):
            if slug := _MEDIA.get(found[1]):
                yield slug


@cache
def _properties() -> dict[str, tuple[str, ...]]:
    """Return which features each property belongs to."""
    properties: dict[str, tuple[str, ...]] = {}
    for slug in load_html_support().features:
        if slug.startswith("css-") and not _NO_PROPERTY.match(slug):
            for name in _GROUPS.get(slug, (slug.removeprefix("css-"),)):
                properties[name] = (*properties.get(name, ()), slug)
    return properties
