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


def _phrase(difference: Difference) -> bool:
    """Python puts blanks between the encoded words of a name."""
    ours, theirs = difference.texts
    return difference.reader == "python" and difference.field == "from_name" and _pack(ours) == _pack(theirs)


def _has_same_files(difference: Difference) -> bool:
    """The same files, but for what each reader does to them; the octets of ours are those that were sent."""
    ours, theirs = difference.ours.attachments, difference.theirs.attachments
    octets = difference.sample.octets
    inline = [_plain_name(part.name) for part in mime.read(octets).inline]
    rest = [
        (_plain_name(name), kind, size)
        for name, kind, size in theirs
        if not kind.startswith("multipart/") and not (_plain_name(name) in inline and kind.startswith("image/"))
    ]
    for index, (name, kind, size) in enumerate(ours):
        plain = "" if kind.startswith("message/") else _plain_name(name)
        same = (file for file in rest if _is_same(file, (plain, kind, size), index, difference))
        found = next(same, None)
        if found is not None:
            rest.remove(found)
        elif difference.reader == "python" or not kind.startswith(("text/", "message/")):
            return False
    return not rest


def _is_same(theirs: File, ours: File, index: int, difference: Difference) -> bool:
    octets = difference.sample.octets
    name, kind, size = theirs
    is_message = ours[1].startswith("message/")
    if not is_message and name != ours[0]:
        return False
    if kind != ours[1] and "application/octet-stream" not in {kind, ours[1]}:
        return False
    if size == ours[2]:
        return True
    if difference.reader == "python" and is_message:
        return True
    number = mime.summarize(octets).attachments[index].index
    return mime.attachment(octets, number)[1] in octets


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
    ("the other reader finds nothing, for the message is broken", _is_empty),
    ("letters: ours has fewer that are wrong", _letters),
    ("UTF-7 is not read by the other", _utf_7),
    ("flowed text is unwrapped by one of both", _flowed),
    ("a subject is cut at 1,000 characters", _cut),
    ("the name is a comment", _comment),
    ("the name is the address", _name_is_address),
    ("blanks between encoded words", _phrase),
    ("texts, reports and messages are joined to the body", _joined_files),
    ("the text is made of the HTML, or the reverse", _made_of_the_other),
    ("more parts are joined to the body", _page_of_text),
)
