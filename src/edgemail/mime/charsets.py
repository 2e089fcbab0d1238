"""Octets -> text, in the charset that they are in, whatever their label says.

A label is often missing, misspelt or wrong. So what is valid UTF-8 is read as UTF-8, then the label is tried, then
Windows-1252, of which ISO 8859-1 is a part and which has a character for nearly every octet.
"""

from __future__ import annotations

import codecs
import encodings
import pkgutil
import re
from encodings import aliases, normalize_encoding
from functools import cache, lru_cache
from io import StringIO
from typing import Final

from edgemail.mime.charset_names import ALIASES, EAST_ASIAN, ESCAPED, NO_CHARSETS, SEVEN_BIT
from edgemail.mime.codec_repairs import decode_repaired, replace_characters

_LABEL_MAX = 64
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SHIFT: Final = re.compile(rb"\x1b(?:\$[@B(]|\([JI])[^\x1b\r\n]*+\x1b[$(]")
"""How ISO-2022-JP leaves ASCII, and comes back within the line (RFC 1468). Else it may be a stray escape."""
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_ESCAPE: Final = re.compile(rb"\x1b(?:\$\(?[@-D]|\([A-Z])")
_STRAY_ESCAPE: Final = re.compile(rb"\x1b(?!\$\(?[@-D]|\$\)C|\([A-Z])")
_SHIFTED: Final = {b"\x1b$@": "euc_jp", b"\x1b$B": "euc_jp", b"\x1b(I": "cp932", b"\x1b$(D": "jisx0212"}
_PAIR: Final = re.compile(rb"[\xa1-\xfe]{2}")

_SET_HIGH: Final = bytes(octet | 0x80 if 0x21 <= octet <= 0x7E else octet for octet in range(256))
_HIGH: Final = bytes(range(128, 256))
_KOREAN: Final = b"\x1b$)C"
_THREE_OCTETS: Final = re.compile(rb"[\xe0-\xf4]")
_META: Final = re.compile(
    r"<meta\s[^>]{0,500}?charset\s{0,4}=\s{0,4}[\"']?\s{0,4}([a-zA-Z0-9_:.-]{1,40})", re.ASCII
)
_XML: Final = re.compile(r"\s{0,99}<\?xml\s[^>]{0,200}?encoding\s{0,4}=\s{0,4}[\"']([a-z0-9_:.-]{1,40})", re.ASCII)
_HTML_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_META_OCTETS: Final = 4096
_NO_LABEL: Final = re.compile(r"[^a-z0-9.]+")
_ISO_8859: Final = re.compile(r"(?:x-)?(?:cs)?iso[-_ ]?8859[-_ ]?([1-9][0-9]?)(?![0-9])")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@lru_cache(512)
def find_codec(label: str) -> str | None:
    """Return the standard library's codec for a charset label, or None for a label that names no charset."""
    name = label[:_LABEL_MAX].strip(" \t\r\n\"'<>;,").lower()
    forms = [name, name.removeprefix("x-"), name.replace("-", "").replace("_", "")]
    if iso := _ISO_8859.match(name):
        forms.append(f"iso8859-{iso[1]}")
    forms.append(_NO_LABEL.sub("-", name).strip("-"))
    for form in forms:
        known = ALIASES.get(form, form)
        if known.isascii() and (module := normalize_encoding(known)) in _list_codecs():
            try:
                codec = codecs.lookup(module)
            except LookupError:  # a codec of another platform
                continue
            if codec.name not in NO_CHARSETS and getattr(codec, "_is_text_encoding", True):
                return ALIASES.get(codec.name, codec.name)
    return None


@cache
def _list_codecs() -> frozenset[str]:
    """List what `codecs.lookup` finds: to ask it for what it does not have takes long each time."""
    modules = (module.name for module in pkgutil.iter_modules(encodings.__path__))
    return frozenset((*aliases.aliases, *aliases.aliases.values(), *modules)) - NO_CHARSETS


def decode_body(octets: bytes, label: str = "", *, is_html: bool = False) -> str:
    """Decode the text of a part; never raises."""
    for mark, codec in _MARKS:
        if octets.startswith(mark):
            return octets[len(mark) :].decode(codec, "replace")
    named = _find_useful(label)
    if is_html and named in {None, "utf-8"} and (meta := _find_meta(octets)):
        text = None if named is None else _try(octets, "utf-8") or _mostly(octets, "utf-8")
        return text or _decode(octets, meta)
    return _decode(octets, named)


def decode_header(octets: bytes, label: str = "") -> str:
    """Decode header octets that no encoded word labels. `label` is the charset of the message's text."""
    if octets.isascii() and b"\x1b" not in octets:
        return octets.decode("ascii")
    return _decode(octets, _find_useful(label), is_guess=True)


def decode_labelled(octets: bytes, label: str) -> str:
    """Decode the octets of an encoded word or of an RFC 2231 value."""
    return _decode(octets, _find_useful(label))


def is_valid(octets: bytes, label: str, *, is_cut: bool = False) -> bool:
    """Return True if the octets are valid in the charset of that label, or in UTF-8.

    With `is_cut` they may end inside a character.
    """
    return any(_is_in(octets, codec, is_cut=is_cut) for codec in {"utf-8", _find_useful(label) or "utf-8"})


def _is_in(octets: bytes, codec: str, *, is_cut: bool) -> bool:
    if codec in ESCAPED and not octets.isascii():
        return False
    if codec != "utf-8" and codec not in SEVEN_BIT:
        text = decode_repaired(octets, codec)
        return "\ufffd" not in (text[:-1] if is_cut else text)
    try:
        codecs.getincrementaldecoder(codec)().decode(octets, not is_cut)
    except (UnicodeError, LookupError, ValueError):
        return False
    return True


def _find_useful(label: str) -> str | None:
    """Return the codec, but for ASCII, which tells nothing: who writes other octets meant something else."""
    codec = find_codec(label) if label else None
    return None if codec == "ascii" else codec


def _decode(octets: bytes, codec: str | None, *, is_guess: bool = False) -> str:
    """Decode octets that are labelled with a charset, or only with one that is likely."""
    if codec in SEVEN_BIT and (text := _decode_stateful(octets, codec)) is not None:
        return text
    if b"\x1b" in octets and octets.isascii() and (text := _sniff_escapes(octets)) is not None:
        return text
    if octets.isascii():
        return octets.decode("ascii")
    if is_guess or codec not in EAST_ASIAN or _THREE_OCTETS.search(octets):
        text = _try(octets, "utf-8")
        if text is not None:
            return text
    if codec is not None and codec != "utf-8":
        text = _try(octets, codec)
        if text is None and codec not in SEVEN_BIT:
            text = _mostly(octets, codec)
        if text is not None:
            return text
    text = _mostly(octets, "utf-8", is_named=codec == "utf-8")
    return decode_repaired(octets, "cp1252") if text is None else text


def _decode_stateful(octets: bytes, codec: str) -> str | None:
    """Decode charsets whose text may look like ASCII; return None where it is not in that charset."""
    if codec.startswith(("utf-16", "utf-32")):
        if not _CONTROL.search(octets) and _try(octets, "utf-8") is not None:
            return None
        if codec in {"utf-16", "utf-32"}:  # RFC 2781 section 4.3: big endian, where nothing tells
            codec += "-le" if octets[1::2].count(0) > octets[::2].count(0) else "-be"
        return octets.decode(codec, "replace")
    text = _try(octets, codec)
    if text is None and b"\x1b" in octets:
        if codec == "iso2022_jp_ext":
            text = _decode_japanese(octets)
        elif codec == "iso2022_kr":
            text = _try(octets.translate(None, _HIGH), codec)
        elif codec.startswith("iso2022"):
            text = octets.decode(codec, "replace")
    return text


def _sniff_escapes(octets: bytes) -> str | None:
    """Decode ISO-2022-JP or -KR that says nothing of it."""
    if _KOREAN in octets:
        return _try(octets, "iso2022_kr")
    if not _SHIFT.search(octets):
        return None
    text = _try(octets, "iso2022_jp_ext")
    return _decode_japanese(octets) if text is None else text


def _decode_japanese(octets: bytes) -> str:
    """Decode ISO-2022-JP with the characters of Windows and others that RFC 1468 has not, as ① and ㈱."""
    text = StringIO()
    place, codec = 0, "ascii"
    for shift in _ESCAPE.finditer(octets):
        text.write(_decode_shifted(octets[place : shift.start()], codec))
        place, codec = shift.end(), _SHIFTED.get(shift[0], "ascii")
    text.write(_decode_shifted(octets[place:], codec))
    return text.getvalue()


def _decode_shifted(octets: bytes, codec: str) -> str:
    if codec == "ascii":
        return octets.decode("ascii", "replace")
    # Controls, as line ends in a line that is not shifted back, are ASCII in any state.
    octets = octets.translate(_SET_HIGH)
    if codec == "jisx0212":
        octets, codec = _PAIR.sub(b"\x8f" + rb"\g<0>", octets), "euc_jp"
    return decode_repaired(octets, codec)


def _try(octets: bytes, codec: str) -> str | None:
    try:
        if codec == "utf-8":
            return octets.decode()
        if codec in SEVEN_BIT:
            # The library reads octets of eight bits as Latin-1, and drops what follows a stray escape.
            if codec in ESCAPED and (not octets.isascii() or _STRAY_ESCAPE.search(octets)):
                return None
            text = replace_characters(_SURROGATE.sub("\ufffd", octets.decode(codec)), codec)
            return None if codec in ESCAPED and "\x1b" in text else text
        text = decode_repaired(octets, codec)
    except (UnicodeError, LookupError, ValueError):
        return None
    return None if "\ufffd" in text else text


def _mostly(octets: bytes, codec: str, *, is_named: bool = True) -> str | None:
    """Decode with U+FFFD for what is broken, if more characters above ASCII are right than wrong.

    Where the label names the charset, as many are enough.
    """
    text = octets.decode(codec, "replace") if codec == "utf-8" else decode_repaired(octets, codec)
    wrong = text.count("\ufffd")
    right = len(text) - wrong - len(text.encode("ascii", "ignore"))
    return text if right + is_named > max(wrong, 1) else None


def _find_meta(octets: bytes) -> str | None:
    """Return the charset that HTML names for itself, but for those that need another reading to be found."""
    if octets.isascii():
        return None
    head = _HTML_COMMENT.sub("", octets[:_META_OCTETS].decode("latin-1").lower())
    found = _META.search(head) or _XML.match(head)
    codec = find_codec(found[1]) if found else None
    return None if codec in SEVEN_BIT or codec == "ascii" else codec
