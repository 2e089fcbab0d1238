"""Finds one-time codes in a message, and says why each was taken for one.

What looks like a code is looked at first; then the words around it decide. A code is given as a person would
type it: digits without the gap or dash that groups them (`481 223` is `481223`), letters and digits with their
dash (`G-481223`, `U8K-2PD`). `web/src/reader/codes.ts` does the same, step by step;
`tests/vectors/codes.json` binds both.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING

from edgemail.mime.markup import visible
from edgemail.mime.words import lower, pattern
from edgemail.model import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

CODES_MAX = 3
TEXT_MAX = 32 * 1024
CANDIDATES_MAX = 100
NUMBERS_MAX = 1_000
"""Numbers and words in capitals that are looked at for candidates: each takes some 3 µs."""
MARKED_MAX = 8 * 1024
"""Characters around candidates in which words are looked for: each takes up to 0.8 µs."""

_ADDRESS = re.compile('://[^ \n<>"]+')
_SPACES = re.compile("  +")
# Digits that single separators hold together: a date, a price or a phone number is one run, and no code.
_RUN = re.compile("[0-9]+(?:[ .,:/-][0-9]++)*+")
_DIGITS = re.compile("[0-9]{4,8}|[0-9]{3}[ -][0-9]{3}|[0-9]{4}[ -][0-9]{4}")
_SPACED = re.compile("[0-9](?: [0-9]){3,7}")
_MIXED = re.compile("[A-Z]{1,3}-[0-9]{4,8}|[A-Z0-9]{3,4}-[A-Z0-9]{3,4}|[A-Z0-9]{5,8}")
_PREFIXED = re.compile("[A-Z]{1,3}-[0-9]{4,8}")
_DATE = re.compile("(?:19|20)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?")
_JOINED_BEFORE = re.compile("(?:[A-Za-z0-9_@#$€£¥₹₽₺₩+%&=/.-]|[0-9],|[$€£¥₹₽₺₩] |[*]{3})$")
_JOINED_AFTER = re.compile("[A-Za-z0-9_@%=/]|[.:+-][A-Za-z0-9]|,[0-9]")
_LINK = re.compile(
    "(?:[:：=]|(?:^| )(?:is|ist|est|es|è|é|jest|är|er|on)|は|是|为|為)[ :：\"'“„«*([-]*$", re.IGNORECASE
)
_LABEL = re.compile("[A-Z]{2,5} $")
_IS = re.compile(
    "[ \"'”»*)\\]]*(?:(?:is|ist|est|es|è|é|to|jest|är|er|on|as|als|là|adalah)(?![A-Za-z])"
    "|[,:=–—-]|は|が|是|为|為|은|는|هو)",
    re.IGNORECASE,
)
_DIGIT = re.compile("[0-9]")
_CAPITAL = re.compile("[A-Z]")
_SENTENCE = re.compile("[.!?] |[。！？]")
_DECORATION = " *_~|\"'“”„«»‹›`.,:;!()[]{}<>【】「」・•→-—–"

_REACH = 40
"""Characters between a word and the code that it speaks of."""


class _Kind(Enum):
    BAD = 1
    GOOD = 2
    WEAK = 3


@dataclass(frozen=True, slots=True)
class _Mark:
    """A word that tells what a number near it is."""

    start: int
    end: int
    kind: _Kind
    word: str


class _Doubt(Enum):
    NONE = 0
    LETTERS = 1
    DATE = 2


@dataclass(frozen=True, slots=True)
class _Candidate:
    row: int
    start: int
    end: int
    code: str
    alone: bool
    doubt: _Doubt


@dataclass(frozen=True, slots=True)
class _Verdict:
    score: int
    reason: str


def find_codes(subject: str, text: str) -> tuple[Code, ...]:
    """List the codes, at most `CODES_MAX`, best first.

    The first `TEXT_MAX` characters of each are looked at, from the top, until one of the bounds above is reached.
    """
    page = _Page(subject, text)
    if page.promotes(0):
        return ()
    best: dict[str, _Verdict] = {}
    for candidate in islice(page.candidates(), CANDIDATES_MAX):
        verdict = page.judge(candidate)
        known = best.get(candidate.code)
        if verdict and (known is None or verdict.score > known.score):
            best[candidate.code] = verdict
    ranked = sorted(best.items(), key=lambda item: -item[1].score)[:CODES_MAX]
    return tuple(Code(code, found.reason) for code, found in ranked if found.score > ranked[0][1].score - 40)


class _Page:
    """The subject, as row 0, and the lines of a text that are not empty."""

    def __init__(self, subject: str, text: str) -> None:
        self._rows = [" ".join(_lines(subject)), *_lines(text)]
        self._lower: dict[int, str] = {}
        self._promotes: dict[int, bool] = {}
        self._marks: dict[int, list[_Mark]] = {}
        self._marked = 0

    def candidates(self) -> Iterator[_Candidate]:
        """Give what looks like a code, in order."""
        for row, number, bare in islice(self._numbers(), NUMBERS_MAX):
            line, found, (start, end) = self._rows[row], number[0], number.span()
            alone = bare == found
            if number.re is _MIXED:
                if _CAPITAL.search(found) and _DIGIT.search(found) and not _joined(line, start, end):
                    doubt = _Doubt.NONE if _PREFIXED.fullmatch(found) else _Doubt.LETTERS
                    yield _Candidate(row, start, end, found, alone, doubt)
            elif (_DIGITS.fullmatch(found) or (alone and _SPACED.fullmatch(found))) and not _joined(
                line, start, end
            ):
                doubt = _Doubt.DATE if _DATE.fullmatch(found) else _Doubt.NONE
                yield _Candidate(row, start, end, found.replace(" ", "").replace("-", ""), alone, doubt)

    def _numbers(self) -> Iterator[tuple[int, re.Match[str], str]]:
        """Give each line's runs of digits, then its words of capitals and digits, with the line undecorated."""
        for row, line in enumerate(self._rows):
            if _DIGIT.search(line):
                bare = line.strip(_DECORATION)
                for expression in (_RUN, _MIXED):
                    for found in expression.finditer(line):
                        yield row, found, bare

    def promotes(self, row: int) -> bool:
        """Tell whether a line speaks of a discount: its code is not one to sign in with."""
        if row not in self._promotes:
            is_there = 0 <= row < len(self._rows)
            self._promotes[row] = is_there and bool(pattern("promo").search(self._lower_of(row)))
        return self._promotes[row]

    def judge(self, candidate: _Candidate) -> _Verdict | None:
        """Say how likely it is a code, and why; or nothing."""
        row = candidate.row
        if self.promotes(row) or (row > 0 and (self.promotes(row + 1) or (row > 1 and self.promotes(row - 1)))):
            return None
        marks = self._marks_of(row)
        place = bisect_right(marks, candidate.start, key=lambda mark: mark.end)
        if place and marks[place - 1].kind is _Kind.BAD and candidate.start - marks[place - 1].end <= 8:
            return None
        left = None
        while left is None and place and candidate.start - marks[place - 1].end <= _REACH:
            place -= 1
            left = marks[place] if marks[place].kind is not _Kind.BAD else None
        place = bisect_left(marks, candidate.end, key=lambda mark: mark.start)
        right = marks[place] if place < len(marks) else None
        return (
            (self._after(candidate, left) if left else None)
            or (self._before(candidate, right) if right else None)
            or (self._alone(candidate) if candidate.alone else self._wrapped(candidate))
        )

    def _lower_of(self, row: int) -> str:
        if row not in self._lower:
            self._lower[row] = lower(self._rows[row])
        return self._lower[row]

    def _marks_of(self, row: int) -> list[_Mark]:
        if row not in self._marks:
            text = self._lower_of(row)[: MARKED_MAX - self._marked] if row < len(self._rows) else ""
            self._marked += len(text)
            self._marks[row] = [
                _Mark(one.start(), one.end(), _Kind(one.lastindex), self._rows[row][one.start() : one.end()])
                for one in pattern("bad", "good", "weak").finditer(text)
            ]
        return self._marks[row]

    def _after(self, candidate: _Candidate, mark: _Mark) -> _Verdict | None:
        """Judge a code that follows a word on its line."""
        good = mark.kind is _Kind.GOOD
        if candidate.start - mark.end > (_REACH if good else 12):
            return None
        between = self._rows[candidate.row][mark.end : candidate.start]
        says = _LINK.search(between) is not None
        bare = not between.strip(_DECORATION)
        if candidate.doubt is _Doubt.DATE and not says:
            return None
        if not bare and _SENTENCE.search(between):
            return None
        if not (bare or says) and (_LABEL.search(between) or _plain(mark, len(between))):
            return None
        if candidate.doubt is _Doubt.LETTERS and not (good and (bare or says)):
            return None
        return _Verdict((100 if good else 55) - len(between) + 20 * says, _beside(mark, candidate.row))

    def _before(self, candidate: _Candidate, mark: _Mark) -> _Verdict | None:
        """Judge a code that a word on its line follows."""
        good = mark.kind is _Kind.GOOD
        reach = 8 if not good else 12 if candidate.doubt is _Doubt.LETTERS else _REACH
        if mark.kind is _Kind.BAD or candidate.doubt is _Doubt.DATE or mark.start - candidate.end > reach:
            return None
        between = self._rows[candidate.row][candidate.end : mark.start]
        if not _IS.match(between) and (len(between) > 3 or not good or _SENTENCE.search(between)):
            return None
        return _Verdict((85 if good else 50) - len(between), _beside(mark, candidate.row))

    def _wrapped(self, candidate: _Candidate) -> _Verdict | None:
        """Judge a code that a line's end parts from its word."""
        row = candidate.row
        if row < 1 or candidate.doubt is not _Doubt.NONE:
            return None
        line = self._rows[row]
        if row > 1 and (above := self._marks_of(row - 1)) and above[-1].kind is _Kind.GOOD:
            between = f"{self._rows[row - 1][above[-1].end :][:13]} {line[: min(candidate.start, 13)]}"
            if len(between) <= 12 and not _DIGIT.search(between):
                return _Verdict(75, _beside(above[-1], row))
        if (below := self._marks_of(row + 1)) and below[0].kind is _Kind.GOOD:
            between = f"{line[candidate.end : candidate.end + 13]} {self._rows[row + 1][: min(below[0].start, 13)]}"
            if len(between) <= 12 and _IS.match(between):
                return _Verdict(70, _beside(below[0], row))
        return None

    def _alone(self, candidate: _Candidate) -> _Verdict | None:
        """Judge a code on a line of its own: by the lines above, those below, then the subject."""
        row, doubt = candidate.row, candidate.doubt
        for distance in range(1, min(row, 6)):
            marks = self._marks_of(row - distance)
            if marks and marks[-1].kind is _Kind.BAD and len(self._rows[row - distance]) - marks[-1].end <= 15:
                return None
            mark = _best(marks)
            if mark and (doubt is _Doubt.NONE or mark.kind is _Kind.GOOD):
                score = (95 if mark.kind is _Kind.GOOD else 65) - 5 * distance
                return _Verdict(score, f"on a line of its own after “{mark.word}”")
        for distance in (1, 2):
            for mark in self._marks_of(row + distance)[:1]:
                if mark.kind is _Kind.GOOD and mark.start <= _REACH and doubt is not _Doubt.DATE:
                    return _Verdict(75 - 5 * distance, f"on a line of its own before “{mark.word}”")
        marks = self._marks_of(0)
        mark = _best(marks)
        if row == 0 or mark is None or doubt is _Doubt.DATE:
            return None
        if mark.kind is _Kind.WEAK and (doubt is _Doubt.LETTERS or any(m.kind is _Kind.BAD for m in marks)):
            return None
        return _Verdict(
            70 if mark.kind is _Kind.GOOD else 50, f"on a line of its own, with “{mark.word}” in the subject"
        )


def _lines(text: str) -> list[str]:
    """Give the lines that are not empty: folded, and without the web addresses, which hold numbers too."""
    text = visible(text[:TEXT_MAX])
    text = _SPACES.sub(" ", _ADDRESS.sub("…", text))
    return [line for row in text.split("\n") if (line := row.strip(" "))]


def _joined(line: str, start: int, end: int) -> bool:
    """Tell whether it is a piece of something longer, a price or a measure."""
    return bool(
        _JOINED_BEFORE.search(line[max(0, start - 3) : start])
        or _JOINED_AFTER.match(line, end)
        or pattern("units").match(lower(line[end : end + 20]).removeprefix(" "))
    )


def _plain(mark: _Mark, gap: int) -> bool:
    """Tell whether a word that may mean anything, such as `code`, is too far away to mean this."""
    return gap > 16 and " " not in mark.word and "-" not in mark.word


def _best(marks: list[_Mark]) -> _Mark | None:
    """Choose the last good word, else the last weak one."""
    for kind in (_Kind.GOOD, _Kind.WEAK):
        for mark in reversed(marks):
            if mark.kind is kind:
                return mark
    return None


def _beside(mark: _Mark, row: int) -> str:
    return f"next to “{mark.word}”" + ("" if row else " in the subject")
