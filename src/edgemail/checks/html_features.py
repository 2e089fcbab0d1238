"""Which features of caniemail's list a piece of HTML uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edgemail.checks.html_support import SCRIPT
from edgemail.checks.image_features import find_image_features

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.checks.html_tokens import HtmlToken

_ELEMENTS: Final = {
    **{name: f"html-{name}" for name in (
        "abbr", "acronym", "address", "audio", "base", "bdi", "blockquote", "body", "code", "del", "dfn", "dialog",
        "div", "form", "hr", "img", "link", "marquee", "meter", "object", "p", "picture", "pre", "progress", "rp",
        "rt", "ruby", "select", "small", "span", "strike", "strong", "style", "svg", "table", "textarea", "video",
        "wbr",
    )},
    **dict.fromkeys(("ul", "ol", "dl"), "html-lists"),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys((
        "article", "aside", "details", "figcaption", "figure", "footer", "header", "main", "mark", "nav", "section",
        "summary", "time",
    ), "html-semantics"),
    "embed": "html-object",
    "map": "html-image-maps",
}  # fmt: skip
_ATTRIBUTES: Final = {
    **{name: f"html-{name}" for name in (
        "align", "aria-describedby", "aria-hidden", "aria-label", "aria-labelledby", "aria-live", "background",
        "cellpadding", "cellspacing", "dir", "height", "hidden", "lang", "popover", "required", "role", "srcset",
        "target", "valign", "width",
    )},
    **dict.fromkeys(("command", "commandfor"), "html-command-attribute"),
    "bgcolor": "css-background-color",
    "inert": "css-inert-attribute",
    "loading": "html-loading-attribute",
    "usemap": "html-image-maps",
}  # fmt: skip
_INPUTS: Final = {name: f"html-input-{name}" for name in ("checkbox", "hidden", "radio", "reset", "submit", "text")}
_BUTTONS: Final = {"reset": "html-button-reset", "submit": "html-button-submit"}
_DATA_SCRIPTS: Final = frozenset({"application/ld+json", "application/json"})
"""Types of scripts that are data, which some mail programs read."""
_CANDIDATE: Final = re.compile(r"(?:^|,)\s*+([^\s,]\S*+)")
_CANDIDATES_MAX: Final = 20
_HTML5: Final = re.compile(r"doctype\s+html\s*\Z", re.IGNORECASE)


def find_html_features(token: HtmlToken) -> tuple[str, ...]:
    """Return the slugs of what a tag, a comment or a declaration uses, each once."""
    if token.kind == "tag":
        return tuple(dict.fromkeys(_find_tag(token)))
    if token.kind == "comment":
        return ("html-comments",)
    if token.kind == "declaration" and _HTML5.match(token.text):
        return ("html-doctype",)
    return ()


def _find_tag(token: HtmlToken) -> Iterator[str]:
    tag = token.text
    if slug := _ELEMENTS.get(tag):
        yield slug
    for name in token.attributes:
        if slug := _ATTRIBUTES.get(name):
            yield slug
    if tag == "a":
        href = token.value("href").strip().lower()
        if href.startswith("#"):
            yield "html-anchor-links"
        elif href.startswith("mailto:"):
            yield "html-mailto-links"
    elif tag == "input":
        yield _INPUTS.get(token.value("type").strip().lower() or "text", "")
    elif tag == "button":
        yield _BUTTONS.get(token.value("type").strip().lower() or "submit", "")
    elif tag == "meta" and token.value("name").strip().lower() in ("color-scheme", "supported-color-schemes"):
        yield "html-meta-color-scheme"
    elif tag == "html" and not token.attributes.keys().isdisjoint(("⚡4email", "amp4email")):
        yield "amp"
    elif tag == "script" and token.value("type").strip().lower() not in _DATA_SCRIPTS:
        yield SCRIPT
    yield from _find_images(token)


def _find_images(token: HtmlToken) -> Iterator[str]:
    if token.text in ("img", "source", "input"):
        if source := token.value("src"):
            yield from find_image_features(source)
        for place, candidate in enumerate(_CANDIDATE.finditer(token.value("srcset"))):
            if place == _CANDIDATES_MAX:
                break
            yield from find_image_features(candidate[1])
    if background := token.value("background"):
        yield from find_image_features(background)
