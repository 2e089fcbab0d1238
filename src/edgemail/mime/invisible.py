"""Takes out of a text the characters that nobody sees: text can be smuggled in them, or turned around."""

from __future__ import annotations

import re
from typing import Final

# Controls but tab and line feed; soft hyphens, joiners and fillers; what turns the direction of text; variation
# selectors; lone surrogates; private use; tags (U+E0000 to E007F), which spell ASCII.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_LINE_ENDS: Final = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


def drop_invisible(text: str) -> tuple[str, int]:
    """Return the text without what nobody sees, its line ends as line feeds, and how many characters went."""
    text = _LINE_ENDS.sub("\n", text)
    return _INVISIBLE.subn("", text)
