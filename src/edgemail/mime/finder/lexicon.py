"""The words of all languages, by what they tell of a number or a link.

`words/` has a file for each language, `words/README.md` says what each list is for. Scripts with spaces between
words are looked up word by word; in the others a sign may stand anywhere.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from edgemail.system.loading import without_collection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set

_WORD = re.compile(r"(?:2(?=fa|sv))?[^\W\d_]+|%|[№#〒]", re.IGNORECASE)
# Latin, Greek and Cyrillic have spaces between words.
_SPACED = "\u0000-\u052f\u1e00-\u1fff\u2000-\u2bff"
_OTHER_SCRIPT = re.compile(f"[^{_SPACED}\ue000-\uffff]")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_BETWEEN = re.compile("[ '’ʼ.-]{0,3}")
_IN_PHRASE = re.compile(r"(?:2(?=fa|sv))?[^\W\d_]+\*?|[0-9]+|[%№#°º]")
_STEM_MIN = 3
_WORD_MAX = 32
_FOLDED_MIN = 4

Roles = frozenset[str]
_NONE: Final[Roles] = frozenset()
_TOPICS: Final[Roles] = frozenset({"promo", "other"})
"""What a word tells of a message, it tells within a phrase too."""
_OBJECTS: Final[Roles] = _TOPICS | {"object", "password"}
LEADING: Final[Roles] = frozenset({"code", "strong", "sign_in", "act", "enter"})
"""The roles of words that speak for a code."""


class Mark(NamedTuple):
    """A word of the lists, or several that belong together, at its place in a text."""

    start: int
    end: int
    roles: Roles
    word: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    """What follows a first word. The last words of a phrase may be a beginning alone, as `promo*`."""

    rest: tuple[str, ...]
    roles: Roles


@dataclass(slots=True)
class _Entry:
    """What a word means by itself, and the phrases that it begins, by their second word."""

    roles: Roles = _NONE
    phrases: dict[str, list[_Phrase]] = field(default_factory=dict)
    open_phrases: list[_Phrase] = field(default_factory=list)
    """Those whose second word is a beginning."""

    @classmethod
    def of(cls, forms: Iterable[tuple[str, str]]) -> Self:
        """Make the entry of a first word from all that begins with it: each word or phrase with a role."""
        by_words: dict[tuple[str, ...], set[str]] = {}
        for form, role in forms:
            by_words.setdefault(_split(form), set()).add(role)
        entry = cls()
        for (_, *rest), roles in sorted(by_words.items(), key=lambda item: -len(item[0])):
            if not rest:
                entry.roles |= roles
            elif rest[0].endswith("*"):
                entry.open_phrases.append(_Phrase(tuple(rest), frozenset(roles)))
            else:
                entry.phrases.setdefault(rest[0], []).append(_Phrase(tuple(rest), frozenset(roles)))
        return entry

    def add(self, other: _Entry) -> None:
        self.roles |= other.roles
        for second, phrases in other.phrases.items():
            self.phrases[second] = self.phrases.get(second, []) + phrases
        self.open_phrases = self.open_phrases + other.open_phrases


class _Entries:
    """The entries of words, each made when it is first looked up: a mail has few of the words of all languages."""

    def __init__(self) -> None:
        self._forms: dict[str, list[tuple[str, str]]] = {}
        self._made: dict[str, _Entry] = {}

    def add(self, first: str, form: str, role: str) -> None:
        """Add a word or phrase that begins with `first`."""
        self._forms.setdefault(first, []).append((form, role))

    def among(self, words: Set[str]) -> Set[str]:
        """Return those of `words` that have an entry."""
        return words & self._forms.keys()

    def find(self, word: str) -> _Entry | None:
        """Return the entry of a word, or None."""
        entry = self._made.get(word)
        if entry is None and (forms := self._forms.get(word)) is not None:
            entry = self._made[word] = _Entry.of(forms)
        return entry


class _Table:
    """All words: by their first word, by its beginning, by a compound's end; and the signs."""

    def __init__(self) -> None:
        self.tails: set[str] = set()
        self.exact, self.stems = _Entries(), _Entries()
        signs: dict[str, set[str]] = {}
        for file in sorted(Path(__file__).with_name("words").glob("*.toml")):
            for role, words in read_lists(file.read_text("utf-8")):
                # Joined, a list is lowered, folded and looked at once.
                lowered = lower("\n".join(words))
                has_signs = not lowered.isascii() and _OTHER_SCRIPT.search(lowered)
                for word, folded in zip(lowered.split("\n"), fold(lowered).split("\n"), strict=True):
                    if role == "tail":
                        self.tails.add(folded)
                    elif has_signs and _OTHER_SCRIPT.search(word):
                        signs.setdefault(word, set()).add(role)
                    else:
                        self._add(word, role)
                        if folded != word and len(folded) >= _FOLDED_MIN:
                            self._add(folded, role)
        self.signs = {sign: frozenset(roles) for sign, roles in signs.items()}

    def _add(self, form: str, role: str) -> None:
        first = form if form.isalpha() else _split(form)[0]
        if first.endswith("*"):
            self.stems.add(first[:-1], form, role)
        else:
            self.exact.add(first, form, role)

    @cached_property
    def sign_pattern(self) -> re.Pattern[str]:
        """Finds the signs, the longest first. It takes a while to compile, and most mails have none."""
        longest_first = sorted(self.signs, key=lambda sign: (-len(sign), sign))
        return re.compile(f"(?=({'|'.join(map(re.escape, longest_first))}))")


def read_lists(text: str) -> Iterator[tuple[str, list[str]]]:
    """Read the lists of a language: TOML with a list of strings on each line, which are written as in JSON.

    `tomllib` takes twenty times as long, and the first mail waits for it.
    """
    for line in text.splitlines():
        name, _, words = line.partition(" = ")
        yield name, json.loads(words)


def load_words() -> None:
    """Read the lists now.

    Raises:
        OSError: a list cannot be read.
    """
    _table()


@cache
def _table() -> _Table:
    """Read the lists at the first use: a start need not wait for them."""
    with without_collection():
        return _Table()


def _split(phrase: str) -> tuple[str, ...]:
    return tuple(_IN_PHRASE.findall(phrase)) or (phrase,)


def lower(text: str) -> str:
    """Lower the case and keep the length: the one character that would grow is replaced first."""
    return text.replace("\u0130", "i").lower()


def fold(text: str) -> str:
    """Take the accents off, of Latin, Greek and Cyrillic."""
    if text.isascii():
        return text
    return _ACCENTS.sub("", unicodedata.normalize("NFD", text))


@lru_cache(maxsize=16_384)
def _entry(word: str) -> _Entry | None:
    """Look a word up: as it is, without accents, by its beginning, and as a compound."""
    table = _table()
    forms = tuple(dict.fromkeys((word, fold(word))))
    found = [entry for form in forms if (entry := table.exact.find(form)) is not None]
    compound = _NONE if any(entry.roles for entry in found) else (_compound(forms[0]) or _compound(forms[-1]))
    if compound:
        found.append(_Entry(compound))
    else:
        longest = min(len(word), _WORD_MAX)
        stems = {form[:length] for form in forms for length in range(_STEM_MIN, longest + 1)}
        found += [entry for stem in sorted(table.stems.among(stems)) if (entry := table.stems.find(stem))]
    if len(found) < 2:
        return found[0] if found else None
    whole = _Entry()
    for entry in found:
        whole.add(entry)
    return whole


def _compound(word: str) -> Roles:
    """Take a compound apart, as German, Dutch and the Nordic languages write them."""
    for length in range(min(len(word), _WORD_MAX) - 2, 2, -1):
        if word[-length:] not in _table().tails:
            continue
        first = word[:-length]
        roles: Roles = _NONE
        for form in (first, first.removesuffix("s"), first.removesuffix("e")):
            entry = _entry(form) if len(form) > 1 else None
            roles |= entry.roles if entry else _NONE
        if roles & {"bad", "promo"}:
            return frozenset({"number"})
        if "sign_in" in roles:
            return frozenset({"strong"})
        return frozenset({"code"} if "plain" in roles else {"code", "unknown"})
    return _NONE


@lru_cache(maxsize=16_384)
def _leads(word: str) -> frozenset[str]:
    """List the words after it that make a word speak for a code; "" where it does so alone."""
    entry = _entry(word)
    if entry is None:
        return _NONE
    if entry.roles & LEADING or any(phrase.roles & LEADING for phrase in entry.open_phrases):
        return frozenset({""})
    return frozenset(
        second for second, some in entry.phrases.items() if any(phrase.roles & LEADING for phrase in some)
    )


def may_lead(text: str) -> bool:
    """Return False if nothing in a text can make a number near it a code: a quick look before `marks`."""
    lowered = lower(text)
    words = _WORD.findall(lowered)
    there = {"", *words}
    if any(not there.isdisjoint(after) for after in map(_leads, words) if after):
        return True
    return not lowered.isascii() and _OTHER_SCRIPT.search(lowered) is not None


def marks(text: str) -> list[Mark]:
    """List the words of the lists in a text, in order, none within another."""
    lowered = lower(text)
    found = [] if lowered.isascii() or not _OTHER_SCRIPT.search(lowered) else _signs(text, lowered)
    words = _WORD.findall(lowered)
    entries = [_entry(word) for word in words]
    if any(entries):
        places = [word.span() for word in _WORD.finditer(lowered)]
        found += _words(text, lowered, words, places, entries)
    return sorted(found, key=_start_of) if len(found) > 1 else found


def _start_of(mark: Mark) -> int:
    return mark.start


def _words(
    text: str,
    lowered: str,
    words: list[str],
    places: list[tuple[int, int]],
    entries: list[_Entry | None],
) -> Iterator[Mark]:
    place, count = 0, len(words)
    while place < count:
        entry, last, roles = entries[place], place, _NONE
        if entry is not None:
            roles = entry.roles
            for phrase in _candidates(entry, words, entries, place):
                end = _follow(phrase.rest, lowered, words, places, entries, place)
                if end > 0:
                    last = end
                    kept = _OBJECTS if "act" in phrase.roles else _TOPICS
                    roles = phrase.roles.union(
                        *(kept & entry.roles for entry in entries[place : last + 1] if entry)
                    )
                    break
            if roles:
                start, stop = places[place][0], places[last][1]
                yield Mark(start, stop, roles, text[start:stop])
        place = last + 1


def _candidates(entry: _Entry, words: list[str], entries: list[_Entry | None], place: int) -> Iterable[_Phrase]:
    """List the phrases that may stand there, longest first for each second word."""
    if place + 1 >= len(words) or not (entry.phrases or entry.open_phrases):
        return ()
    found = [*entry.phrases.get(words[place + 1], ()), *entry.open_phrases]
    if place + 2 < len(words) and _is_small(entries[place + 1]):
        found += entry.phrases.get(words[place + 2], ())
    return found


def _is_small(entry: _Entry | None) -> bool:
    return entry is not None and "small" in entry.roles


def _follow(
    rest: tuple[str, ...],
    lowered: str,
    words: list[str],
    places: list[tuple[int, int]],
    entries: list[_Entry | None],
    place: int,
) -> int:
    """Return where the rest of a phrase ends, or 0. One small word may stand in it: `set your password`."""
    may_skip = True
    for wanted in rest:
        place += 1
        if may_skip and place < len(words) and not _is(words[place], wanted) and _is_small(entries[place]):
            may_skip = False
            place += 1
        if place >= len(words) or not _is(words[place], wanted):
            return 0
    first = place - len(rest) - (not may_skip) + 1
    gaps = range(first, place + 1)
    return place if all(_BETWEEN.fullmatch(lowered, places[gap - 1][1], places[gap][0]) for gap in gaps) else 0


def _is(word: str, wanted: str) -> bool:
    if wanted.endswith("*"):
        return word.startswith(wanted[:-1]) or fold(word).startswith(wanted[:-1])
    return wanted in (word, fold(word))


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
