"""HTML -> what mail programs do not support in it, where that stands, and how much it matters."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from edgemail.checks.css_features import find_css_features
from edgemail.checks.css_tokens import read_css_tokens
from edgemail.checks.html_features import find_html_features
from edgemail.checks.html_support import HtmlFeature, SupportShares, load_html_support
from edgemail.checks.html_tokens import read_html_tokens

if TYPE_CHECKING:
    from edgemail.checks.html_tokens import HtmlToken

HTML_MAX: Final = 1_000_000
"""Characters that are read. Mail programs cut a message long before."""

LINES_MAX: Final = 50
"""Lines that are named for one feature."""

_TOKENS_MAX: Final = 150_000
_SHEETS_MAX: Final = 300_000
"""Characters of all style sheets that are read."""

_SELECTORS_MAX: Final = 20
_PLAIN_SELECTOR: Final = re.compile(r"([a-zA-Z][\w-]*|\*)?((?:[.#][\w-]+)*)")
_MARK: Final = re.compile(r"[.#][\w-]+")
_COMBINED: Final = re.compile(r"[\s>+~]+")
_CLASSES_MAX: Final = 20
_NAMES_MAX: Final = 20_000
"""Tags, classes and ids that are counted."""

_NO_NODES: Final = frozenset({"html", "head", "meta", "body"})


@dataclass(frozen=True, slots=True)
class HtmlWarning:
    """A feature that some mail program does not support in full, and where the HTML uses it."""

    feature: HtmlFeature
    lines: tuple[int, ...]
    """From 1 on; at most `LINES_MAX`."""
    found: int
    """The elements that it is on, as far as selectors tell, and at least the places where it is written."""


@dataclass(frozen=True, slots=True)
class HtmlReport:
    """The result of a check."""

    warnings: tuple[HtmlWarning, ...]
    """Sorted by how many elements and mail programs they concern, most first."""
    shares: SupportShares
    """The score of the whole HTML: that of its worst feature, weighted by the share of elements that it is on."""
    nodes: int
    tests: int
    """The number of features that were looked for."""
    is_cut: bool
    """True if the HTML is so long that its end was not read."""


def check_html(html: str) -> HtmlReport:
    """Check HTML. It takes time and memory in proportion to it, up to a bound, and never fails."""
    reading = _FeatureCounter(html[:HTML_MAX])
    reading.read()
    return reading.finish(is_cut=len(html) > HTML_MAX)


class _FeatureCounter:
    """Counts the features of HTML."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._line_ends = array("L", (found.start() for found in re.finditer("\n", html)))
        self._lines: dict[str, dict[int, None]] = {}
        self._written: Counter[str] = Counter()
        """For each feature, the number of tags and `style` attributes that use it; each is one element."""
        self._in_rules: dict[str, Counter[str]] = {}
        """For each feature, the selectors of the rules that it is in."""
        self._elements: Counter[str] = Counter()
        """How often each tag, `.class` and `#id` is there; `*` stands for all elements."""
        self._matches: dict[str, int] = {}
        self._tokens_left = _TOKENS_MAX
        self._sheets_left = _SHEETS_MAX
        self._known = load_html_support().features

    def read(self) -> None:
        """Read all, or as much as the bounds allow."""
        for token in read_html_tokens(self._html):
            self._tokens_left -= 1
            if self._tokens_left < 0:
                return
            for slug in find_html_features(token):
                self._note(slug, token.start)
            if token.kind == "tag":
                self._count_element(token)
                if style := token.attributes.get("style"):
                    self._read_css(style.value, style.start, is_exact=style.is_plain, is_attribute=True)
            elif token.kind == "sheet":
                sheet = token.text[: self._sheets_left]
                self._sheets_left -= len(sheet)
                self._read_css(sheet, token.start, is_exact=True, is_attribute=False)

    def finish(self, *, is_cut: bool) -> HtmlReport:
        """Return the result."""
        nodes = max(1, self._elements["*"])
        warnings = []
        for slug, lines in self._lines.items():
            feature = self._known[slug]
            if feature.shares.supported < 100:
                found = self._written[slug] + sum(
                    times * self._count_matches(selector)
                    for selector, times in self._in_rules.get(slug, {}).items()
                )
                warnings.append(HtmlWarning(feature, tuple(sorted(lines)), found))
        warnings.sort(key=lambda warning: (-_weigh(warning, nodes), warning.feature.slug))
        partial = max((_share(warning, warning.feature.shares.partial, nodes) for warning in warnings), default=0.0)
        unsupported = max(
            (_share(warning, warning.feature.shares.unsupported, nodes) for warning in warnings), default=0.0
        )
        partial = min(partial, 100.0 - unsupported)
        shares = SupportShares(100.0 - partial - unsupported, partial, unsupported)
        is_cut = is_cut or self._tokens_left < 0 or self._sheets_left <= 0
        return HtmlReport(tuple(warnings), shares, self._elements["*"], len(self._known), is_cut)

    def _note(self, slug: str, start: int, selector: str = "") -> None:
        """Note that a feature is used at a place."""
        if slug not in self._known:
            return
        lines = self._lines.setdefault(slug, {})
        if len(lines) < LINES_MAX:
            lines[bisect_right(self._line_ends, start - 1) + 1] = None
        if selector:
            self._in_rules.setdefault(slug, Counter())[selector] += 1
        else:
            self._written[slug] += 1

    def _count_element(self, token: HtmlToken) -> None:
        if token.text in _NO_NODES:
            self._elements[token.text] += 1
            return
        marks = (f".{name}" for name in token.value("class").lower().split()[:_CLASSES_MAX])
        identity = token.value("id").strip().lower()
        for name in chain((token.text, "*"), marks, (f"#{identity}",) if identity else ()):
            if name in self._elements or len(self._elements) < _NAMES_MAX:
                self._elements[name] += 1

    def _read_css(self, css: str, start: int, *, is_exact: bool, is_attribute: bool) -> None:
        for token in read_css_tokens(css, is_attribute=is_attribute):
            self._tokens_left -= 1
            if self._tokens_left < 0:
                return
            place = start + token.start if is_exact else start
            for slug in find_css_features(token):
                self._note(slug, place, token.selector)

    def _count_matches(self, selector: str) -> int:
        """Return about how many elements a rule is for, and 1 where that cannot be told."""
        known = self._matches.get(selector)
        if known is None:
            parts = selector.lower().split(",", _SELECTORS_MAX)[:_SELECTORS_MAX]
            matches = sum(self._count_matches_of_one(part.strip()) for part in parts)
            known = self._matches[selector] = max(1, min(matches, self._elements["*"]))
        return known

    def _count_matches_of_one(self, selector: str) -> int:
        """Return how many elements have what the last part of a selector names most rarely."""
        plain = _PLAIN_SELECTOR.fullmatch(_COMBINED.split(selector)[-1])
        if plain is None:
            return 0
        names = [plain[1] or "*", *_MARK.findall(plain[2])]
        return min(self._elements[name] for name in names)


def _share(warning: HtmlWarning, share: float, nodes: int) -> float:
    """Return a share of all elements: of so many of them, one feature has that share."""
    return share * min(warning.found, nodes) / nodes


def _weigh(warning: HtmlWarning, nodes: int) -> float:
    return _share(warning, warning.feature.shares.partial + warning.feature.shares.unsupported, nodes)
