"""Judgements on kinds of disagreement. In each of them ours is what a person reads, or none is better.

A judgement says what differs, and checks that it is nothing more than that.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from edgemail import mime

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.compare_corpora import Difference

_BODY = ("text", "html")
_WRONG_LETTERS = re.compile("[\ufffd\x80-\x9f\ud800-\udfff]")
_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]|ï¿½")
_UTF_7 = re.compile(r"\+[A-Za-z0-9/]{2,}-")


def find_kind(difference: Difference) -> str | None:
    """Return why readers differ, where it is known of the kind."""
    if difference.theirs.error:
        return "the other reader raises"
    if any(kind.startswith("multipart/") for _, kind, _ in difference.theirs.attachments):
        return "Python does not part a multipart whose boundary is missing or wrong"
    if difference.field == "attachments" and _is_one_text(difference):
        return "a message that is nothing but a text with a name: its body"
    if difference.field == "attachments":
        return "the same files in other words: names, types and line ends" if _has_same_files(difference) else None
    return next((name for name, test in _KINDS if test(difference)), None)


def _is_empty(difference: Difference) -> bool:
    ours, theirs = difference.texts
    return theirs in {"", "<>"} and ours not in {"", "<>"}


def _blanks(difference: Difference) -> bool:
    ours, theirs = difference.texts
    return _pack(ours) == _pack(theirs)


def _letters(difference: Difference) -> bool:
    """The same in ASCII, and ours has fewer signs of a wrong charset."""
    ours, theirs = difference.texts
    same = _ascii(ours) == _ascii(theirs)
    return same and _count_wrong(ours) < _count_wrong(theirs)


def _utf_7(difference: Difference) -> bool:
    ours, theirs = difference.texts
    return _UTF_7.search(theirs) is not None and not _UTF_7.search(ours)


def _joined_files(difference: Difference) -> bool:
    """Ours is a piece of theirs, which holds the text of an attached text, report or message too."""
    ours, theirs = difference.texts
    if difference.field not in _BODY or difference.reader == "python":
        return False
    joins = any(kind.startswith(("text/", "message/")) for _, kind, _ in difference.ours.attachments)
    return joins and _pack(_ascii(ours)) in _pack(_ascii(theirs))


def _made_of_the_other(difference: Difference) -> bool:
    """Ours has no text (or no HTML), and theirs is made of the HTML (or the text)."""
    ours, _ = difference.texts
    return difference.field in _BODY and difference.reader != "python" and not ours


def _page_of_text(difference: Difference) -> bool:
    """Their HTML is ours, with the text of other parts made HTML and added."""
    ours, theirs = difference.texts
    if difference.field not in _BODY or difference.reader == "python" or not ours:
        return False
    return _pack(ours) in _pack(theirs)


def _flowed(difference: Difference) -> bool:
    ours, theirs = difference.texts
    flows = b"format=flowed" in difference.sample.octets.lower()
    return flows and difference.field == "text" and _pack(ours).replace(">", "") == _pack(theirs).replace(">", "")


def _cut(difference: Difference) -> bool:
    ours, theirs = difference.texts
    return difference.field == "subject" and ours.endswith("…") and theirs.startswith(ours[:-1])


def _comment(difference: Difference) -> bool:
    """Python drops a name that is a comment."""
    _, theirs = difference.texts
    pattern = rb"^from:[^\r\n]*\("
    has_comment = re.search(pattern, difference.sample.octets, re.IGNORECASE | re.MULTILINE) is not None
    return difference.reader == "python" and difference.field == "from_name" and not theirs and has_comment


def _name_is_address(difference: Difference) -> bool:
    ours, theirs = difference.texts
    return difference.field == "from_name" and not theirs and ours == difference.ours.from_address


def _no_domain(difference: Difference) -> bool:
    """A word without a domain: a name or an address."""
    ours, theirs = difference.texts
    return difference.field == "from_address" and not ours and theirs in {difference.ours.from_name, "<>"}


def _phrase(difference: Difference) -> bool:
    """Python puts blanks between the encoded words of a name."""
    ours, theirs = difference.texts
    return difference.reader == "python" and difference.field == "from_name" and _pack(ours) == _pack(theirs)


def _has_same_files(difference: Difference) -> bool:
    """The same files, but for what each reader does to them."""
    octets = difference.sample.octets
    pictures = {_plain_name(part.name) for part in mime.read(octets).inline}
    rest = [
        file
        for file in difference.theirs.attachments
        if not (file[1].startswith("image/") and _plain_name(file[0]) in pictures)
    ]
    for index, file in enumerate(difference.ours.attachments):
        found = next((other for other in rest if _is_same(other, file, index, difference)), None)
        if found is not None:
            rest.remove(found)
        elif difference.reader == "python" or not file[1].startswith(("text/", "message/")):
            return False  # the others join texts, reports and messages to the body
    has_choices = b"multipart/alternative" in octets.lower()
    return all(has_choices and kind.startswith("text/") and not name for name, kind, _ in rest)


def _is_same(theirs: File, ours: File, index: int, difference: Difference) -> bool:
    (name, kind, size), (our_name, our_kind, our_size) = theirs, ours
    is_made_up = not name and our_kind.startswith(("message/", "text/calendar"))
    if not (is_made_up or _is_same_name(name, our_name)):
        return False
    if our_kind not in {kind, "application/octet-stream"} and kind != "application/octet-stream":
        return False
    if size == our_size or (difference.reader == "python" and our_kind.startswith("message/")):
        return True  # Python writes a message anew
    octets = difference.sample.octets
    content = mime.attachment(octets, mime.summarize(octets).attachments[index].index)[1]
    ends = content.count(b"\n") + 1  # postal-mime makes them LF, and adds one
    return content in octets or (difference.reader == "postal-mime" and abs(size - our_size) <= ends)


def _is_same_name(theirs: str, ours: str) -> bool:
    theirs, ours = _plain_name(theirs), _plain_name(ours)
    return theirs == ours or (_count_wrong(theirs) > _count_wrong(ours) and _ascii(theirs) == _ascii(ours))


def _is_one_text(difference: Difference) -> bool:
    kinds = [kind for _, kind, _ in difference.theirs.attachments]
    return not difference.ours.attachments and len(kinds) == 1 and kinds[0].startswith("text/")


def _plain_name(name: str) -> str:
    """Return a name without folders and blanks, as all readers show it."""
    return "".join(re.split(r"[/\\]", name)[-1].split())


def _pack(text: str) -> str:
    return "".join(text.split()).replace("\ufeff", "").replace("\0", "")


def _ascii(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).encode("ascii", "ignore").decode().split())


def _count_wrong(text: str) -> int:
    return len(_WRONG_LETTERS.findall(text)) + len(_MOJIBAKE.findall(text))


File = tuple[str, str, int]

_KINDS: tuple[tuple[str, Callable[[Difference], bool]], ...] = (
    ("blanks and line ends alone", _blanks),
    ("letters: ours has fewer that are wrong", _letters),
    ("UTF-7 is not read by the other", _utf_7),
    ("flowed text is unwrapped by one of both", _flowed),
    ("a subject is cut at 1,000 characters", _cut),
    ("the name is a comment", _comment),
    ("the name is the address", _name_is_address),
    ("blanks between encoded words", _phrase),
    ("the other reader finds nothing, for the message is broken", _is_empty),
    ("a sender without a domain", _no_domain),
    ("texts, reports and messages are joined to the body", _joined_files),
    ("the text is made of the HTML, or the reverse", _made_of_the_other),
    ("more parts are joined to the body", _page_of_text),
)
