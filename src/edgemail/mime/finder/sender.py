"""Knows the sender's name among the words of a message."""

from __future__ import annotations

from edgemail.mime.finder.separators import DECORATION
from edgemail.mime.finder.word_lists import fold, lower


class SenderName:
    """The From: field of a message, folded."""

    def __init__(self, sender: str) -> None:
        self.whole = fold(lower(sender))
        self._name = self.whole.partition("<")[0]
        self._words = frozenset(self._name.replace("-", " ").replace(".", " ").split(" "))

    def has_brand(self, word: str) -> bool:
        """Return True for a word with a capital that the sender is called, as `Hive Bank`."""
        return word[:1].isupper() and self.has(word)

    def has(self, word: str) -> bool:
        """Return True for a word of the sender's name."""
        return fold(lower(word)) in self._words

    def ends(self, text: str) -> bool:
        """Return True for the sender's name before a colon: `Acme: 481223`."""
        name = fold(lower(text)).strip(DECORATION)
        return len(name) > 1 and text.rstrip(" ").endswith((":", "：")) and name in self._name
