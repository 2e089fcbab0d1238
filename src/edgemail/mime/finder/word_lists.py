"""The lists of words, read from the files in `words/`, and looked up by the first word of an entry.

Whoever asks for the first mail waits for this: most is left until it is looked up.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set

# Latin, Greek and Cyrillic have spaces between words.
_SPACED = "\u0000-\u052f\u1e00-\u1fff\u2000-\u2bff"
OTHER_SCRIPT = re.compile(f"[^{_SPACED}\ue000-\uffff]")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_IN_PHRASE = re.compile(r"(?:2(?=fa|sv))?[^\W\d_]+\*?|[0-9]+|[%№#°º]")
_FOLDED_MIN = 4

Roles = frozenset[str]
NO_ROLES: Final[Roles] = frozenset()


@dataclass(frozen=True, slots=True)
class Phrase:
    """What follows a first word. The last words of a phrase may be a beginning alone, as `promo*`."""

    rest: tuple[str, ...]
    roles: Roles


@dataclass(slots=True)
class WordEntry:
    """What a word means by itself, and the phrases that it begins, by their second word."""

    roles: Roles = NO_ROLES
    phrases: dict[str, list[Phrase]] = field(default_factory=dict)
    open_phrases: list[Phrase] = field(default_factory=list)
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
                entry.open_phrases.append(Phrase(tuple(rest), frozenset(roles)))
            else:
                entry.phrases.setdefault(rest[0], []).append(Phrase(tuple(rest), frozenset(roles)))
        return entry

    def add(self, other: WordEntry) -> None:
        """Let the word mean what another means as well."""
        self.roles |= other.roles
        for second, phrases in other.phrases.items():
            self.phrases[second] = self.phrases.get(second, []) + phrases
        self.open_phrases = self.open_phrases + other.open_phrases


class _Entries:
    """The entries of words, each made when it is first looked up: a mail has few of the words of all languages."""

    def __init__(self) -> None:
        self._forms: dict[str, list[tuple[str, str]]] = {}
        self._made: dict[str, WordEntry] = {}

    def add(self, first: str, form: str, role: str) -> None:
        """Add a word or phrase that begins with `first`."""
        self._forms.setdefault(first, []).append((form, role))

    def among(self, words: Set[str]) -> Set[str]:
        """Return those of `words` that have an entry."""
        return words & self._forms.keys()

    def find(self, word: str) -> WordEntry | None:
        """Return the entry of a word, or None."""
        entry = self._made.get(word)
        if entry is None and (forms := self._forms.get(word)) is not None:
            entry = self._made[word] = WordEntry.of(forms)
        return entry


class WordTable:
    """All words: by their first word, by its beginning, by a compound's end; and the signs."""

    def __init__(self) -> None:
        self.tails: set[str] = set()
        self.exact, self.stems = _Entries(), _Entries()
        signs: dict[str, set[str]] = {}
        for file in sorted(Path(__file__).with_name("words").glob("*.toml")):
            for role, words in read_lists(file.read_text("utf-8")):
                # Joined, a list is lowered, folded and looked at once.
                lowered = lower("\n".join(words))
                has_signs = not lowered.isascii() and OTHER_SCRIPT.search(lowered)
                for word, folded in zip(lowered.split("\n"), fold(lowered).split("\n"), strict=True):
                    if role == "tail":
                        self.tails.add(folded)
                    elif has_signs and OTHER_SCRIPT.search(word):
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
