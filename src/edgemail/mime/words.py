"""Makes regular expressions of the word lists that the Python and the TypeScript share."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any, Final

WORDS: Final[dict[str, Any]] = json.loads((files("edgemail.mime") / "words.json").read_text("utf-8"))

# Latin, Greek and Cyrillic. The other scripts do without spaces, or join words.
_LETTER = "[A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1eff]"


def pattern(*names: str) -> re.Pattern[str]:
    """Match what is in the named lists, in any case: a group for each where there are more than one.

    A word has no letter before or after it; a sign may stand anywhere.
    """
    groups = []
    for name in names:
        words, signs = WORDS[name]["words"], WORDS[name]["signs"]
        groups.append(f"(?<!{_LETTER})(?:{'|'.join(words)})(?!{_LETTER})|{'|'.join(signs)}")
    opening = "(" if len(names) > 1 else "(?:"
    return re.compile("|".join(f"{opening}{group})" for group in groups), re.IGNORECASE)
