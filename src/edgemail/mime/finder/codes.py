"""Finds one-time codes among what looks like one, by the words around it, and says why each was taken for one.

A word for codes (`code`, `PIN`, `OTP`) tells more where it is qualified (`verification code`), and means something
else where the qualifier does (`zip code`). A word without qualifier is believed unless the message is about
something else, as a booking or a receipt.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice

from edgemail.mime.finder.lexicon import Mark, fold, lower, marks, may_lead
from edgemail.mime.finder.page import rows_of
from edgemail.mime.finder.shapes import Candidate, Doubt, candidates, is_measure, join_fragments
from edgemail.model import Code

CODES_MAX = 3
TEXT_MAX = 32 * 1024
CANDIDATES_MAX = 100
MARKED_MAX = 8 * 1024
"""Characters around candidates in which words are looked for."""
TOPIC_MAX = 4 * 1024
"""Characters of the message that tell what it is about."""

SURE = 90
"""A score from which on no second look is needed, as into the HTML beside the text."""
_CUT = 30
_REACH, _FAR = 40, 80
"""Characters between a word and the code that it speaks of."""

_ADDRESS = re.compile('(?:https?)?://[^ \n<>"]+', re.IGNORECASE)
_WEB = re.compile(r"(?<![\w.-])[\w-]++(?:\.[\w-]++)++/[^ \n<>\"]*|(?<![\w.@-])www\.[^ \n<>\"]+", re.IGNORECASE)
_IS_BEFORE = re.compile(
    "(?:[:：>→]|(?:^| )(?:is|ist|est|es|sunt|este|è|é|e|jest|je|är|er|on|to|lautet|là|adalah|είναι|como|as|als|comme)"
    "(?: (?:le|la|el|il|o|the|der|die|das|det|den))?"
    "|は|是|为|為|はこちら|คือ|هو|هي|הוא|है|是：)[ :：\"'“„«*(\\[「『【>-]*$",
    re.IGNORECASE,
)
_IS_AFTER = re.compile(
    "[ \"'”»*)\\]」』】]*(?:(?:is|ist|est|es|este|è|é|to|jest|je|är|er|on|as|als|là|adalah|como|comme)(?![^\\W\\d_])"
    "|[,:=–—-]|は|が|を|是|为|為|은|는|를|هو|है)",
    re.IGNORECASE,
)
_ACCUSATIVE = re.compile(" ?[^\\W\\d_]{0,3} ?$")
_LABEL = re.compile("[A-Z]{2,5} $")
_SENTENCE = re.compile("[.!?] |[。！？]")
_STOP = re.compile("[.!?:;。！？：；()|0-9]")
_SYNTAX = re.compile(r"[=<{}&|#/\\]")
_OF = frozenset({"", "de", "d", "di", "do", "da", "del", "des", "для", "voor", "til", "för", "για", "of"})
_NAME = re.compile("(?=[A-Z]*[AEIOU])[A-Z]{3,}[0-9]{0,4}")
"""As coupons are made, `THANKS30`, and seldom codes."""
_DECORATION = " *_~|\"'“”„«»‹›`.,:;!()[]{}<>【】「」『』・•→-—–"
_BEFORE_WORD = re.compile(r"([^\W\d_]+)[ -]$")


_SMALL = frozenset({"small"})
_SIGNS_IN = frozenset({"sign_in", "act", "login"})


class _Kind(IntEnum):
    NUMBER = 0
    """Of an order, a phone, a flight: what follows is no code."""
    WEAK = 1
    """A word of signing in, or one that asks to enter something."""
    PLAIN = 2
    STRONG = 3


@dataclass(frozen=True, slots=True)
class _Label:
    """What a word tells of a number near it."""

    start: int
    end: int
    kind: _Kind
    word: str
    is_unknown: bool = False
    """Qualified by a word that is on no list."""
    is_other: bool = False
    """A code of another kind, as `zip code`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A code with how sure it is."""

    score: int
    code: Code


def find_codes(subject: str, rows: list[str], brand: str) -> list[Found]:
    """List the codes, at most `CODES_MAX`, best first. `brand` is who sends it: its name may qualify a code."""
    page = _Page(subject, rows, brand)
    best: dict[str, Found] = {}
    for candidate in islice(candidates(page.rows), CANDIDATES_MAX):
        found = page.judge(candidate)
        known = best.get(candidate.code)
        if found and (known is None or found.score > known.score):
            best[candidate.code] = found
    ranked = sorted(best.values(), key=lambda found: -found.score)[:CODES_MAX]
    return [found for found in ranked if found.score > ranked[0].score - _CUT]


def lines_of(text: str) -> list[str]:
    """Give the lines of the beginning of a text without the web addresses, which hold numbers too."""
    return rows_of(_WEB.sub("…", _ADDRESS.sub("…", text[:TEXT_MAX])))


class _Page:
    """The subject, as row 0, and the lines of a text that are not empty."""

    def __init__(self, subject: str, rows: list[str], brand: str) -> None:
        self.rows = [" ".join(lines_of(subject)), *join_fragments(rows)]
        self._brand = fold(lower(brand))
        self._marks: dict[int, list[Mark]] = {}
        self._labels: dict[int, list[_Label]] = {}
        self._leads: dict[int, bool] = {}
        self._marked = 0
        self._topic: tuple[int, int] | None = None

    # What the lines say.

    def _marks_of(self, row: int) -> list[Mark]:
        if row not in self._marks:
            text = self.rows[row][: MARKED_MAX - self._marked] if 0 <= row < len(self.rows) else ""
            self._marked += len(text)
            self._marks[row] = marks(text)
        return self._marks[row]

    def _may_lead(self, row: int) -> bool:
        if row not in self._leads:
            self._leads[row] = 0 <= row < len(self.rows) and may_lead(self.rows[row][:MARKED_MAX])
        return self._leads[row]

    def _labels_of(self, row: int) -> list[_Label]:
        if row not in self._labels:
            self._labels[row] = self._read_labels(row)
        return self._labels[row]

    def _read_labels(self, row: int) -> list[_Label]:
        line = self.rows[row] if 0 <= row < len(self.rows) else ""
        found = [mark for mark in self._marks_of(row) if mark.roles != _SMALL]
        labels: list[_Label] = []
        is_bad = False
        for place, mark in enumerate(found):
            if labels and mark.start < labels[-1].end:
                continue
            if "strong" in mark.roles:
                labels.append(_Label(mark.start, mark.end, _Kind.STRONG, mark.word))
            elif "code" in mark.roles:
                label = self._qualify(line, found, place)
                if label.kind is _Kind.PLAIN and label.start == mark.start and is_bad:
                    label = replace(label, kind=_Kind.NUMBER)
                is_bad = is_bad or label.kind is _Kind.NUMBER
                while labels and labels[-1].start >= label.start:
                    labels.pop()
                labels.append(label)
            elif "digits" in mark.roles:
                asks = any("enter" in other.roles for other in found[:place]) or any(
                    "enter" in other.roles for other in self._marks_of(row - 1) if row > 1
                )
                kind = _Kind.WEAK if asks else _Kind.NUMBER
                labels.append(_Label(mark.start, mark.end, kind, mark.word))
            elif "number" in mark.roles:
                labels.append(_Label(mark.start, mark.end, _Kind.NUMBER, mark.word))
            elif mark.roles & {"sign_in", "act"}:
                labels.append(_Label(mark.start, mark.end, _Kind.WEAK, mark.word))
        return labels

    def _qualify(self, line: str, found: list[Mark], place: int) -> _Label:
        """Say what a word for codes means with the words beside it."""
        mark = found[place]
        start, end, kind = mark.start, mark.end, _Kind.PLAIN
        unknown = "unknown" in mark.roles
        if lower(mark.word) == "pin" and line[:start].rstrip(" ").endswith(","):
            kind = _Kind.NUMBER  # the postal code of an Indian address
        before = place - 1
        while (
            before >= 0 and line[found[before].end : start].strip(" -‐‑'’") == "" and start - found[before].end <= 3
        ):
            roles = found[before].roles
            if "bad" in roles and "sign_in" not in roles:
                return _Label(
                    found[before].start, end, _Kind.NUMBER, line[found[before].start : end], is_other=True
                )
            if not roles & {"sign_in", "plain"}:
                break
            kind = _Kind.STRONG if "sign_in" in roles else kind
            start = found[before].start
            before -= 1
        if start == mark.start and not unknown:
            unknown = self._is_strange(line, start)
        after = place + 1
        if after < len(found):
            between = line[end : found[after].start]
            roles, words = found[after].roles, fold(lower(between.strip(" '’-")))
            if len(between) <= 20 and not _STOP.search(between):
                if "bad" in roles and words in _OF and "sign_in" not in roles:
                    return _Label(
                        start, found[after].end, _Kind.NUMBER, line[start : found[after].end], is_other=True
                    )
                if "sign_in" in roles:
                    kind = _Kind.STRONG
                    end = found[after].end if words in _OF else end
                elif "plain" in roles and words in _OF:
                    end = found[after].end
        return _Label(start, end, kind, line[start:end], is_unknown=unknown and kind is _Kind.PLAIN)

    def _is_strange(self, line: str, start: int) -> bool:
        """Return True if a line begins with a word of no list that qualifies a code, as `Course code`."""
        found = _BEFORE_WORD.search(line[max(0, start - 30) : start])
        if not found or line[: start - len(found[0])].strip(_DECORATION + "0123456789"):
            return False
        word = fold(lower(found[1]))
        return not marks(word) and word not in self._brand

    def _promotes(self, row: int) -> bool:
        return any("promo" in mark.roles for mark in self._marks_of(row))

    def _is_other(self) -> bool:
        """Return True if the message is more about something else than about signing in."""
        signing_in, other = self._weigh()
        return other > signing_in

    def _weigh(self) -> tuple[int, int]:
        """Count the different words of signing in, and of other things."""
        if self._topic is None:
            head = self._marks_of(0)
            found = head + marks("\n".join(self.rows[1:])[:TOPIC_MAX])
            signing_in, other = set(), set()
            for mark in found:
                if mark.roles & {"sign_in", "care", "strong"}:
                    signing_in.add(lower(mark.word))
                elif mark.roles & {"other", "promo"}:
                    other.add(lower(mark.word))
            labels = self._labels_of(0)
            is_code = any(label.kind >= _Kind.PLAIN for label in labels)
            is_other = any(label.is_other for label in labels)
            self._topic = len(signing_in) + is_code, len(other) + 3 * is_other
        return self._topic

    def _is_believed(self, label: _Label, candidate: Candidate) -> bool:
        """Return True unless the message says that the word means another thing."""
        if label.kind is _Kind.STRONG:
            return True
        signing_in, other = self._weigh()
        near = range(candidate.row - candidate.is_alone, candidate.row + 1)
        signing_in += any("enter" in mark.roles for row in near for mark in self._marks_of(row))
        return other <= signing_in and (signing_in > 0 or not label.is_unknown)

    # What they say of a candidate.

    def judge(self, candidate: Candidate) -> Found | None:
        """Say how likely it is a code, and why; or nothing."""
        row = candidate.row
        near = range(row - 6, row + 3) if candidate.is_alone else range(row - 1, row + 2)
        if not any(map(self._may_lead, near)) and not (candidate.is_alone and self._may_lead(0)):
            return None
        found = None if is_measure(self.rows[row], candidate.end) else self._judge(candidate)
        if found is None:
            return None
        label, score, reason = found
        if not self._is_believed(label, candidate):
            return None
        if (
            label.kind is _Kind.PLAIN
            and _NAME.fullmatch(candidate.code)
            and (not self._weigh()[0] or self._weigh()[1])
        ):
            return None
        beside = (0, row, row + 1) if row < 2 else (0, row - 1, row, row + 1)
        if label.kind is not _Kind.STRONG and any(map(self._promotes, beside)):
            return None
        score += {_Kind.STRONG: 20, _Kind.PLAIN: 0}.get(label.kind, -20)
        return Found(score, Code(candidate.code, reason))

    def _judge(self, candidate: Candidate) -> tuple[_Label, int, str] | None:
        row = candidate.row
        labels = self._labels_of(row)
        place = bisect_right(labels, candidate.start, key=lambda label: label.end)
        if place and labels[place - 1].kind is _Kind.NUMBER and candidate.start - labels[place - 1].end <= 8:
            if not self._is_about(candidate, labels[place - 1], labels[:place]):
                return None
        left = None
        while left is None and place and candidate.start - labels[place - 1].end <= _FAR:
            place -= 1
            left = labels[place] if labels[place].kind is not _Kind.NUMBER else None
        place = bisect_left(labels, candidate.end, key=lambda label: label.start)
        right = labels[place] if place < len(labels) else None
        return (
            (self._after(candidate, left) if left else None)
            or (self._before(candidate, right) if right else None)
            or self._asked(candidate)
            or self._named(candidate)
            or (self._alone(candidate) if candidate.is_alone else self._wrapped(candidate))
        )

    def _is_about(self, candidate: Candidate, number: _Label, labels: list[_Label]) -> bool:
        """Return True if a code is for what the number's word names: `Your code for your account is 481223`."""
        line = self.rows[candidate.row]
        code = next((label for label in reversed(labels) if label.kind >= _Kind.PLAIN), None)
        if code is None or not _IS_BEFORE.search(line[number.end : candidate.start]):
            return False
        between = line[code.end : number.end]
        return len(between) <= _REACH and not _STOP.search(between)

    def _after(self, candidate: Candidate, label: _Label) -> tuple[_Label, int, str] | None:
        """Judge a code that follows a word on its line."""
        doubt, is_weak = candidate.doubt, label.kind is _Kind.WEAK
        between = self.rows[candidate.row][label.end : candidate.start]
        says = _IS_BEFORE.search(between) is not None
        bare = not between.strip(_DECORATION)
        if len(between) > _REACH and not (says and label.kind is _Kind.STRONG and doubt is Doubt.NONE):
            return None
        if is_weak:
            is_told = label.start > 0 or len(candidate.code) >= 6
            near = says and is_told and between.count(" ") <= 5 and doubt <= Doubt.LETTERS
            near = near and not _SENTENCE.search(between) and _best(self._labels_of(0)) is not None
            fits = near or (bare and doubt is Doubt.NONE)
            return (label, 75 if near else 55, _beside(label, candidate.row)) if fits else None
        if doubt is Doubt.DATE and not says and not (bare and label.kind is _Kind.STRONG):
            return None
        if not bare and (_SENTENCE.search(between) or _SYNTAX.search(between)):
            return None
        if not (bare or says) and (_LABEL.search(between) or _is_far(label, len(between))):
            return None
        if doubt in {Doubt.LETTERS, Doubt.APART} and not (bare or says):
            return None
        if doubt is Doubt.WORD and not self._is_told(candidate, between, says=says, bare=bare):
            return None
        return label, 80 - len(between) + 20 * says, _beside(label, candidate.row)

    def _is_told(self, candidate: Candidate, between: str, *, says: bool, bare: bool) -> bool:
        """Return True if letters that follow a word for codes cannot be the sentence's next word."""
        line = self.rows[candidate.row]
        is_last = (
            not line[candidate.end :].strip(_DECORATION) or line[candidate.end : candidate.end + 1] in ".,;。，"
        )
        has_digit = any(c.isdigit() for c in candidate.code)
        quoted = between[-1:] in "\"'“„«*([「『【`"
        colon = between.rstrip(" ")[-1:] in {":", "："}
        if line.upper() == line and not has_digit and candidate.code.isupper() and line.lower() != line:
            return colon and is_last
        looks_made = candidate.code.isupper() and (is_last or _is_random(candidate.code))
        return (says or bare) and (has_digit or colon or quoted or looks_made)

    def _before(self, candidate: Candidate, label: _Label) -> tuple[_Label, int, str] | None:
        """Judge a code that a word on its line follows."""
        doubt = candidate.doubt
        if label.kind < _Kind.PLAIN or doubt in {Doubt.DATE, Doubt.WORD, Doubt.APART}:
            return None
        between = self.rows[candidate.row][candidate.end : label.start]
        if len(between) > (12 if doubt is Doubt.LETTERS else _REACH):
            return None
        if not _IS_AFTER.match(between) and (len(between) > 3 or _SENTENCE.search(between)):
            begins = not self.rows[candidate.row][: candidate.start].strip(_DECORATION)
            if not begins or label.kind is not _Kind.STRONG or _STOP.search(between) or len(candidate.code) < 5:
                return None
        return label, 65 - len(between) + 20 * (not between.strip(" ")), _beside(label, candidate.row)

    def _asked(self, candidate: Candidate) -> tuple[_Label, int, str] | None:
        """Judge a code right after a verb that asks to enter it: `Enter 604281 in the app`."""
        row = candidate.row
        line, found = self.rows[row], self._marks_of(row)
        made = candidate.doubt is Doubt.WORD and "-" in candidate.code and _is_random(candidate.code)
        mixed = candidate.doubt in {Doubt.LETTERS, Doubt.WORD} and any(
            letter.isdigit() for letter in candidate.code
        )
        if mixed and not any(m.roles & _SIGNS_IN for m in found if 0 <= m.start - candidate.end <= 25):
            return None
        if candidate.doubt is not Doubt.NONE and not mixed and not (made and candidate.code.isupper()):
            return None
        asks = [m for m in found if "enter" in m.roles and m.end <= candidate.start]
        if not asks or len(line[asks[-1].end : candidate.start].strip(_DECORATION)) > 4:
            return None
        if candidate.start - asks[-1].end > 6 or self._is_other() or not (made or self._weigh()[0]):
            return None
        size = len(candidate.code)
        near = any(m.start >= candidate.end and m.roles & {"sign_in", "act"} for m in found)
        if size < 5 and not near:
            return None
        label = _Label(asks[-1].start, asks[-1].end, _Kind.PLAIN, asks[-1].word)
        return label, 70 + 10 * near, f"after “{asks[-1].word}”" + ("" if row else " in the subject")

    def _named(self, candidate: Candidate) -> tuple[_Label, int, str] | None:
        """Judge a code that begins a line which says what it is for: `604281 is all you need to sign in`."""
        line = self.rows[candidate.row]
        if candidate.doubt is not Doubt.NONE or len(candidate.code) < 5 or self._is_other():
            return None
        if line[: candidate.start].strip(_DECORATION) or not _IS_AFTER.match(line, candidate.end):
            return None
        near = (label for label in self._labels_of(candidate.row) if 0 <= label.start - candidate.end <= 50)
        label = next((label for label in near if label.kind is _Kind.WEAK), None)
        if label is None or _SENTENCE.search(line[candidate.end : label.start]):
            return None
        return label, 75, _beside(label, candidate.row)

    def _wrapped(self, candidate: Candidate) -> tuple[_Label, int, str] | None:
        """Judge a code that a line's end parts from its word."""
        row = candidate.row
        if row < 1 or candidate.doubt is not Doubt.NONE:
            return None
        line = self.rows[row]
        above = self._labels_of(row - 1) if row > 1 else []
        if above and above[-1].kind >= _Kind.PLAIN:
            between = f"{self.rows[row - 1][above[-1].end :][:13]} {line[: min(candidate.start, 13)]}"
            if len(between) <= 12 and not any(c.isdigit() for c in between):
                return above[-1], 75, _beside(above[-1], row)
        below = self._labels_of(row + 1)
        if below and below[0].kind >= _Kind.PLAIN:
            between = f"{line[candidate.end : candidate.end + 13]} {self.rows[row + 1][: min(below[0].start, 13)]}"
            if len(between) <= 12 and _IS_AFTER.match(between):
                return below[0], 70, _beside(below[0], row)
        return None

    def _alone(self, candidate: Candidate) -> tuple[_Label, int, str] | None:
        """Judge a code on a line of its own: by the lines above, those below, then the subject."""
        row, doubt = candidate.row, candidate.doubt
        reach = {Doubt.WORD: 2, Doubt.DATE: 2}.get(doubt, 6)
        for distance in range(1, min(row, reach + 1)):
            labels = self._labels_of(row - distance)
            above = self.rows[row - distance]
            label = _best(labels)
            is_plain = label is not None and label.kind >= _Kind.PLAIN
            if labels and labels[-1].kind is _Kind.NUMBER and len(above) - labels[-1].end <= 15 and not is_plain:
                return None
            if label is None:
                continue
            if label.kind is _Kind.WEAK and not self._is_weak_enough(candidate, distance):
                continue
            if doubt in {Doubt.WORD, Doubt.DATE} and not self._introduces(above, label, candidate):
                continue
            return label, 90 - 5 * distance, f"on a line of its own after “{label.word}”"
        if doubt is Doubt.WORD and (found := self._copied(candidate)):
            return found
        for distance in (1, 2):
            for label in self._labels_of(row + distance)[:1]:
                asks = distance == 1 and any("enter" in mark.roles for mark in self._marks_of(row + 1))
                fits = doubt <= Doubt.LETTERS or (doubt is Doubt.WORD and asks and candidate.code.isupper())
                if label.kind >= _Kind.PLAIN and label.start <= _REACH and fits:
                    return label, 75 - 5 * distance, f"on a line of its own before “{label.word}”"
        return self._by_subject(candidate) if row else None

    def _copied(self, candidate: Candidate) -> tuple[_Label, int, str] | None:
        """Judge words below a line that asks to copy them, without saying what they are."""
        row = candidate.row
        above = self.rows[row - 1] if row > 1 else ""
        asks = [mark for mark in self._marks_of(row - 1) if "enter" in mark.roles] if row > 1 else []
        made = "-" in candidate.code or _is_random(candidate.code)
        if not asks or not made or not above.rstrip(" *_").endswith((":", "：")) or not self._weigh()[0]:
            return None
        label = _Label(asks[-1].start, asks[-1].end, _Kind.PLAIN, asks[-1].word)
        return label, 70, f"on a line of its own after “{label.word}”"

    def _by_subject(self, candidate: Candidate) -> tuple[_Label, int, str] | None:
        labels = self._labels_of(0)
        label = _best(labels)
        if label is None or candidate.doubt is Doubt.DATE:
            return None
        if label.kind is _Kind.WEAK and (
            candidate.doubt is not Doubt.NONE
            or len(candidate.code) != 6
            or any(other.kind is _Kind.NUMBER for other in labels)
        ):
            return None
        if candidate.doubt is Doubt.WORD and (label.kind is not _Kind.STRONG or candidate.row > 4):
            return None
        score = 70 if label.kind >= _Kind.PLAIN else 60
        return label, score, f"on a line of its own, with “{label.word}” in the subject"

    def _is_weak_enough(self, candidate: Candidate, distance: int) -> bool:
        """Return True if digits may be a code for a word of signing in alone."""
        asks = any("enter" in mark.roles for mark in self._marks_of(candidate.row - distance))
        if candidate.doubt is Doubt.LETTERS:
            return asks and distance == 1 and self._weigh()[0] > 0
        if candidate.doubt not in {Doubt.NONE, Doubt.APART} or distance > 2:
            return False
        return asks or (candidate.doubt is Doubt.NONE and len(candidate.code) == 6)

    def _introduces(self, line: str, label: _Label, candidate: Candidate) -> bool:
        """Return True if a line announces what stands below it."""
        rest = line[label.end :].rstrip(" *_")
        ends = rest.endswith((":", "：", "…", "↓")) or not rest or len(rest) <= 3
        asks = any("enter" in mark.roles for mark in self._marks_of(candidate.row - 1))
        return label.kind >= _Kind.PLAIN and (ends or asks or label.kind is _Kind.STRONG)


def _is_random(code: str) -> bool:
    """Return True for letters that make no word: nearly without vowels."""
    return sum(letter in "AEIOUY" for letter in code) * 5 <= len(code)


def _is_far(label: _Label, gap: int) -> bool:
    """Return True if a word that may mean anything, such as `code`, is too far away to mean this."""
    return gap > 16 and label.kind is not _Kind.STRONG


def _best(labels: list[_Label]) -> _Label | None:
    """Choose the last of the best kind that is no number's label."""
    best = None
    for label in labels:
        if label.kind is not _Kind.NUMBER and (best is None or label.kind >= best.kind):
            best = label
    return best


def _beside(label: _Label, row: int) -> str:
    return f"next to “{label.word}”" + ("" if row else " in the subject")
