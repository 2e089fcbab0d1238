"""Makes text uniform: without what nobody sees, with one kind of space, line end and digit."""

from __future__ import annotations

import re
import unicodedata

# Soft hyphens, joiners and fillers that pad a preview, marks of direction, and lone surrogates.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ud800-\udfff]"
)
_JOINERS = re.compile("[\u200c\u200d]{2,}|(?<=[ \u00a0\n])[\u200c\u200d]|[\u200c\u200d](?=[ \u00a0\n])")
_SPACES = re.compile("[\u0085\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_BLANK_CONTROLS = "\t\x0b\x0c\x1c\x1d\x1e\x1f"
_CONTROLS = dict.fromkeys(map(ord, _BLANK_CONTROLS), " ")
_DIGITS = re.compile(r"[^\D0-9]")


def visible(text: str) -> str:
    """Drop what nobody sees; make every space U+0020, every line end a line feed, every digit ASCII."""
    if text.isascii():
        return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
    text = _INVISIBLE.sub("", _DIGITS.sub(lambda digit: str(unicodedata.digit(digit[0])), text))
    if "\u200c" in text or "\u200d" in text:
        text = _JOINERS.sub("", text)
    text = _SPACES.sub(" ", text.replace("\u2028", "\n").replace("\u2029", "\n"))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for control in _BLANK_CONTROLS:  # `translate` is slow where not all is ASCII
        text = text.replace(control, " ")
    return text
