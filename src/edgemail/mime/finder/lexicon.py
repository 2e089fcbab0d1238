"""The words of all languages, by what they tell of a number or a link.

`words/` has a file for each language, `words/README.md` says what each list is for. Scripts with spaces between
words are looked up word by word; in the others a sign may stand anywhere.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

_WORD = re.compile(r"(?:2(?=fa|sv))?[^\W\d_]+|%|[№#〒]", re.IGNORECASE)
# Latin, Greek and Cyrillic have spaces between words.
_SPACED = "\u0000-\u052f\u1e00-\u1fff\u2000-\u2bff"
_OTHER_SCRIPT = re.compile(f"[^{_SPACED}\ue000-\uffff]")
_BETWEEN = re.compile("[ '’ʼ.-]{0,3}")
_STEM_MIN = 3
_FOLDED_MIN = 4

Roles = frozenset[str]
_NONE: Final[Roles] = frozenset()


@dataclass(frozen=True, slots=True)
class Mark:
    """A word of the lists, or several that belong together, at its place in a text."""

    start: int
    end: int
    roles: Roles
    word: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    rest: tuple[str, ...]
    roles: Roles


class _Table:
    """All words: by their first word, by its beginning, by a compound's end; and the signs."""

    def __init__(self) -> None:
        phrases: dict[tuple[str, ...], set[str]] = {}
        signs: dict[str, set[str]] = {}
        self.tails: dict[str, str] = {}
        for file in sorted((files(__package__) / "words").iterdir(), key=lambda file: file.name):
            if not file.name.endswith(".toml"):
                continue
            for role, words in tomllib.loads(file.read_text("utf-8")).items():
                for word in map(lower, words):
                    if role == "tail":
                        self.tails[fold(word)] = word
                    elif _OTHER_SCRIPT.search(word):
                        signs.setdefault(word, set()).add(role)
                    else:
                        for form in {word, fold(word)} if len(fold(word)) >= _FOLDED_MIN else {word}:
                            phrases.setdefault(_split(form), set()).add(role)
        self.exact: dict[str, list[_Phrase]] = {}
        self.stems: dict[str, list[_Phrase]] = {}
        for words, roles in sorted(phrases.items(), key=lambda item: -len(item[0])):
            first = words[0]
            place = self.stems if first.endswith("*") else self.exact
            place.setdefault(first.removesuffix("*"), []).append(_Phrase(words[1:], frozenset(roles)))
        self.signs = {sign: frozenset(roles) for sign, roles in signs.items()}
        longest_first = sorted(self.signs, key=lambda sign: (-len(sign), sign))
        self.sign_pattern = re.compile(f"(?=({'|'.join(map(re.escape, longest_first))}))")


@cache
def _table() -> _Table:
    """Read the lists at the first use: a start need not wait for them."""
    return _Table()


def _split(phrase: str) -> tuple[str, ...]:
    return tuple(re.findall(r"(?:2(?=fa|sv))?[^\W\d_]+\*?|[0-9]+|[%№#°º]", phrase)) or (phrase,)


def lower(text: str) -> str:
    """Lower the case and keep the length: the one character that would grow is replaced first."""
    return text.replace("\u0130", "i").lower()


def fold(text: str) -> str:
    """Take the accents off, of Latin, Greek and Cyrillic."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")


@lru_cache(maxsize=16_384)
def _phrases(word: str) -> tuple[_Phrase, ...]:
    """List the phrases that may begin with a word, longest first."""
    table = _table()
    forms = tuple(dict.fromkeys((word, fold(word))))
    found = [phrase for form in forms for phrase in table.exact.get(form, ())]
    compound = [] if any(not phrase.rest for phrase in found) else _compound(forms[-1])
    for form in () if compound else forms:
        for length in range(_STEM_MIN, min(len(form), 24) + 1):
            found += table.stems.get(form[:length], ())
    found += compound
    return tuple(sorted(found, key=lambda phrase: -len(phrase.rest)))


def _compound(word: str) -> list[_Phrase]:
    """Take a compound apart, as German, Dutch and the Nordic languages write them."""
    for length in range(len(word) - 2, 2, -1):
        if word[-length:] not in _table().tails:
            continue
        first = word[:-length].rstrip("-")
        roles = set()
        for form in (first, first.removesuffix("s"), first.removesuffix("e")):
            for phrase in _phrases(form) if len(form) > 1 else ():
                roles |= phrase.roles if not phrase.rest else _NONE
        if "bad" in roles or "promo" in roles:
            return [_Phrase((), frozenset({"number"}))]
        if "sign_in" in roles:
            return [_Phrase((), frozenset({"strong"}))]
        return [_Phrase((), frozenset({"code"} if "plain" in roles else {"code", "unknown"}))]
    return []


def marks(text: str) -> list[Mark]:
    """List the words of the lists in a text, in order, none within another."""
    lowered = lower(text)
    found = _signs(text, lowered) if _OTHER_SCRIPT.search(lowered) else []
    words = [(word.start(), word.end(), word[0]) for word in _WORD.finditer(lowered)]
    count = len(words)
    place = 0
    while place < count:
        start, end, word = words[place]
        for phrase in _phrases(word):
            last = _follow(lowered, words, place, phrase.rest) if phrase.rest else place
            if last >= 0:
                end = words[last][1]
                found.append(Mark(start, end, phrase.roles | _same(word, phrase), text[start:end]))
                place = last
                break
        place += 1
    return sorted(found, key=lambda mark: mark.start) if found else found


def _same(word: str, phrase: _Phrase) -> Roles:
    """Collect the roles of a word's other entries of one word."""
    if phrase.rest:
        return _NONE
    return frozenset().union(*(other.roles for other in _phrases(word) if not other.rest))


def _follow(text: str, words: list[tuple[int, int, str]], place: int, rest: tuple[str, ...]) -> int:
    """Return the place of a phrase's last word, or -1 if the phrase does not stand there."""
    for wanted in rest:
        place += 1
        if place >= len(words):
            return -1
        start, _, word = words[place]
        if not _BETWEEN.fullmatch(text, words[place - 1][1], start):
            return -1
        if wanted.endswith("*"):
            stem = wanted[:-1]
            if not (word.startswith(stem) or fold(word).startswith(stem)):
                return -1
        elif wanted not in (word, fold(word)):
            return -1
    return place


def _signs(text: str, lowered: str) -> list[Mark]:
    """List the signs; one may begin within another, but none lies within another."""
    table = _table()
    found: list[Mark] = []
    last = 0
    for sign in table.sign_pattern.finditer(lowered):
        start, end = sign.span(1)
        if end > last:
            found.append(Mark(start, end, table.signs[sign[1]], text[start:end]))
            last = end
    return found
