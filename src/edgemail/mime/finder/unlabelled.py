"""Judges a number that no word for codes speaks of, as a person does: by what else it could be.

`Tell the app 551 208`, and a number alone below `Welcome back`, are codes where the message is about signing in or
an approval, and has no other number that could be meant. Each piece of evidence has a weight; doubt means silence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from edgemail.mime.finder.labels import DECORATION, IS_BEFORE, SENTENCE_END, LabelKind
from edgemail.mime.finder.shapes import Doubt, is_measure, is_tabular, is_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgemail.mime.finder.labels import LabelledLines
    from edgemail.mime.finder.lexicon import Mark, Roles
    from edgemail.mime.finder.shapes import Candidate

LETTERS_MAX = 4 * 1024
"""Characters of a message: mails with codes are short, and in newsletters other numbers are alone on a line."""

_WEIGHTS = {
    # its shape
    "six digits": 10,
    "fewer or more digits": -3,
    "in groups": 12,
    "digit by digit": 8,
    "letters alone": -8,
    "several parts": 12,
    # its line
    "alone on its line": 15,
    "alone, and the subject signs in": 8,
    "asked for": 28,
    "beside the verb": 8,
    "signed in with": 20,
    "beside a word of signing in": 14,
    "beside a word for codes": -8,
    "beside a word of other things": -8,
    "asked for in a message about other things": -4,
    "after the sender's name": 10,
    # the line above or below
    "asked for by the line above": 12,
    "asked for by the line below": 12,
    "after a colon": 12,
    # the message
    "the subject signs in": 14,
    "the subject says code": 10,
    "the subject has other things": -9,
    "signing in": 4,
    "care": 8,
    "other things": -5,
}
_ENOUGH = 32
_PLACE_MAX = 5
_LEAD = 8
"""How far the best must be above the next."""
_NUMBER_REACH, _ACT_REACH, _REACH = 15, 12, 40
"""Characters between a word and what it may speak of."""

_SHORT = 12
"""Characters of a sentence that says nothing by itself: `It is 88 37 02.`"""
_MADE = re.compile("(?=.*[0-9]).*-")
_NOUN = re.compile(r" (?:[^\W\d_]{4,20}|[A-Z]{2,3}) ")
_GREETING = re.compile("^[^,:：]{0,40}[,:：]")
_WITH = re.compile(
    "(?<![^ ])(?:with|using|mit|avec|con|com|met|med|z|s|с|з|cu|ile|με|dengan|bằng)(?: [^ ]{1,8})? [\"'“„«*]?$", re.IGNORECASE
)
"""What `sign in with 481223` and `confirmez avec le 481223` have before the code."""
_ASKS = frozenset({"enter", "tell"})
_SIGNS = frozenset({"sign_in", "login"})
_ACTS = frozenset({"sign_in", "login", "act", "strong", "password"})
_CODES = frozenset({"code", "strong"})
_WITH_ROLES = frozenset({"sign_in", "login", "act"})
_OTHER = frozenset({"other", "promo", "goods"})
_OBJECT = frozenset({"object"})
_NAMING = frozenset({"bad", "promo", "number", "other"})
_ASKING = _ASKS | _ACTS | _CODES | {"act", "digits"}
_CARE = frozenset({"care", "unasked"})


class Unlabelled(NamedTuple):
    """A number that may be a code by elimination."""

    weight: int
    candidate: Candidate
    reason: str


def eliminate(page: LabelledLines, found: Iterable[Candidate]) -> Unlabelled | None:
    """Choose the one number that must be the code, if there is one."""
    if sum(map(len, page.rows)) > LETTERS_MAX:
        return None
    best: dict[str, Unlabelled] = {}
    for candidate in found:
        judged = _judge(page, candidate)
        known = best.get(candidate.code)
        if judged and (known is None or judged.weight > known.weight):
            best[candidate.code] = judged
    ranked = sorted(best.values(), key=lambda judged: -judged.weight)
    if not ranked or ranked[0].weight < _ENOUGH:
        return None
    if len(ranked) > 1 and ranked[0].weight - ranked[1].weight < _LEAD:
        return None
    return ranked[0]


def _judge(page: LabelledLines, candidate: Candidate) -> Unlabelled | None:
    sentence = _Sentence(page, candidate)
    if candidate.doubt is Doubt.DATE or is_measure(sentence.line, candidate.end) or sentence.is_of_another():
        return None
    if is_time(sentence.line, candidate):
        return None
    if is_tabular(page.rows, candidate.row) or (candidate.is_alone and _is_named_above(page, candidate.row)):
        return None
    asks = sentence.asks()
    if not candidate.is_alone and not sentence.may_name(candidate):
        return None
    evidence = [*_of_shape(candidate, sentence), *_of_sentence(page, candidate, sentence), *_of_message(page)]
    weight = sum(_WEIGHTS[piece] for piece in evidence)
    if asks:
        reason = f"next to “{asks.word}”"
    elif candidate.is_alone:
        reason = "on a line of its own, and no other number may be meant"
    else:
        reason = "no other number may be meant"
    return Unlabelled(weight, candidate, reason)


class _Sentence:
    """What stands around a candidate within its sentence."""

    def __init__(self, page: LabelledLines, candidate: Candidate) -> None:
        self.line = page.rows[candidate.row]
        self._candidate = candidate
        signing_in, other = page.weigh()
        self._signs_in = signing_in > 1 and not other
        ends = [end.end() for end in SENTENCE_END.finditer(self.line, 0, candidate.start)]
        begin = ends.pop() if ends else 0
        is_short = candidate.start - begin <= _SHORT
        if is_short and (candidate.start == begin or IS_BEFORE.search(self.line[begin : candidate.start])):
            begin = ends.pop() if ends else 0
        stop = SENTENCE_END.search(self.line, candidate.end)
        self.is_last = not self.line[candidate.end : stop.start() if stop else None].strip(DECORATION)
        if stop and stop.start() == candidate.end and is_short:
            stop = SENTENCE_END.search(self.line, stop.end())
        last = stop.start() if stop else len(self.line)
        colon = self.line[: candidate.start].rstrip(" *_").endswith((":", "："))
        self.is_after_colon = colon and self.is_last
        first = _GREETING.sub("", self.line[begin : candidate.start])
        self.is_named = page.is_sender(self.line[begin : candidate.start])
        self.is_first = not first.strip(DECORATION)
        self._is_with = _WITH.search(self.line[max(0, candidate.start - 20) : candidate.start]) is not None
        found = page.marks_of(candidate.row)
        self.before = [mark for mark in found if begin <= mark.start and mark.end <= candidate.start]
        self.after = [mark for mark in found if candidate.end <= mark.start and mark.end <= last]
        labels = (label for label in page.labels_of(candidate.row) if begin <= label.start)
        self._left = max((label for label in labels if label.end <= candidate.start), default=None, key=_end_of)

    def has(self, roles: Roles) -> bool:
        return _has(self.before, roles) or _has(self.after, roles)

    def asks(self) -> Mark | None:
        """Find the verb that asks to enter or to tell it, or to approve something with it."""
        start, end = self._candidate.start, self._candidate.end
        near = (mark for mark in reversed(self.before) if mark.roles & _ASKS and not self._has_name(mark))
        later = (mark for mark in self.after if mark.roles & _ASKS and mark.start - end <= _REACH)
        reach = _REACH if self.is_after_colon else _ACT_REACH
        acts = (mark for mark in self.before if "act" in mark.roles and start - mark.end <= reach)
        found = next(near, None) or next(later, None) or next(acts, None)
        if found is None and self._is_with:
            found = next((mark for mark in reversed(self.before) if mark.roles & _WITH_ROLES), None)
            near_after = (m for m in self.after if m.roles & _SIGNS and m.start - end <= _ACT_REACH)
            found = found or next(near_after, None)
        return found

    def is_beside_verb(self) -> bool:
        """Return True if nothing parts it from the verb: `enter 481223`, `confirm with 481223`."""
        start, end = self._candidate.start, self._candidate.end
        before = any(mark.roles & _ASKS and start - mark.end <= 3 for mark in self.before)
        after = any(mark.roles & _ASKS and mark.start - end <= 3 for mark in self.after)
        acts = any("act" in mark.roles and start - mark.end <= _ACT_REACH for mark in self.before)
        return before or after or (acts and self._is_with)

    def is_signed_in_with(self) -> bool:
        """Return True for `log in with 481223`."""
        last = self.before[-2:] if self._is_with else []
        return any(mark.roles & _SIGNS and self._candidate.start - mark.end <= _ACT_REACH for mark in last)

    def _has_name(self, verb: Mark) -> bool:
        """Return True if a noun without article names what one should enter: `use board 77120`."""
        if "enter" not in verb.roles:
            return False
        words = self.line[verb.end : self._candidate.start]
        return _NOUN.fullmatch(words) is not None and not any(mark.start >= verb.end for mark in self.before)

    def is_of_another(self) -> bool:
        """Return True for the number of an order, a phone, a flight."""
        last = self.before[-1] if self.before else None
        if last and self._candidate.start - last.end <= 3 and last.roles & _NAMING and not last.roles & _ASKING:
            return True
        left = self._left
        if left is None or left.kind is not LabelKind.NUMBER:
            return False
        if self._candidate.start - left.end > _NUMBER_REACH:
            return False
        digits = any("digits" in mark.roles for mark in self.before if mark.start == left.start)
        if digits and self._signs_in:
            return False
        asking = self.before + self.after if digits else [m for m in self.before if m.start >= left.end]
        return not _has(asking, _ASKS)

    def may_name(self, candidate: Candidate) -> bool:
        """Return True unless a number within a sentence has nothing that speaks for a code."""
        if self.line[candidate.end : candidate.end + 1] in {"?", "？"}:
            return False
        if candidate.doubt is Doubt.WORD:
            is_made = candidate.code.isupper() or (self.is_after_colon and _MADE.search(candidate.code))
            if not is_made or not self.asks():
                return False
        if self.asks() or self.is_after_colon or (self.is_first and self.has(_SIGNS)):
            return not self.is_place()
        is_digits = candidate.code.isdigit() and len(candidate.code) > _PLACE_MAX
        return is_digits and self.has(_CODES)

    def is_place(self) -> bool:
        """Return True for a postal code or a house number: four or five digits beside a name."""
        code, line = self._candidate, self.line
        if len(code.code) > _PLACE_MAX or not code.code.isdigit():
            return False
        after = line[code.end : code.end + 2]
        return after[:1] == " " and after[1:].isupper()


def _is_named_above(page: LabelledLines, row: int) -> bool:
    """Return True if the line above ends in a name of other numbers: `Reg. no.`."""
    labels = page.labels_of(row - 1) if row > 1 else []
    found = page.marks_of(row - 1)
    if not labels or labels[-1].kind is not LabelKind.NUMBER or _has(found, _ASKS):
        return False
    if _has((mark for mark in found if mark.start == labels[-1].start), _OBJECT):
        return False
    return len(page.rows[row - 1]) - labels[-1].end <= _NUMBER_REACH


def _end_of(label: object) -> int:
    return label.end


def _has(found: Iterable[Mark], roles: Roles) -> bool:
    return any(mark.roles & roles for mark in found)


def _of_shape(candidate: Candidate, sentence: _Sentence) -> Iterator[str]:
    if candidate.doubt is Doubt.NONE:
        yield "six digits" if len(candidate.code) == 6 else "fewer or more digits"
    if " " in sentence.line[candidate.start : candidate.end]:
        yield "in groups"
    if candidate.doubt is Doubt.APART:
        yield "digit by digit"
    if candidate.code.count("-") > 1:
        yield "several parts"
    elif candidate.doubt is Doubt.WORD:
        yield "letters alone"


def _of_sentence(page: LabelledLines, candidate: Candidate, sentence: _Sentence) -> Iterator[str]:
    if sentence.asks():
        yield "asked for"
        if sentence.is_beside_verb():
            yield "beside the verb"
        if sentence.is_signed_in_with():
            yield "signed in with"
        if page.weigh()[1]:
            yield "asked for in a message about other things"
    if sentence.has(_SIGNS):
        yield "beside a word of signing in"
    if sentence.has(_CODES):
        yield "beside a word for codes"
    if sentence.has(_OTHER):
        yield "beside a word of other things"
    if sentence.is_named:
        yield "after the sender's name"
    if sentence.is_after_colon:
        yield "after a colon"
    row = candidate.row
    if candidate.is_alone:
        yield "alone on its line"
        if _has(page.marks_of(0), _ACTS):
            yield "alone, and the subject signs in"
        is_after_colon = row > 1 and page.rows[row - 1].rstrip(" *_").endswith((":", "："))
        if row > 1 and _has(page.marks_of(row - 1), _ASKS | {"act"} if is_after_colon else _ASKS):
            yield "asked for by the line above"
        if is_after_colon:
            yield "after a colon"
    if (candidate.is_alone or sentence.is_after_colon) and _has(page.marks_of(row + 1), _ASKS):
        yield "asked for by the line below"


def _of_message(page: LabelledLines) -> Iterator[str]:
    subject = page.marks_of(0)
    if _has(subject, _ACTS):
        yield "the subject signs in"
    if any(label.kind >= LabelKind.PLAIN for label in page.labels_of(0)):
        yield "the subject says code"
    if _has(subject, _OTHER):
        yield "the subject has other things"
    signing_in, other = page.weigh()
    yield from ["signing in"] * min(signing_in, 3)
    yield from ["other things"] * min(other, 4)
    cares = {mark.word.lower() for mark in page.body_marks() if mark.roles & _CARE}
    yield from ["care"] * min(len(cares), 2)
