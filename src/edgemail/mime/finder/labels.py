"""What the words of a message's lines tell of the numbers near them, and what the message is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import IntEnum

from edgemail.mime.finder.lexicon import Mark, marks, may_lead
from edgemail.mime.finder.page import rows_of
from edgemail.mime.finder.sender import SenderName
from edgemail.mime.finder.separators import DECORATION, IS_BEFORE, STOP
from edgemail.mime.finder.shapes import Candidate, join_fragments
from edgemail.mime.finder.word_lists import fold, lower

TEXT_MAX = 32 * 1024
MARKED_MAX = 8 * 1024
"""Characters around candidates in which words are looked for."""
TOPIC_MAX = 4 * 1024
"""Characters of the message that tell what it is about."""

_NUMBER = re.compile("[0-9]{4}")
_ADDRESS = re.compile('://[^ \n<>"]+')
_SCHEME = re.compile(r"https?\Z", re.IGNORECASE)
_WEB_SIGN = re.compile(r"\.[\w-]++/|[Ww]{3}\.")
"""What each match of `_WEB` holds: a quick look before it."""
_WEB = re.compile(r"(?<![\w.-])[\w-]++(?:\.[\w-]++)+/[^ \n<>\"]*|(?<![\w.@-])www\.[^ \n<>\"]+", re.IGNORECASE)
_OF = frozenset(
    {"", "de", "d", "di", "do", "da", "del", "des", "для", "of the", "to the", "voor", "til", "för", "για", "of"}
)
_NOUN = re.compile(r" (?:de |del |des |di |do |da |d['’])?([^\W\d_]{4,})(?: ?[:：]| (?=[0-9]))")
"""What a code is for: `código de asignatura:`, `код пациента 771204`."""
_JOINED_SIGN = re.compile("[\u30a1-\u30fc\u4e00-\u9fff]$")
"""A sign that qualifies a word for codes in a script without spaces."""
_BEFORE_WORD = re.compile(r"([^\W\d_]+)[ -]$")
_NAMING = frozenset({"bad", "other", "number"})
_SMALL = frozenset({"small"})
_SMALL_MAX = 4
_QUALIFYING = 3
"""Characters between a word and one that it qualifies."""


class LabelKind(IntEnum):
    """How much a label speaks for a code."""

    NUMBER = 0
    """Of an order, a phone, a flight: what follows is no code."""
    WEAK = 1
    """A word of signing in, or one that asks to enter something."""
    PLAIN = 2
    STRONG = 3


@dataclass(frozen=True, slots=True)
class Label:
    """What a word tells of a number near it."""

    start: int
    end: int
    kind: LabelKind
    word: str
    is_unknown: bool = False
    """Qualified by a word that is on no list."""
    is_other: bool = False
    """A code of another kind, as `zip code`."""


def lines_of(text: str) -> list[str]:
    """Give the lines of the beginning of a text without the web addresses, which hold numbers too."""
    text = _without_addresses(text[:TEXT_MAX])
    return rows_of(_WEB.sub("…", text) if _WEB_SIGN.search(text) else text)


def _without_addresses(text: str) -> str:
    """Put "…" for each address with a scheme."""
    kept: list[str] = []
    done = 0
    for address in _ADDRESS.finditer(text):
        scheme = _SCHEME.search(text, max(done, address.start() - 5), address.start())
        kept += text[done : scheme.start() if scheme else address.start()], "…"
        done = address.end()
    return "".join([*kept, text[done:]])


class LabelledLines:
    """The subject, as row 0, and the lines of a text that are not empty."""

    def __init__(self, subject: str, rows: list[str], brand: str) -> None:
        self.rows = [" ".join(lines_of(subject)), *join_fragments(rows)]
        self.sender = SenderName(brand)
        self._marks: dict[int, list[Mark]] = {}
        self._labels: dict[int, list[Label]] = {}
        self._leads: dict[int, bool] = {}
        self._marked = 0
        self._topic: tuple[int, int] | None = None
        self._body: list[Mark] | None = None

    def marks_of(self, row: int) -> list[Mark]:
        """List the known words of a line, as long as `MARKED_MAX` lasts."""
        if row not in self._marks:
            text = self.rows[row][: MARKED_MAX - self._marked] if 0 <= row < len(self.rows) else ""
            self._marked += len(text)
            self._marks[row] = marks(text)
        return self._marks[row]

    def may_lead_in(self, row: int) -> bool:
        """Return False if no word of a line can make a number near it a code."""
        if row not in self._leads:
            self._leads[row] = 0 <= row < len(self.rows) and may_lead(self.rows[row][:MARKED_MAX])
        return self._leads[row]

    def labels_of(self, row: int) -> list[Label]:
        """List what the words of a line tell of numbers, in order."""
        if row not in self._labels:
            self._labels[row] = self._read_labels(row)
        return self._labels[row]

    def _read_labels(self, row: int) -> list[Label]:
        line = self.rows[row] if 0 <= row < len(self.rows) else ""
        found = [mark for mark in self.marks_of(row) if mark.roles != _SMALL]
        labels: list[Label] = []
        is_bad = False
        for place, mark in enumerate(found):
            if labels and mark.start < labels[-1].end:
                if "code" in mark.roles and labels[-1].kind is LabelKind.WEAK:  # 本人確認 and 確認コード
                    begin = labels.pop().start
                    labels.append(Label(begin, mark.end, LabelKind.STRONG, line[begin : mark.end]))
                continue
            if "strong" in mark.roles:
                labels.append(Label(mark.start, mark.end, LabelKind.STRONG, mark.word))
            elif "code" in mark.roles:
                label = self._qualify(line, found, place)
                if label.kind is LabelKind.PLAIN and label.start == mark.start and is_bad:
                    label = replace(label, kind=LabelKind.NUMBER)
                is_bad = is_bad or label.kind is LabelKind.NUMBER
                while labels and labels[-1].start >= label.start:
                    labels.pop()
                labels.append(label)
            elif "digits" in mark.roles:
                self._read_digits(row, found, place, labels)
            elif "number" in mark.roles:
                labels.append(Label(mark.start, mark.end, LabelKind.NUMBER, mark.word))
            elif mark.roles & {"sign_in", "act"}:
                labels.append(Label(mark.start, mark.end, LabelKind.WEAK, mark.word))
        return labels

    def _read_digits(self, row: int, found: list[Mark], place: int, labels: list[Label]) -> None:
        """Add what a word for digits tells, as `number`."""
        line, mark = self.rows[row], found[place]
        after = found[place + 1] if place + 1 < len(found) else mark
        if "code" in after.roles and line[mark.end : after.start] in {" ", "-"}:
            return  # `6-digit code`
        last = found[place - 1] if place else mark
        between = line[last.end : mark.start]
        if "sign_in" in last.roles and between in {"", " ", "-"} and labels and labels[-1].end == last.end:
            begin = labels.pop().start  # `sign-on number`, ワンタイム番号
            labels.append(Label(begin, mark.end, LabelKind.PLAIN, line[begin : mark.end]))
            return
        asks = any("enter" in other.roles for other in found[:place]) or (
            row > 1
            and not (last.roles & _NAMING and mark.start - last.end <= 3)
            and any("enter" in other.roles for other in self.marks_of(row - 1))
            and not _NUMBER.search(self.rows[row - 1])
        )
        twice = "digits" in last.roles and len(between) == 1
        signs_in = twice and row > 0 and any("sign_in" in other.roles for other in self.marks_of(0))
        frees = "plain" in last.roles and between == "-"  # Freigabe-Nummer
        kind = LabelKind.WEAK if asks or signs_in or frees else LabelKind.NUMBER
        labels.append(Label(mark.start, mark.end, kind, mark.word))

    def _qualify(self, line: str, found: list[Mark], place: int) -> Label:
        """Say what a word for codes means with the words beside it."""
        mark = found[place]
        start, end, kind = mark.start, mark.end, LabelKind.PLAIN
        unknown = "unknown" in mark.roles
        if lower(mark.word) == "pin" and line[:start].rstrip(" ").endswith(","):
            kind = LabelKind.NUMBER  # the postal code of an Indian address
        before = place - 1
        while (
            before >= 0 and line[found[before].end : start].strip(" -‐‑'’") == "" and start - found[before].end <= 3
        ):
            roles = found[before].roles
            is_branded = self.sender.has_brand(found[before].word) or (
                "object" in roles and (kind is LabelKind.STRONG or self._follows_brand(line, found[before].start))
            )
            if "bad" in roles and "sign_in" not in roles and not is_branded:
                return Label(
                    found[before].start, end, LabelKind.NUMBER, line[found[before].start : end], is_other=True
                )
            if not roles & {"sign_in", "plain"}:
                break
            kind = LabelKind.STRONG if "sign_in" in roles else kind
            start = found[before].start
            before -= 1
        if before >= 0 and self._signs_in_with(line, found[before], start):
            kind = LabelKind.STRONG
        unknown = unknown or (start == mark.start and self._is_strange(line, start)) or self._is_named(line, end)
        after = place + 1
        if after < len(found):
            between = line[end : found[after].start]
            roles, words = found[after].roles, fold(lower(between.strip(" '’-")))
            if len(between) <= 20 and not STOP.search(between):
                if "bad" in roles and words in _OF and "sign_in" not in roles:
                    return Label(
                        start, found[after].end, LabelKind.NUMBER, line[start : found[after].end], is_other=True
                    )
                if "sign_in" in roles:
                    kind = LabelKind.STRONG
                    end = found[after].end if words in _OF else end
                elif "plain" in roles and words in _OF:
                    end = found[after].end
        return Label(start, end, kind, line[start:end], is_unknown=unknown and kind is LabelKind.PLAIN)

    def _is_named(self, line: str, end: int) -> bool:
        """Return True if a word of no list says what a code is for: `código de asignatura:`."""
        noun = _NOUN.match(line, end)
        return noun is not None and fold(lower(noun[1])) not in self.sender.whole and not marks(noun[1])

    def _signs_in_with(self, line: str, word: Mark, start: int) -> bool:
        """Return True if only small words part a word of signing in from one for codes: `log in with the code`."""
        between = line[word.end : start].strip(" ").split(" ")
        if "sign_in" not in word.roles or len(between) > _SMALL_MAX:
            return False
        return all(any(m.roles >= _SMALL for m in marks(small)) for small in between)

    def _follows_brand(self, line: str, start: int) -> bool:
        """Return True if the sender's name stands right before, as in `Your Hive account code`."""
        found = _BEFORE_WORD.search(line[max(0, start - 30) : start])
        return found is not None and self.sender.has_brand(found[1])

    def _is_strange(self, line: str, start: int) -> bool:
        """Return True if a line or a sentence begins with a word of no list that qualifies a code: `Rack code`."""
        if _JOINED_SIGN.search(line[max(0, start - 2) : start]):
            return True
        found = _BEFORE_WORD.search(line[max(0, start - 30) : start])
        first = line[: start - len(found[0])].rstrip(" ") if found else ""
        if not found or (first.strip(DECORATION + "0123456789") and first[-1] not in ".!?;,•|"):
            return False
        word = fold(lower(found[1]))
        return not marks(word) and word not in self.sender.whole

    def promotes(self, row: int) -> bool:
        """Return True if a line speaks of a discount: its code is not one to sign in with."""
        return any("promo" in mark.roles for mark in self.marks_of(row))

    def is_about_other(self) -> bool:
        """Return True if the message is more about something else than about signing in."""
        signing_in, other = self.weigh()
        return other > signing_in

    def weigh(self) -> tuple[int, int]:
        """Count the different words of signing in, and of other things."""
        if self._topic is None:
            head = self.marks_of(0)
            found = head + self.body_marks()
            signing_in, other = set(), set()
            for mark in found:
                if mark.roles & {"sign_in", "care", "strong"}:
                    signing_in.add(lower(mark.word))
                elif mark.roles & {"other", "promo"}:
                    other.add(lower(mark.word))
            labels = self.labels_of(0)
            asks = any("act" in mark.roles for mark in head) and any("object" in mark.roles for mark in head)
            is_code = any(label.kind >= LabelKind.PLAIN for label in labels)
            is_other = any(label.is_other for label in labels)
            is_headed = any(
                mark.roles & {"other", "promo"} and not mark.roles & {"sign_in", "strong"} for mark in head
            )
            self._topic = len(signing_in) + is_code + asks, len(other) + is_headed + 3 * is_other
        return self._topic

    def body_marks(self) -> list[Mark]:
        """List the known words of the lines that tell what the message is about."""
        if self._body is None:
            self._body = marks("\n".join(self.rows[1:])[:TOPIC_MAX])
        return self._body

    def is_announced(self, label: Label) -> bool:
        """Return True if the subject has the same word for codes, as a bank's own name for them."""
        return any(other.kind >= LabelKind.PLAIN and other.word == label.word for other in self.labels_of(0))

    def is_believed(self, label: Label, candidate: Candidate) -> bool:
        """Return True unless the message says that the word means another thing."""
        if label.kind is LabelKind.STRONG:
            return True
        signing_in, other = self.weigh()
        near = range(candidate.row - candidate.is_alone, candidate.row + 1)
        signing_in += any("enter" in mark.roles for row in near for mark in self.marks_of(row))
        told = (mark for mark in self.marks_of(candidate.row) if "courier" in mark.roles)
        if any(mark.start >= label.end or label.start - mark.end > _QUALIFYING for mark in told):
            return True  # `Give the driver this code`, not `the driver's code`
        if self.is_announced(label):
            return other <= signing_in
        if label.is_unknown or self._is_of(label, candidate):
            return signing_in > 1 and other < signing_in
        return other <= signing_in

    def _is_of(self, label: Label, candidate: Candidate) -> bool:
        """Return True if words of no list say what a code is of: `code of the offence 12091`."""
        line = self.rows[candidate.row]
        if label.end > candidate.start or line[label.start : label.end] != label.word:
            return False
        between = line[label.end : candidate.start]
        words = [word for word in between.strip(DECORATION).split(" ") if len(word) > 3]
        if len(between) > 40 or not words or IS_BEFORE.search(between):
            return False
        return not any(marks(word) or fold(lower(word)) in self.sender.whole for word in words)


def best_of(labels: list[Label]) -> Label | None:
    """Choose the last of the best kind that is no number's label."""
    best = None
    for label in labels:
        if label.kind is not LabelKind.NUMBER and (best is None or label.kind >= best.kind):
            best = label
    return best
