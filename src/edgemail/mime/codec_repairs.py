"""The standard library's codecs, where browsers read more, or another character (https://encoding.spec.whatwg.org).

Mail is written by programs that were tried in browsers and on Windows, so what those read is what was meant. The
page that reads a database decodes by the browser, and must find the same.
"""

from __future__ import annotations

import codecs
import sys
import threading
from functools import cache
from typing import Final

from edgemail.mime.big5_additions import BIG5_ADDITIONS

_REPAIR: Final = "edgemail-repair"
"""The name of the error handler."""

_REPAIRED_MAX: Final = 50_000
"""Each repair is a call; text with more errors is read without them."""

_UNDEFINED: Final = "\ufffe"
_budget = threading.local()

_JAPANESE: Final = {
    "\u301c": "\uff5e", "\u2016": "\u2225", "\u2212": "\uff0d", "\xa2": "\uffe0", "\xa3": "\uffe1",
    "\xac": "\uffe2",
}  # fmt: skip
_READ_OTHERWISE: Final[dict[str, dict[str, str]]] = {
    "euc_jp": _JAPANESE,
    "iso2022_jp_ext": _JAPANESE,
    "big5hkscs": {
        "•": "‧", "､": "﹑", "‾": "¯", "∼": "～", "♁": "⊕", "☉": "⊙", "¥": "￥", "¢": "￠", "£": "￡",
    },
    "cp932": dict.fromkeys("\uf8f0\uf8f1\uf8f2\uf8f3", "\ufffd"),
    "koi8-u": {"╝": "ў", "╬": "Ў"},
    "gb18030": {
        "\ue5e5": "\u3000", "\ue78d": "︐", "\ue78e": "︒", "\ue78f": "︑", "\ue790": "︓", "\ue791": "︔",
        "\ue792": "︕", "\ue793": "︖", "\ue794": "︗", "\ue795": "︘", "\ue796": "︙", "\ue7c7": "ḿ",
        "\ue81e": "龴", "\ue826": "龵", "\ue82b": "龶", "\ue82c": "龷", "\ue832": "龸", "\ue843": "龹",
        "\ue854": "龺", "\ue864": "龻",
    },
}  # fmt: skip
"""By codec: characters that the library decodes to, and those that are meant."""

_LEADS: Final = {
    "cp932": frozenset((*range(0x81, 0xA0), *range(0xE0, 0xFD))),
    "euc_jp": frozenset((0x8E, 0x8F, *range(0xA1, 0xFF))),
    **dict.fromkeys(("big5hkscs", "cp949", "gb18030"), frozenset(range(0x81, 0xFF))),
}
"""The octets that begin a character of several octets."""


class _TooManyErrorsError(Exception):
    """Nothing is gained by more repairs."""


def decode_repaired(octets: bytes, codec: str) -> str:
    """Decode octets; what no repair can read is U+FFFD."""
    table = _read_table(codec)
    if table:
        text = codecs.charmap_decode(octets, "replace", table)[0]
    else:
        _budget.left = _REPAIRED_MAX
        try:
            text = octets.decode(codec, _REPAIR)
        except _TooManyErrorsError:
            text = octets.decode(codec, "replace")
    return replace_characters(text, codec)


@cache
def _read_table(codec: str) -> str:
    """Return the characters of a charset of one octet each, ``""`` for other charsets."""
    module = sys.modules[codecs.lookup(codec).incrementaldecoder.__module__]
    table: str = getattr(module, "decoding_table", "")
    if codec == "cp1255":
        table = table[:0xCA] + "\u05ba" + table[0xCB:]
    return "".join(
        character if character != _UNDEFINED else chr(octet) if octet < 0xA0 else "\ufffd"
        for octet, character in enumerate(table)
    )


def replace_characters(text: str, codec: str) -> str:
    """Put the characters that are meant in the place of those that the library decodes to."""
    for found, meant in _READ_OTHERWISE.get(codec, {}).items():
        text = text.replace(found, meant)
    return text


def _repair(error: UnicodeError) -> tuple[str, int]:
    """Return the character for octets that a codec does not know, and where decoding goes on."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _budget.left -= 1
    if _budget.left < 0:
        raise _TooManyErrorsError
    octets, start, codec = error.object, error.start, error.encoding
    first = octets[start]
    if codec == "gb18030" and first == 0x80:
        return "€", start + 1
    if error.reason.startswith("incomplete"):
        return "\ufffd", len(octets)
    if first not in _LEADS.get(codec, ()):
        return "\ufffd", start + 1
    if found := _find_elsewhere(octets[start : start + 2], codec):
        return found, start + 2
    end = start + 1
    if octets[end] >= 0x80:
        end += 1
        if first == 0x8F and codec == "euc_jp" and end < len(octets) and octets[end] >= 0x80:
            end += 1
    return "\ufffd", end


def _find_elsewhere(pair: bytes, codec: str) -> str:
    """Decode a character that Windows has added to a charset; return ``""`` for none."""
    if codec == "euc_jp" and pair[0] >= 0xA1 <= pair[1] <= 0xFE:
        pair, codec = _to_shift_jis(pair), "cp932"
    elif codec == "big5hkscs":
        if pair in BIG5_ADDITIONS:
            return BIG5_ADDITIONS[pair]
        codec = "cp950"
    else:
        return ""
    try:
        return pair.decode(codec)
    except UnicodeDecodeError:
        return ""


def _to_shift_jis(pair: bytes) -> bytes:
    """Move a character of EUC-JP to where Shift_JIS has it."""
    row, cell = pair[0] - 0xA1, pair[1] - 0xA1
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + 0x9F if row % 2 else cell + 0x40 + (cell >= 63)
    return bytes((lead, trail))


codecs.register_error(_REPAIR, _repair)
