"""What parts words and sentences from a code, or ties them to it."""

from __future__ import annotations

import re

DECORATION = " *_~|\"'“”„«»‹›`.,:;!()[]{}<>【】「」『』・•→-—–"
SENTENCE_END = re.compile("(?<! [A-Z])[.!?…] |[。！？]")
"""The end of a sentence, not the dot of `M. Roux`."""
STOP = re.compile("[.!?:;。！？：；()|0-9]")

COPULA = "is|ist|est|es|este|sunt|è|é|e|to|jest|je|är|er|on|as|als|là|adalah|είναι|lautet|como|comme"
ARTICLE = "le|la|el|il|o|the|der|die|das|det|den"
_PARTICLE = "は|是|为|為|은|는|คือ|هو|هي|הוא|है"
IS_BEFORE = re.compile(
    f"(?:[:：>→]|(?:^| )(?:{COPULA})(?: (?:{ARTICLE}))?|{_PARTICLE})[ :：\"'“„«*(\\[「『【>-]*$",
    re.IGNORECASE,
)
"""What stands between a word for codes and its code: `is`, a colon."""
