"""The words of all languages, by what they tell of a number or a link.

`words/` has a file for each language, `words/README.md` says what each list is for. Scripts with spaces between
words are looked up word by word; in the others a sign may stand anywhere.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from edgemail.mime.finder.word_lists import NO_ROLES, OTHER_SCRIPT, Phrase, Roles, WordEntry, WordTable, fold, lower
from edgemail.system.loading import without_collection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORD = re.compile(r"(?:2(?=fa|sv))?[^\W\d_]+|%|[№#〒]", re.IGNORECASE)
_BETWEEN = re.compile("[ '’ʼ.-]{0,3}")
_STEM_MIN = 3
_WORD_MAX = 32

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


def load_words() -> None:
    """Read the lists now.

    Raises:
        OSError: a list cannot be read.
    """
    _table()


@cache
def _table() -> WordTable:
    """Read the lists at the first use: a start need not wait for them."""
    with without_collection():
        return WordTable()


@lru_cache(maxsize=16_384)
def _entry(word: str) -> WordEntry | None:
    """Look a word up: as it is, without accents, by its beginning, and as a compound."""
    table = _table()
    forms = tuple(dict.fromkeys((word, fold(word))))
    found = [entry for form in forms if (entry := table.exact.find(form)) is not None]
    compound = NO_ROLES if any(entry.roles for entry in found) else (_compound(forms[0]) or _compound(forms[-1]))
    if compound:
        found.append(WordEntry(compound))
    else:
        longest = min(len(word), _WORD_MAX)
        stems = {form[:length] for form in forms for length in range(_STEM_MIN, longest + 1)}
        found += [entry for stem in sorted(table.stems.among(stems)) if (entry := table.stems.find(stem))]
    if len(found) < 2:
        return found[0] if found else None
    whole = WordEntry()
    for entry in found:
        whole.add(entry)
    return whole


def _compound(word: str) -> Roles:
    """Take a compound apart, as German, Dutch and the Nordic languages write them."""
    for length in range(min(len(word), _WORD_MAX) - 2, 2, -1):
        if word[-length:] not in _table().tails:
            continue
        first = word[:-length]
        roles: Roles = NO_ROLES
        for form in (first, first.removesuffix("s"), first.removesuffix("e")):
            entry = _entry(form) if len(form) > 1 else None
            roles |= entry.roles if entry else NO_ROLES
        if roles & {"bad", "promo"}:
            return frozenset({"number"})
        if "sign_in" in roles:
            return frozenset({"strong"})
        return frozenset({"code"} if "plain" in roles else {"code", "unknown"})
    return NO_ROLES


@lru_cache(maxsize=16_384)
def _leads(word: str) -> frozenset[str]:
    """List the words after it that make a word speak for a code; "" where it does so alone."""
    entry = _entry(word)
    if entry is None:
        return NO_ROLES
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
    return not lowered.isascii() and OTHER_SCRIPT.search(lowered) is not None


def marks(text: str) -> list[Mark]:
    """List the words of the lists in a text, in order, none within another."""
    lowered = lower(text)
    found = [] if lowered.isascii() or not OTHER_SCRIPT.search(lowered) else _signs(text, lowered)
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
    entries: list[WordEntry | None],
) -> Iterator[Mark]:
    place, count = 0, len(words)
    while place < count:
        entry, last, roles = entries[place], place, NO_ROLES
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


def _candidates(
    entry: WordEntry, words: list[str], entries: list[WordEntry | None], place: int
) -> Iterable[Phrase]:
    """List the phrases that may stand there, longest first for each second word."""
    if place + 1 >= len(words) or not (entry.phrases or entry.open_phrases):
        return ()
    found = [*entry.phrases.get(words[place + 1], ()), *entry.open_phrases]
    if place + 2 < len(words) and _is_small(entries[place + 1]):
        found += entry.phrases.get(words[place + 2], ())
    return found


def _is_small(entry: WordEntry | None) -> bool:
    return entry is not None and "small" in entry.roles


def _follow(
    rest: tuple[str, ...],
    lowered: str,
    words: list[str],
    places: list[tuple[int, int]],
    entries: list[WordEntry | None],
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
