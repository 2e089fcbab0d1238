"""Finds one-time codes among what looks like one, by the words around it, and says why each was taken for one.

A word for codes (`code`, `PIN`, `OTP`) tells more where it is qualified (`verification code`), and means something
else where the qualifier does (`zip code`). A word without qualifier is believed unless the message is about
something else, as a booking or a receipt.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from edgemail.mime.finder.labels import Label, LabelKind, LabelledLines, best_of
from edgemail.mime.finder.separators import ARTICLE, COPULA, DECORATION, IS_BEFORE, SENTENCE_END, STOP
from edgemail.mime.finder.shapes import Candidate, Doubt, candidates, is_coupon, is_measure, is_tabular, is_time
from edgemail.mime.finder.unlabelled import eliminate
from edgemail.mime.finder.word_lists import lower
from edgemail.model import Code

if TYPE_CHECKING:
    from edgemail.mime.finder.lexicon import Mark

CODES_MAX = 3
CANDIDATES_MAX = 100

SURE = 90
"""A score from which on no second look is needed, as into the HTML beside the text."""
_CUT = 30
_BY_ELIMINATION = 45
_REACH, _ABOUT, _FAR = 40, 60, 120
"""Characters between a word and the code that it speaks of."""

_IS_AFTER = re.compile(
    f"[ \"'”»*)\\]」』】]*(?:(?:{COPULA})(?![^\\W\\d_])|[,:=–—-]|は|が|を|是|为|為|은|는|를|هو|है)", re.IGNORECASE
)
_AGAIN = re.compile(
    f"(?<=[.!?。] )(?=(?:[^.!?。 ]{{1,8}}[ '’])?(?:{COPULA}|s|est)(?: (?:{ARTICLE}))?[ :：]*$)[^.!?。0-9]{{1,14}}$",
    re.IGNORECASE,
)
"""A short sentence that says what the one before speaks of: `It is 481223`."""
_LABEL = re.compile("[A-Z]{2,5} $")
_SIGNING_MIN = 3
_ASKED = re.compile(" [^.!?]{2,60}[?]")
"""The rest of a question: `Why does my code 2904 fail?`"""
_SYNTAX = re.compile(r"[=<{}&|/\\]|#(?![0-9])")
"""Signs that no sentence has between a word and its code, unlike `for order #22013 is`."""


_SIGNS_IN = frozenset({"sign_in", "act", "login"})


@dataclass(frozen=True, slots=True)
class Found:
    """A code with how sure it is."""

    score: int
    code: Code


def find_codes(subject: str, rows: list[str], brand: str) -> list[Found]:
    """List the codes, at most `CODES_MAX`, best first. `brand` is who sends it: its name may qualify a code."""
    page = _Judge(subject, rows, brand)
    best: dict[str, Found] = {}
    seen = list(islice(candidates(page.rows), CANDIDATES_MAX))
    for candidate in seen:
        found = page.judge(candidate)
        known = best.get(candidate.code)
        if found and (known is None or found.score > known.score):
            best[candidate.code] = found
    if not best:
        only = eliminate(page, seen)
        return [Found(_BY_ELIMINATION, Code(only.candidate.code, only.reason))] if only else []
    ranked = sorted(best.values(), key=lambda found: -found.score)[:CODES_MAX]
    return [found for found in ranked if found.score > ranked[0].score - _CUT]


class _Judge(LabelledLines):
    """Judges what looks like a code by the lines around it."""

    def judge(self, candidate: Candidate) -> Found | None:
        """Say how likely it is a code, and why; or nothing."""
        row = candidate.row
        near = range(row - 6, row + 3) if candidate.is_alone else range(row - 1, row + 2)
        if not any(map(self.may_lead_in, near)) and not (candidate.is_alone and self.may_lead_in(0)):
            return None
        line = self.rows[row]
        if is_measure(line, candidate.end) or is_time(line, candidate) or self.sender.has(candidate.code):
            return None
        found = self._judge(candidate)
        if found is None:
            return None
        label, score, reason = found
        is_doubted = _ASKED.match(line, candidate.end) or len(set(candidate.code)) == 1
        if label.kind is not LabelKind.STRONG and is_doubted:
            return None
        if not self.is_believed(label, candidate):
            return None
        if (
            label.kind is LabelKind.PLAIN
            and is_coupon(candidate.code)
            and (self.weigh()[0] < _SIGNING_MIN or self.weigh()[1])
        ):
            return None
        beside = (0, row, row + 1) if row < 2 else (0, row - 1, row, row + 1)
        if label.kind is not LabelKind.STRONG and any(map(self.promotes, beside)):
            return None
        score += {LabelKind.STRONG: 20, LabelKind.PLAIN: 0}.get(label.kind, -20)
        return Found(score, Code(candidate.code, reason))

    def _judge(self, candidate: Candidate) -> tuple[Label, int, str] | None:
        row = candidate.row
        labels = self.labels_of(row)
        place = bisect_right(labels, candidate.start, key=lambda label: label.end)
        nearest = labels[place - 1] if place else None
        is_number = nearest is not None and nearest.kind is LabelKind.NUMBER and candidate.start - nearest.end <= 8
        if nearest and is_number and not self._is_about(candidate, nearest, labels[:place]):
            return None
        left = None
        while left is None and place and candidate.start - labels[place - 1].end <= _FAR:
            place -= 1
            left = labels[place] if labels[place].kind is not LabelKind.NUMBER else None
        earlier = labels[:place]
        place = bisect_left(labels, candidate.end, key=lambda label: label.start)
        right = labels[place] if place < len(labels) else None
        if right and place + 1 < len(labels) and labels[place + 1].start == right.end:
            right = labels[place + 1]  # scripts without spaces: 登录 before 验证码
        return (
            (self._after(candidate, left) if left else None)
            or (self._after_earlier(candidate, earlier) if left and left.kind is LabelKind.WEAK else None)
            or (self._before(candidate, right) if right else None)
            or self._asked(candidate)
            or self._named(candidate)
            or (self._alone(candidate) if candidate.is_alone else self._wrapped(candidate))
        )

    def _is_about(self, candidate: Candidate, number: Label, labels: list[Label]) -> bool:
        """Return True if a code is for what the number's word names: `Your code for your account is 481223`."""
        line = self.rows[candidate.row]
        code = next((label for label in reversed(labels) if label.kind >= LabelKind.PLAIN), None)
        if code is None or not IS_BEFORE.search(line[number.end : candidate.start]):
            return False
        between = line[code.end : number.end]
        return len(between) <= _ABOUT and not STOP.search(between)

    def _after(self, candidate: Candidate, label: Label) -> tuple[Label, int, str] | None:
        """Judge a code that follows a word on its line."""
        doubt, is_weak = candidate.doubt, label.kind is LabelKind.WEAK
        between = self.rows[candidate.row][label.end : candidate.start]
        says = IS_BEFORE.search(between) is not None
        if says and not is_weak and (again := _AGAIN.search(between)):
            between = again[0]
        bare = not between.strip(DECORATION)
        far = {Doubt.NONE, Doubt.APART} if label.kind is LabelKind.STRONG else {Doubt.NONE}
        if len(between) > _REACH and (is_weak or not says or doubt not in far):
            return None
        if is_weak and is_tabular(self.rows, candidate.row):
            return None
        if is_weak:
            is_told = label.start > 0 or len(candidate.code) >= 6
            near = says and is_told and between.count(" ") <= 5 and doubt <= Doubt.LETTERS
            near = near and not SENTENCE_END.search(between)
            near = near and (best_of(self.labels_of(0)) is not None or self._is_asked_for(candidate))
            fits = near or (bare and doubt is Doubt.NONE)
            return (label, 75 if near else 55, _beside(label, candidate.row)) if fits else None
        if doubt is Doubt.DATE and not says and not (bare and label.kind is LabelKind.STRONG):
            return None
        if not bare and (SENTENCE_END.search(between) or _SYNTAX.search(between)):
            return None
        if not (bare or says) and (_LABEL.search(between) or _is_far(label, len(between))):
            return None
        if doubt in {Doubt.LETTERS, Doubt.APART} and not (bare or says):
            return None
        if doubt is Doubt.WORD and not self._is_told(candidate, between, says=says, bare=bare):
            return None
        return label, 80 - min(len(between), _REACH) + 20 * says, _beside(label, candidate.row)

    def _is_asked_for(self, candidate: Candidate) -> bool:
        """Return True if the line asks to enter it, and speaks of no other number, as a user name."""
        asks = any("enter" in m.roles and m.end <= candidate.start for m in self.marks_of(candidate.row))
        return asks and all(label.kind is not LabelKind.NUMBER for label in self.labels_of(candidate.row))

    def _is_told(self, candidate: Candidate, between: str, *, says: bool, bare: bool) -> bool:
        """Return True if letters that follow a word for codes cannot be the sentence's next word."""
        line = self.rows[candidate.row]
        is_last = (
            not line[candidate.end :].strip(DECORATION) or line[candidate.end : candidate.end + 1] in ".,;。，"
        )
        has_digit = any(c.isdigit() for c in candidate.code)
        quoted = between[-1:] in "\"'“„«*([「『【`"
        colon = between.rstrip(" ")[-1:] in {":", "："}
        if line.upper() == line and not has_digit and candidate.code.isupper() and line.lower() != line:
            return colon and is_last
        looks_made = candidate.code.isupper() and (is_last or _is_random(candidate.code))
        looks_made = looks_made or (says and candidate.code.count("-") > 1)
        return (says or bare) and (has_digit or colon or quoted or looks_made)

    def _after_earlier(self, candidate: Candidate, labels: list[Label]) -> tuple[Label, int, str] | None:
        """Judge a code whose word is parted from it by what it is for: `The OTP to log in is 90 41 27`."""
        label = labels[-1] if labels else None
        if label is None or label.kind < LabelKind.PLAIN:
            return None
        between = self.rows[candidate.row][label.end : candidate.start]
        return self._after(candidate, label) if IS_BEFORE.search(between) else None

    def _before(self, candidate: Candidate, label: Label) -> tuple[Label, int, str] | None:
        """Judge a code that a word on its line follows."""
        doubt = candidate.doubt
        if label.kind < LabelKind.PLAIN or doubt in {Doubt.DATE, Doubt.WORD, Doubt.APART}:
            return None
        line = self.rows[candidate.row]
        between = line[candidate.end : label.start]
        if _LABEL.search(line[: candidate.start][-6:]) and not between.isspace():
            return None  # `RA 20488 and the password`
        if SENTENCE_END.search(between) and any(c.isdigit() for c in between):
            return None
        if len(between) > (12 if doubt is Doubt.LETTERS else _REACH):
            return None
        if not _IS_AFTER.match(between) and (len(between) > 3 or SENTENCE_END.search(between)):
            begins = not self.rows[candidate.row][: candidate.start].strip(DECORATION)
            is_clear = label.kind is LabelKind.STRONG or label.word[:1] > "\u0590"  # scripts that put the verb last
            if not begins or not is_clear or STOP.search(between) or len(candidate.code) < 5:
                return None
        return label, 65 - len(between) + 20 * (not between.strip(" ")), _beside(label, candidate.row)

    def _asked(self, candidate: Candidate) -> tuple[Label, int, str] | None:
        """Judge a code right after a verb that asks to enter it: `Enter 604281 in the app`."""
        row = candidate.row
        line, found = self.rows[row], self.marks_of(row)
        made = candidate.doubt is Doubt.WORD and "-" in candidate.code and _is_random(candidate.code)
        mixed = candidate.doubt in {Doubt.LETTERS, Doubt.WORD} and any(
            letter.isdigit() for letter in candidate.code
        )
        is_last = line[: candidate.start].rstrip(" ").endswith(":")
        near_signs = (m for m in found if is_last or 0 <= m.start - candidate.end <= 25)
        named = candidate.code.isupper() and any(m.roles & _SIGNS_IN for m in self.marks_of(0))
        if mixed and not named and not any(m.roles & _SIGNS_IN for m in near_signs):
            return None
        plain = candidate.doubt in {Doubt.NONE, Doubt.APART}
        if not plain and not mixed and not (made and candidate.code.isupper()):
            return None
        asks = [m for m in found if "enter" in m.roles and m.end <= candidate.start]
        near = any(m.roles & {"sign_in", "act"} and self._is_in_sentence(m, candidate) for m in found)
        after = next((m for m in found if "enter" in m.roles and 0 <= m.start - candidate.end <= 3), None)
        if after and SENTENCE_END.search(line[candidate.end : after.start]):
            after = None
        if after and not made and not mixed and not self.is_about_other() and (near or self.weigh()[0]):
            return (
                Label(after.start, after.end, LabelKind.PLAIN, after.word),
                70,
                f"next to “{after.word}”" + ("" if row else " in the subject"),
            )
        if not asks or not self._is_object_of(asks[-1], candidate):
            return None
        if self.is_about_other() or not (made or near or self.weigh()[0]):
            return None
        size = len(candidate.code)
        if size < 5 and not near:
            return None
        label = Label(asks[-1].start, asks[-1].end, LabelKind.PLAIN, asks[-1].word)
        return label, 70 + 10 * near, _beside(label, row)

    def _is_in_sentence(self, mark: Mark, candidate: Candidate) -> bool:
        """Return True if no sentence ends between a word and what may be a code."""
        line = self.rows[candidate.row]
        first, last = (candidate.end, mark.start) if mark.start >= candidate.end else (mark.end, candidate.start)
        return last - first <= 2 * _FAR and not SENTENCE_END.search(line[first:last])

    def _is_object_of(self, verb: Mark, candidate: Candidate) -> bool:
        """Return True if nothing but small words parts a verb from what may be a code."""
        between = self.rows[candidate.row][verb.end : candidate.start]
        if _LABEL.search(between):
            return False
        if len(between) <= 6 and len(between.strip(DECORATION)) <= 4:
            return True
        words = [lower(word) for word in between.strip(DECORATION).split(" ")]
        small = {lower(m.word) for m in self.marks_of(candidate.row) if "small" in m.roles}
        return len(words) <= 3 and small.issuperset(words)

    def _named(self, candidate: Candidate) -> tuple[Label, int, str] | None:
        """Judge a code that begins a line which says what it is for: `604281 is all you need to sign in`."""
        line = self.rows[candidate.row]
        if candidate.doubt is not Doubt.NONE or len(candidate.code) < 5 or self.is_about_other():
            return None
        if line[: candidate.start].strip(DECORATION) or not _IS_AFTER.match(line, candidate.end):
            return None
        near = (label for label in self.labels_of(candidate.row) if 0 <= label.start - candidate.end <= 50)
        label = next((label for label in near if label.kind is LabelKind.WEAK), None)
        if label is None or SENTENCE_END.search(line[candidate.end : label.start]):
            return None
        return label, 75, _beside(label, candidate.row)

    def _wrapped(self, candidate: Candidate) -> tuple[Label, int, str] | None:
        """Judge a code that a line's end parts from its word."""
        row = candidate.row
        if row < 1 or candidate.doubt is not Doubt.NONE:
            return None
        line = self.rows[row]
        above = self.labels_of(row - 1) if row > 1 else []
        if above and above[-1].kind >= LabelKind.PLAIN:
            between = f"{self.rows[row - 1][above[-1].end :][:13]} {line[: min(candidate.start, 13)]}"
            if len(between) <= 12 and not any(c.isdigit() for c in between):
                return above[-1], 75, _beside(above[-1], row)
        below = self.labels_of(row + 1)
        if below and below[0].kind >= LabelKind.PLAIN:
            between = f"{line[candidate.end : candidate.end + 13]} {self.rows[row + 1][: min(below[0].start, 13)]}"
            if len(between) <= 12 and _IS_AFTER.match(between):
                return below[0], 70, _beside(below[0], row)
        return None

    def _alone(self, candidate: Candidate) -> tuple[Label, int, str] | None:
        """Judge a code on a line of its own: by the lines above, those below, then the subject."""
        row, doubt = candidate.row, candidate.doubt
        reach = {Doubt.WORD: 2, Doubt.DATE: 2}.get(doubt, 6)
        for distance in range(1, min(row, reach + 1)):
            labels = self.labels_of(row - distance)
            above = self.rows[row - distance]
            label = best_of(labels)
            is_plain = label is not None and label.kind >= LabelKind.PLAIN
            if (
                labels
                and labels[-1].kind is LabelKind.NUMBER
                and len(above) - labels[-1].end <= 15
                and not is_plain
            ):
                return None
            if label is None:
                continue
            if label.kind is LabelKind.WEAK and not self._is_weak_enough(candidate, distance):
                continue
            if doubt in {Doubt.WORD, Doubt.DATE} and not self._introduces(above, label, candidate):
                continue
            return label, 90 - 5 * distance, f"on a line of its own after “{label.word}”"
        if doubt is Doubt.WORD and (found := self._copied(candidate)):
            return found
        for distance in (1, 2):
            for label in self.labels_of(row + distance)[:1]:
                asks = distance == 1 and any("enter" in mark.roles for mark in self.marks_of(row + 1))
                fits = doubt <= Doubt.LETTERS or (doubt is Doubt.WORD and asks and candidate.code.isupper())
                if label.kind >= LabelKind.PLAIN and label.start <= _REACH and fits:
                    return label, 75 - 5 * distance, f"on a line of its own before “{label.word}”"
        return self._by_subject(candidate) if row else None

    def _copied(self, candidate: Candidate) -> tuple[Label, int, str] | None:
        """Judge words below a line that asks to copy them, without saying what they are."""
        row = candidate.row
        above = self.rows[row - 1] if row > 1 else ""
        asks = [mark for mark in self.marks_of(row - 1) if "enter" in mark.roles] if row > 1 else []
        made = "-" in candidate.code or _is_random(candidate.code)
        if not asks or not made or not above.rstrip(" *_").endswith((":", "：")) or not self.weigh()[0]:
            return None
        label = Label(asks[-1].start, asks[-1].end, LabelKind.PLAIN, asks[-1].word)
        return label, 70, f"on a line of its own after “{label.word}”"

    def _by_subject(self, candidate: Candidate) -> tuple[Label, int, str] | None:
        labels = self.labels_of(0)
        label = best_of(labels)
        if label is None or candidate.doubt is Doubt.DATE:
            return None
        if label.kind is LabelKind.WEAK and (
            candidate.doubt is not Doubt.NONE
            or len(candidate.code) != 6
            or any(other.kind is LabelKind.NUMBER for other in labels)
        ):
            return None
        if candidate.doubt is Doubt.WORD and (label.kind is not LabelKind.STRONG or candidate.row > 4):
            return None
        score = 70 if label.kind >= LabelKind.PLAIN else 60
        return label, score, f"on a line of its own, with “{label.word}” in the subject"

    def _is_weak_enough(self, candidate: Candidate, distance: int) -> bool:
        """Return True if digits may be a code for a word of signing in alone."""
        asks = any("enter" in mark.roles for mark in self.marks_of(candidate.row - distance))
        if candidate.doubt is Doubt.LETTERS:
            return asks and distance == 1 and self.weigh()[0] > 0
        if candidate.doubt not in {Doubt.NONE, Doubt.APART} or distance > 2:
            return False
        return asks or (candidate.doubt is Doubt.NONE and len(candidate.code) == 6)

    def _introduces(self, line: str, label: Label, candidate: Candidate) -> bool:
        """Return True if a line announces what stands below it."""
        rest = line[label.end :].rstrip(" *_")
        ends = rest.endswith((":", "：", "…", "↓")) or not rest or len(rest) <= 3
        asks = any("enter" in mark.roles for mark in self.marks_of(candidate.row - 1))
        return label.kind >= LabelKind.PLAIN and (ends or asks or label.kind is LabelKind.STRONG)


def _is_random(code: str) -> bool:
    """Return True for letters that make no word: nearly without vowels."""
    return sum(letter in "AEIOUY" for letter in code) * 5 <= len(code)


def _is_far(label: Label, gap: int) -> bool:
    """Return True if a word that may mean anything, such as `code`, is too far away to mean this."""
    return gap > 16 and label.kind is not LabelKind.STRONG


def _beside(label: Label, row: int) -> str:
    return f"next to “{label.word}”" + ("" if row else " in the subject")
