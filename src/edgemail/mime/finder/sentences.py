"""What the sentence around a number says of it: who asks for it, what it is of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgemail.mime.finder.labels import LabelKind
from edgemail.mime.finder.separators import DECORATION, IS_BEFORE, SENTENCE_END
from edgemail.mime.finder.shapes import Doubt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.mime.finder.labels import LabelledLines
    from edgemail.mime.finder.lexicon import Mark
    from edgemail.mime.finder.shapes import Candidate
    from edgemail.mime.finder.word_lists import Roles

_PLACE_MAX = 5
NUMBER_REACH, _ACT_REACH, _REACH = 15, 12, 40
"""Characters between a word and what it may speak of."""

_SHORT = 12
"""Characters of a sentence that says nothing by itself: `It is 88 37 02.`"""
_MADE = re.compile("(?=.*[0-9]).*-")
_NOUN = re.compile(r" (?:[^\W\d_]{4,20}|[A-Z]{2,3}) ")
_GREETING = re.compile("^[^,:：]{0,40}[,:：]")
_WITH = re.compile(
    "(?<![^ ])(?:with|using|mit|avec|con|com|met|med|z|s|с|з|cu|ile|με|dengan|bằng)(?: [^ ]{1,8})? [\"'“„«*]?$",
    re.IGNORECASE,
)
"""What `sign in with 481223` and `confirmez avec le 481223` have before the code."""
ASKS = frozenset({"enter", "tell"})
SIGNS = frozenset({"sign_in", "login"})
ACTS = frozenset({"sign_in", "login", "act", "strong", "password"})
CODES = frozenset({"code", "strong"})
_WITH_ROLES = frozenset({"sign_in", "login", "act"})
_NAMING = frozenset({"bad", "promo", "number", "other"})
_ASKING = ASKS | ACTS | CODES | {"act", "digits"}


def has_role(found: Iterable[Mark], roles: Roles) -> bool:
    """Return True if a word has one of the roles."""
    return any(mark.roles & roles for mark in found)


class Sentence:
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
        self.is_named = page.sender.ends(self.line[begin : candidate.start])
        self.is_first = not first.strip(DECORATION)
        self._is_with = _WITH.search(self.line[max(0, candidate.start - 20) : candidate.start]) is not None
        found = page.marks_of(candidate.row)
        self.before = [mark for mark in found if begin <= mark.start and mark.end <= candidate.start]
        self.after = [mark for mark in found if candidate.end <= mark.start and mark.end <= last]
        labels = page.labels_of(candidate.row)
        self._left = next(
            (label for label in reversed(labels) if begin <= label.start and label.end <= candidate.start), None
        )
        self.asks = self._find_asking()
        """The verb that asks to enter it, or None."""

    def has(self, roles: Roles) -> bool:
        """Return True if a word of the sentence has one of the roles."""
        return has_role(self.before, roles) or has_role(self.after, roles)

    def _find_asking(self) -> Mark | None:
        """Find the verb that asks to enter or to tell it, or to approve something with it."""
        start, end = self._candidate.start, self._candidate.end
        near = (mark for mark in reversed(self.before) if mark.roles & ASKS and not self._has_name(mark))
        later = (mark for mark in self.after if mark.roles & ASKS and mark.start - end <= _REACH)
        reach = _REACH if self.is_after_colon else _ACT_REACH
        acts = (mark for mark in self.before if "act" in mark.roles and start - mark.end <= reach)
        found = next(near, None) or next(later, None) or next(acts, None)
        if found is None and self._is_with:
            found = next((mark for mark in reversed(self.before) if mark.roles & _WITH_ROLES), None)
            near_after = (m for m in self.after if m.roles & SIGNS and m.start - end <= _ACT_REACH)
            found = found or next(near_after, None)
        return found

    def is_beside_verb(self) -> bool:
        """Return True if nothing parts it from the verb: `enter 481223`, `confirm with 481223`."""
        start, end = self._candidate.start, self._candidate.end
        before = any(mark.roles & ASKS and start - mark.end <= 3 for mark in self.before)
        after = any(mark.roles & ASKS and mark.start - end <= 3 for mark in self.after)
        acts = any("act" in mark.roles and start - mark.end <= _ACT_REACH for mark in self.before)
        return before or after or (acts and self._is_with)

    def is_signed_in_with(self) -> bool:
        """Return True for `log in with 481223`."""
        last = self.before[-2:] if self._is_with else []
        return any(mark.roles & SIGNS and self._candidate.start - mark.end <= _ACT_REACH for mark in last)

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
        if self._candidate.start - left.end > NUMBER_REACH:
            return False
        digits = any("digits" in mark.roles for mark in self.before if mark.start == left.start)
        if digits and self._signs_in:
            return False
        asking = self.before + self.after if digits else [m for m in self.before if m.start >= left.end]
        return not has_role(asking, ASKS)

    def may_name(self, candidate: Candidate) -> bool:
        """Return True unless a number within a sentence has nothing that speaks for a code."""
        if self.line[candidate.end : candidate.end + 1] in {"?", "？"}:
            return False
        if candidate.doubt is Doubt.WORD:
            is_made = candidate.code.isupper() or (self.is_after_colon and _MADE.search(candidate.code))
            if not is_made or not self.asks:
                return False
        if self.asks or self.is_after_colon or (self.is_first and self.has(SIGNS)):
            return not self.is_place()
        is_digits = candidate.code.isdigit() and len(candidate.code) > _PLACE_MAX
        return is_digits and self.has(CODES)

    def is_place(self) -> bool:
        """Return True for a postal code or a house number: four or five digits beside a name."""
        code, line = self._candidate, self.line
        if len(code.code) > _PLACE_MAX or not code.code.isdigit():
            return False
        after = line[code.end : code.end + 2]
        return after[:1] == " " and after[1:].isupper()
