"""Folds text, so that what a person takes for the same is the same.

`web/src/inbox/fold.ts` folds in the same way; both are held to `tests/vectors/search.json`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CHUNK: Final = 1024
"""How much is normalised at a time: the time grows with the square of a run of combining marks."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# What has no width (joiners, direction marks, variation selectors, soft hyphens), accents of Latin, Greek and
# Cyrillic letters, and the points of Hebrew and Arabic. The vowel signs of other scripts are letters to their
# readers, as are the two voicing marks of kana: these stay.
_MARKS = re.compile(
    "[\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0600-\u0605"
    "\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670\u06d6-\u06dd\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u08ca-\u08ff\u0951-\u0954\u180e\u1ab0-\u1aeb\u1cd0-\u1ce8\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u20d0-\u20dc\u20e1\u20e5-\u20f0\u2de0-\u2dff\u302a-\u302d\ua66f\ua674-\ua67d"
    "\ua69e\ua69f\ufb1e\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\ufff9-\ufffb\U000e0001-\U000e01ef]+"
)
# A zero of each script; the other digits follow it.
_ZEROS = (
    "\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0de6\u0e50\u0ed0\u0f20\u1040\u1090"
    "\u17e0\u1810\u1946\u19d0\u1a80\u1a90\u1b50\u1bb0\u1c40\u1c50\ua620\ua8d0\ua900\ua9d0\ua9f0\uaa50\uabf0"
)
_LETTERS = str.maketrans({
    "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t",
    "ı": "i", "ς": "σ", "⁄": "/",  # the fraction slash: ½ is written out as 1⁄2
    **{chr(ord(zero) + value): str(value) for zero in _ZEROS for value in range(10)},
    **dict.fromkeys("\u2018\u2019\u02bb\u02bc\u2032", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
})  # fmt: skip


def fold(text: str) -> str:
    """Return what a text and another have in common if a person takes them for the same.

    Case, accents, width and typographic forms do not count: ``Straße`` and ``STRASSE`` are alike,
    and so are the Turkish letters with a dot and without. A term is found where the folded text
    contains the folded term.
    """
    if text.isascii():
        return _CONTROL.sub(" ", text).lower()
    return "".join(_fold(text[start : start + _CHUNK]) for start in range(0, len(text), _CHUNK))


def _fold(text: str) -> str:
    apart = _MARKS.sub("", unicodedata.normalize("NFKD", _CONTROL.sub(" ", text)))
    return unicodedata.normalize("NFC", apart.lower().translate(_LETTERS))
