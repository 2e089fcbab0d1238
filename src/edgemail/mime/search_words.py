"""The words of a message that a search looks at, folded as the words that are looked for.

`web/src/inbox/fold.ts` folds in the same way; both are held to `tests/vectors/search.json`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from edgemail.system.folding import fold

WORDS_READ: Final = 1024 * 1024
"""The most characters that are looked at."""

WORDS_MAX: Final = 64 * 1024
"""The most characters that are kept."""

# Thai, Lao, Burmese, Khmer, Chinese and Japanese put no blanks between words, so a line may end within one.
_WITHOUT_BLANKS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff00-\uffef\U00020000-\U0003ffff"
)
_PIECE: Final = 32 * 1024
_BLANK = re.compile(r"\s")


def search_words(*parts: str) -> str:
    """Return the words of all parts, folded, each once, joined by blanks, for `Summary.words`.

    Where they are too many the first ones are kept: give what matters most first.
    """
    text = "\n".join(parts)[:WORDS_READ]
    if not text.isascii():
        text = _line_end().sub(r"\1", text)
    folded = fold(_keep_once(text)[: 2 * WORDS_MAX])  # folding takes longest, so each word is folded once
    return _keep_once(folded)[:WORDS_MAX].rstrip()


@cache
def _line_end() -> re.Pattern[str]:
    """Compile the pattern at its first use: it takes 4 ms, and mail in ASCII does without."""
    return re.compile(rf"([{_WITHOUT_BLANKS}])[ \t]*\r?\n[ \t>]*(?=[{_WITHOUT_BLANKS}])")


def _keep_once(text: str) -> str:
    """Join the different words, piece by piece: a list of all short words takes twenty times the text's memory."""
    found: dict[str, None] = {}
    start = 0
    while start < len(text):
        blank = _BLANK.search(text, start + _PIECE)
        end = blank.start() if blank else len(text)
        found |= dict.fromkeys(text[start:end].split())
        start = end
    return " ".join(found)
