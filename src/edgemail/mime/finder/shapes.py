"""What looks like a one-time code: its shapes, found in the lines of a text.

A code is given as a person would type it: digits without the gaps or dashes that group them (`481 223` is
`481223`), letters and digits with their dash (`G-481223`, `U8K-2PD`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import TYPE_CHECKING

from edgemail.mime.finder.lexicon import marks

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS_MAX = 1_000
"""Numbers and words that are looked at for candidates: each takes some 3 µs."""

_COMMA = ",(?![0-9]{1,2} ?(?:分|秒|小时|小時|時間))"
"""A comma within a number. Chinese texts write `773902,10分钟内有效` as well: there it ends the sentence's part."""
_GAP = f"(?: ?[-‐‑–—] ?|[ .:/]|{_COMMA})"
# Digits that single separators hold together: a date, a price or a phone number is one run, and no code.
_RUN = re.compile(f"[0-9]+(?:{_GAP}[0-9]+)*")
_DIGITS = re.compile("[0-9]{4,8}")
_GROUPED = re.compile("[0-9]{3}[ -][0-9]{3}|[0-9]{4}[ -][0-9]{4}")
_PAIRS = re.compile("[0-9]{2}(?:([ -])[0-9]{2}){1}(?:\\1[0-9]{2}){1,2}")
_UNEVEN = re.compile("[0-9]{4} [0-9]{2}|[0-9]{2} [0-9]{4}")
_SINGLES = re.compile("[0-9](?:([ -])[0-9])(?:\\1[0-9]){2,6}")
_HALVES = re.compile("[0-9](?: [0-9]){2,3}-[0-9](?: [0-9]){2,3}")
_DASH = re.compile(" ?[-‐‑–—] ?")
_DATE = re.compile("(?:19|20)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?")

# With a digit among the first letters, in capitals, or with several dashes.
_WORDLIKE = re.compile(
    "(?<![A-Za-z0-9])(?:(?=[A-Za-z-]{1,11}[0-9]|[0-9]{1,11}-?[A-Za-z]|[0-9]{2,5}-[0-9]{1,4}[A-Z]|[A-Z-]{4}|[a-z]{3,10}-[a-z]{3,10}-[a-z0-9]|[a-z]{2}-[0-9a-z]{3,5}-)"
    "[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*)"
)
_PREFIXED = re.compile("[A-Z]{1,3}-[0-9]{4,8}")
_PARTS = re.compile("[A-Z0-9]{2,5}-[A-Z0-9]{2,5}(?:-[A-Z0-9]{2,5})?")
_CAPITALS = re.compile("[A-Z0-9]{4,10}")
_MIXED = re.compile("[A-Za-z0-9]{5,12}")
_NAMED = re.compile("[A-Za-z]{3,}[0-9]{1,4}|[0-9]+(?:st|nd|rd|th|x|px|gb|mb|kb|min|am|pm|h|s|k)", re.IGNORECASE)
_LETTERS = re.compile("[A-Z]{5,8}|[A-Z]{3,5}-[A-Z]{3,5}|[A-Z]{4}")
_WORDS = re.compile(
    "[a-z]{3,10}(?:-[a-z]{3,10}){2,4}(?:-[0-9]{1,4})?|[a-z]{3,10}-(?:[0-9]{2,4}-[a-z]{3,10}|[a-z]{3,10}-[0-9]{2,4})"
)
_NUMBERED = re.compile("[A-Z]{2,5}-(?:19|20)[0-9]{2}-")
"""As series are: `CVE-2026-48122`."""
_APART = re.compile("[A-Z0-9](?: [A-Z0-9]){1,7}(?: ?[-–] ?[A-Z0-9](?: [A-Z0-9]){1,7})?")
_HALVED = re.compile("(?=[A-Z ]*[0-9])(?=[0-9 ]*[A-Z])(?:[A-Z0-9]{3} [A-Z0-9]{3}|[A-Z0-9]{4} [A-Z0-9]{4})")
_LOWER_PARTS = re.compile("[a-z0-9]{3,5}-[a-z0-9]{3,5}|[a-z0-9]{2,5}-[a-z0-9]{2,5}-[a-z0-9]{2,5}")
_MIXED_PARTS = re.compile("(?=[A-Za-z]{0,5}[0-9])[A-Za-z0-9]{3,6}-[A-Za-z0-9]{3,6}")
_COUNTED = re.compile("[0-9]+-[a-z]+|[a-z]+-[0-9]+")
"""As `2048-bit` and `top-100`."""
_NAMED_NUMBER = re.compile("[^:：0-9]{2,40}[:：] ?[0-9][0-9 .,%]{0,15}")
_COUPON = re.compile("(?=[A-Z]*[AEIOU])[A-Z]{3,}[0-9]{0,4}")
_CLOCK = re.compile("(?:[01][0-9]|2[0-3])[0-5][0-9]")
_AT = re.compile(
    "(?:^| )(?:at|um|kl[.]?|à|alle|às|las|om|o|в|о|saat|from|until|bis|till|ab|between|by) $", re.IGNORECASE
)
_DIGIT = re.compile("[0-9]")
_SHORTEST = 4
_UNLIKE_PROSE = re.compile(
    "[0-9A-Z-](?:(?<=[A-Za-z-][0-9])|(?<=[0-9])-?[A-Za-z]|(?<=-)[a-z]{3}|(?<=[A-Z-])[A-Z-]{3})"
)
"""What each match of `_WORDLIKE` holds: a quick look before it."""

_JOINED_BEFORE = re.compile(
    "(?:[A-Za-z0-9_@#$€£¥₹₽₺₩+%&=/.\u00c0-\u024f\u0400-\u052f-]|[0-9],|[$€£¥₹₽₺₩] |[*]{4}|[•x]{3,} ?)$"
)
_JOINED_AFTER = re.compile(
    "[A-Za-z0-9_@%=/\u00c0-\u024f\u0400-\u052f]|[.:+-][A-Za-z0-9]|" + _COMMA + "[0-9]| ?[€£¥₹₽₺₩%°#]| [$][0-9]?"
)
_DECORATION = " *_~|\"'“”„«»‹›`.,:;!()[]{}<>【】「」『』・•→-—–>"

_FRAGMENT = re.compile("[0-9]{1,4}|[A-Z]")
_FRAGMENTS_MAX = 15


class Doubt(IntEnum):
    """How much a shape leaves open: the more, the nearer a word must stand."""

    NONE = 0
    LETTERS = 1
    """Letters and digits: a model, a flight or a product may look so."""
    APART = 2
    """Digits in pairs or one by one: a date or a table may look so."""
    DATE = 3
    WORD = 4
    """Letters alone, in capitals, or with digits in lower case, or words with dashes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a code, at its place."""

    row: int
    start: int
    end: int
    code: str
    is_alone: bool
    doubt: Doubt


def join_fragments(rows: list[str]) -> list[str]:
    """Put a code together again that has a line for each of its pieces, as cells and boxes make it."""
    joined: list[str] = []
    pieces: list[str] = []
    for row in [*rows, ""]:
        if row and (_FRAGMENT.fullmatch(row) or (pieces and row in {"-", "–", "—", "‑"})):
            pieces.append(row)
            continue
        joined += _join(pieces) if pieces else ()
        pieces = []
        if row:
            joined.append(row)
    return joined


def _join(pieces: list[str]) -> list[str]:
    parts = [piece for piece in pieces if piece[0].isalnum()]
    sizes = {len(part) for part in parts}
    size = sum(map(len, parts))
    if len(sizes) == 1 and len(parts) > 1 and len(pieces) <= _FRAGMENTS_MAX and 4 <= size <= 8 and sizes != {4, 1}:
        one = sizes == {1}
        if one or all(part.isdigit() for part in parts):
            return [" ".join(parts)]
    return pieces


def candidates(rows: list[str]) -> Iterator[Candidate]:
    """Give what looks like a code, in order."""
    budget = NUMBERS_MAX
    for row, line in enumerate(rows):
        if budget <= 0:
            return
        bare = line.strip(_DECORATION)
        if _DIGIT.search(line):
            for run in islice(_RUN.finditer(line), budget):
                budget -= 1
                found = _of_digits(row, line, run, bare)
                if found:
                    yield found
        if 7 <= len(bare) <= 19 and " " in bare[1:5] and (_APART.fullmatch(bare) or _HALVED.fullmatch(bare)):
            apart = _DASH.sub("-", bare).replace(" ", "")
            if 4 <= len(apart.replace("-", "")) <= 8 and not _is_numeric(apart):
                start = line.find(bare)
                yield Candidate(row, start, start + len(bare), apart, is_alone=True, doubt=Doubt.LETTERS)
        for word in islice(_WORDLIKE.finditer(line), budget) if _UNLIKE_PROSE.search(line) else ():
            found_word = _of_letters(row, line, word, bare)
            if found_word:
                budget -= 1
                yield found_word


def _of_digits(row: int, line: str, run: re.Match[str], bare: str) -> Candidate | None:
    start, end = run.span()
    if end - start < _SHORTEST:
        return None
    found = _DASH.sub("-", run[0])
    if _DIGITS.fullmatch(found):
        doubt = Doubt.DATE if _DATE.fullmatch(found) else Doubt.NONE
    elif _GROUPED.fullmatch(found):
        doubt = Doubt.DATE if _DATE.fullmatch(found[:-5]) else Doubt.NONE
    elif any(shape.fullmatch(found) for shape in (_PAIRS, _SINGLES, _HALVES, _UNEVEN)):
        doubt = Doubt.APART
    else:
        return None
    code = found.replace(" ", "").replace("-", "")
    if _is_joined(line, start, end):
        return None
    return Candidate(row, start, end, code, bare == run[0], doubt)


def _of_letters(row: int, line: str, word: re.Match[str], bare: str) -> Candidate | None:
    found = word[0]
    if len(found) < _SHORTEST or len(found) > 40 or found.isdigit():
        return None
    digits = _DIGIT.search(found) is not None
    if digits and _PREFIXED.fullmatch(found):
        doubt = Doubt.NONE
    elif (
        digits
        and found.upper() == found
        and not found.replace("-", "").isdigit()
        and (_PARTS.fullmatch(found) or _CAPITALS.fullmatch(found))
    ):
        doubt = Doubt.LETTERS if len(found) > 4 else Doubt.WORD
    elif (
        (digits and _is_mixed(found) and not _is_numeric(found))
        or _LETTERS.fullmatch(found)
        or _WORDS.fullmatch(found)
    ):
        doubt = Doubt.WORD
    else:
        return None
    if _NUMBERED.match(found):
        return None
    if _is_joined(line, word.start(), word.end()) or (not digits and any(_is_known(p) for p in found.split("-"))):
        return None
    return Candidate(row, word.start(), word.end(), found, bare == found, doubt)


def _is_mixed(found: str) -> bool:
    """Return True for letters with digits among them, not for a word with a number at its end."""
    if found.upper() == found:
        return False
    if _COUNTED.fullmatch(found):
        return False
    return bool(
        _LOWER_PARTS.fullmatch(found)
        or _MIXED_PARTS.fullmatch(found)
        or (_MIXED.fullmatch(found) and not _NAMED.fullmatch(found))
    )


def _is_numeric(found: str) -> bool:
    return found.replace("-", "").isdigit()


def _is_known(word: str) -> bool:
    """Return True for a word that mails about codes and links have, other than those that say yes."""
    whole = (mark for mark in marks(word) if mark.end - mark.start == len(word))
    return len(word) > 3 and any(mark.roles != {"yes"} for mark in whole)


def _is_joined(line: str, start: int, end: int) -> bool:
    """Return True for a piece of something longer, or a price."""
    return bool(_JOINED_BEFORE.search(line[max(0, start - 5) : start]) or _JOINED_AFTER.match(line, end))


def is_tabular(rows: list[str], row: int) -> bool:
    """Return True for a line of a list of numbers, each with its name: `Logins: 120488`."""
    near = (rows[place] for place in (row - 1, row + 1) if 0 < place < len(rows))
    return _NAMED_NUMBER.fullmatch(rows[row][:80]) is not None and any(map(_NAMED_NUMBER.fullmatch, near))


def is_time(line: str, candidate: Candidate) -> bool:
    """Return True for a time without a colon: `at 1448`."""
    is_clock = _CLOCK.fullmatch(candidate.code) is not None
    return is_clock and _AT.search(line[max(0, candidate.start - 10) : candidate.start]) is not None


def is_coupon(code: str) -> bool:
    """Return True for a code as coupons have, `THANKS30`, and sign-ins seldom."""
    return _COUPON.fullmatch(code) is not None


def is_measure(line: str, end: int) -> bool:
    """Return True if a unit follows, as in `1440 minutes`."""
    after = line[end : end + 20]
    if after[:1] not in {" ", ""} and after[:1].isascii():
        return False
    mark = next(iter(marks(after)), None)
    return mark is not None and "unit" in mark.roles and not after[: mark.start].strip(" ")
