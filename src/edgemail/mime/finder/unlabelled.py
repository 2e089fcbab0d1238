"""Judges a number that no word for codes speaks of, as a person does: by what else it could be.

`Tell the app 551 208`, and a number alone below `Welcome back`, are codes where the message is about signing in or
an approval, and has no other number that could be meant. Each piece of evidence has a weight; doubt means silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from edgemail.mime.finder.labels import LabelKind
from edgemail.mime.finder.sentences import ACTS, ASKS, CODES, NUMBER_REACH, SIGNS, Sentence, has_role
from edgemail.mime.finder.shapes import Doubt, is_coupon, is_measure, is_tabular, is_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgemail.mime.finder.labels import LabelledLines
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
    "told to who delivers": 24,
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
_LEAD = 8
"""How far the best must be above the next."""
_OTHER = frozenset({"other", "promo", "goods"})
_OBJECT = frozenset({"object"})
_COURIER = frozenset({"courier"})
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
    of_message = sum(_WEIGHTS[piece] for piece in _of_message(page))
    best: dict[str, Unlabelled] = {}
    for candidate in found:
        judged = _judge(page, candidate, of_message)
        known = best.get(candidate.code)
        if judged and (known is None or judged.weight > known.weight):
            best[candidate.code] = judged
    ranked = sorted(best.values(), key=lambda judged: -judged.weight)
    if not ranked or ranked[0].weight < _ENOUGH:
        return None
    if len(ranked) > 1 and ranked[0].weight - ranked[1].weight < _LEAD:
        return None
    return ranked[0]


def _judge(page: LabelledLines, candidate: Candidate, of_message: int) -> Unlabelled | None:
    sentence = Sentence(page, candidate)
    if candidate.doubt is Doubt.DATE or is_measure(sentence.line, candidate.end) or sentence.is_of_another():
        return None
    if is_time(sentence.line, candidate):
        return None
    if is_tabular(page.rows, candidate.row) or (candidate.is_alone and _is_named_above(page, candidate.row)):
        return None
    if len(set(candidate.code)) == 1 or (is_coupon(candidate.code) and sentence.has(CODES)):
        return None
    asks = sentence.asks
    if not candidate.is_alone and not sentence.may_name(candidate):
        return None
    evidence = [
        *_of_shape(candidate, sentence),
        *_of_sentence(page, sentence),
        *_of_neighbours(page, candidate, sentence),
    ]
    weight = of_message + sum(_WEIGHTS[piece] for piece in evidence)
    if asks:
        reason = f"next to “{asks.word}”"
    elif candidate.is_alone:
        reason = "on a line of its own, and no other number may be meant"
    else:
        reason = "no other number may be meant"
    return Unlabelled(weight, candidate, reason)


def _is_named_above(page: LabelledLines, row: int) -> bool:
    """Return True if the line above ends in a name of other numbers: `Reg. no.`."""
    labels = page.labels_of(row - 1) if row > 1 else []
    found = page.marks_of(row - 1)
    if not labels or labels[-1].kind is not LabelKind.NUMBER or has_role(found, ASKS):
        return False
    if has_role((mark for mark in found if mark.start == labels[-1].start), _OBJECT):
        return False
    return len(page.rows[row - 1]) - labels[-1].end <= NUMBER_REACH


def _of_shape(candidate: Candidate, sentence: Sentence) -> Iterator[str]:
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


def _of_sentence(page: LabelledLines, sentence: Sentence) -> Iterator[str]:
    if sentence.asks:
        yield "asked for"
        if sentence.is_beside_verb():
            yield "beside the verb"
        if sentence.is_signed_in_with():
            yield "signed in with"
        if sentence.has(_COURIER):
            yield "told to who delivers"
        if page.weigh()[1]:
            yield "asked for in a message about other things"
    if sentence.has(SIGNS):
        yield "beside a word of signing in"
    if sentence.has(CODES):
        yield "beside a word for codes"
    if sentence.has(_OTHER):
        yield "beside a word of other things"
    if sentence.is_named:
        yield "after the sender's name"
    if sentence.is_after_colon:
        yield "after a colon"


def _of_neighbours(page: LabelledLines, candidate: Candidate, sentence: Sentence) -> Iterator[str]:
    row = candidate.row
    if candidate.is_alone:
        yield "alone on its line"
        if has_role(page.marks_of(0), ACTS):
            yield "alone, and the subject signs in"
        is_after_colon = row > 1 and page.rows[row - 1].rstrip(" *_").endswith((":", "："))
        if row > 1 and has_role(page.marks_of(row - 1), ASKS | {"act"} if is_after_colon else ASKS):
            yield "asked for by the line above"
        if is_after_colon:
            yield "after a colon"
    if (candidate.is_alone or sentence.is_after_colon) and has_role(page.marks_of(row + 1), ASKS):
        yield "asked for by the line below"


def _of_message(page: LabelledLines) -> Iterator[str]:
    subject = page.marks_of(0)
    if has_role(subject, ACTS):
        yield "the subject signs in"
    if any(label.kind >= LabelKind.PLAIN for label in page.labels_of(0)):
        yield "the subject says code"
    if has_role(subject, _OTHER):
        yield "the subject has other things"
    signing_in, other = page.weigh()
    yield from ["signing in"] * min(signing_in, 3)
    yield from ["other things"] * min(other, 4)
    cares = {mark.word.lower() for mark in page.body_marks() if mark.roles & _CARE}
    yield from ["care"] * min(len(cares), 2)
