"""Makes regular expressions of the word lists that the Python and the TypeScript share."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

WORDS: Final[dict[str, Any]] = json.loads((files("edgemail.mime") / "words.json").read_text("utf-8"))

# Latin, Greek and Cyrillic. The other scripts do without spaces, or join words.
_LETTER = "[a-z\u00df-\u024f\u0370-\u052f\u1e00-\u1eff]"


def lower(text: str) -> str:
    """Lower the case and keep the length: the one character that would grow is replaced first."""
    return text.replace("\u0130", "i").lower()


@cache
def pattern(*names: str) -> re.Pattern[str]:
    """Match what is in the named lists, in text of lower case: a group for each where there are more than one.

    A word has no letter before or after it; a sign may stand anywhere. What follows each `(?=` saves trying all
    of them at every place. Compiled at the first use: a tenth of a second that a start need not wait for.
    """
    groups = []
    for name in names:
        words, signs = "|".join(WORDS[name]["words"]), "|".join(WORDS[name]["signs"])
        groups.append(f"(?<!{_LETTER})(?={_LETTER}|2)(?:{words})(?!{_LETTER})|(?=[^a-z0-9 ])(?:{signs})")
    opening = "(" if len(names) > 1 else "(?:"
    return re.compile("|".join(f"{opening}{group})" for group in groups))
