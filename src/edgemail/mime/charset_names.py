"""What charsets are called in mail, and which codec of the standard library reads them.

Where one charset is part of a larger one that senders use under its name, the larger one reads both, as browsers do
(https://encoding.spec.whatwg.org/#names-and-labels).
"""

from __future__ import annotations

from typing import Final

ALIASES: Final[dict[str, str]] = {
    # Labels that the standard library does not know, or knows as something narrower.
    "us-ascii": "ascii", "usascii": "ascii", "ansi_x3.4-1968": "ascii", "iso-ir-6": "ascii", "7bit": "ascii",
    "default": "ascii", "default_charset": "ascii", "unknown": "ascii", "unknown-8bit": "ascii", "none": "ascii",
    "utf8": "utf-8", "utf-8mb4": "utf-8", "utf8mb4": "utf-8", "unicode-1-1-utf-8": "utf-8", "utf_8": "utf-8",
    "cesu-8": "utf-8", "unicode-2-0-utf-8": "utf-8", "x-unicode-2-0-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7", "unicode-2-0-utf-7": "utf-7", "x-unicode-2-0-utf-7": "utf-7", "utf7": "utf-7",
    "utf16": "utf-16", "unicode": "utf-16", "ucs-2": "utf-16", "iso-10646-ucs-2": "utf-16", "ucs2": "utf-16",
    "utf_16": "utf-16", "utf_16_le": "utf-16-le", "utf_16_be": "utf-16-be", "utf16le": "utf-16-le",
    "utf16be": "utf-16-be", "utf_32": "utf-32", "utf_32_le": "utf-32-le", "utf_32_be": "utf-32-be",
    "latin-1": "cp1252", "latin1": "cp1252", "latin_1": "cp1252", "latin": "cp1252", "iso8859-1": "cp1252",
    "iso-8859-1": "cp1252", "iso_8859-1": "cp1252", "iso8859_1": "cp1252", "iso-8859_1": "cp1252",
    "iso-88591": "cp1252", "iso88591": "cp1252", "8859-1": "cp1252", "8859_1": "cp1252", "ansi": "cp1252",
    "iso-8859-1-windows-3.1-latin-1": "cp1252", "windows1252": "cp1252", "x-cp1252": "cp1252", "cp-1252": "cp1252",
    "win1252": "cp1252", "western": "cp1252", "iso-8859": "cp1252", "x-ansi": "cp1252",
    "windows1250": "cp1250", "windows1251": "cp1251", "windows1253": "cp1253", "windows1254": "cp1254",
    "windows1255": "cp1255", "windows1256": "cp1256", "windows1257": "cp1257", "windows1258": "cp1258",
    "win-1250": "cp1250", "win-1251": "cp1251", "win1250": "cp1250", "win1251": "cp1251", "cp-1250": "cp1250",
    "cp-1251": "cp1251", "x-cp1250": "cp1250", "x-cp1251": "cp1251", "x-cp1254": "cp1254",
    "sun_eu_greek": "iso8859-7", "csisolatin9": "iso8859-15", "csmacintosh": "mac-roman",
    "x-mac-ukrainian": "mac-cyrillic", "cseucpkdfmtjapanese": "euc_jp", "cseuckr": "cp949", "cseuc-kr": "cp949",
    "csksc56011987": "cp949", "csunicode": "utf-16", "unicodefeff": "utf-16", "unicodefffe": "utf-16-be",
    "unicode11utf8": "utf-8", "unicode20utf8": "utf-8", "x-unicode20utf8": "utf-8",
    "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "iso-8859-6-i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6", "logical": "iso8859-8", "visual": "iso8859-8",
    "iso8859-9": "cp1254", "iso-8859-9": "cp1254", "latin5": "cp1254",
    "iso-8859-11": "cp874", "iso8859-11": "cp874", "tis-620": "cp874", "tis620": "cp874", "windows-874": "cp874",
    "dos-874": "cp874", "windows874": "cp874",
    "koi8r": "koi8-r", "koi": "koi8-r", "koi8": "koi8-r", "koi8u": "koi8-u", "koi8-ru": "koi8-u", "cp866": "cp866",
    "dos-866": "cp866", "ibm866": "cp866", "dos-720": "cp720", "macintosh": "mac-roman", "mac": "mac-roman",
    "x-mac-roman": "mac-roman", "x-mac-cyrillic": "mac-cyrillic", "x-mac-ce": "mac-latin2",
    "x-mac-centraleurroman": "mac-latin2", "x-mac-greek": "mac-greek", "x-mac-turkish": "mac-turkish",
    "gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "ms936": "gb18030", "x-gbk": "gb18030",
    "gb_2312-80": "gb18030", "gb2312-80": "gb18030", "gb-2312": "gb18030", "gb_2312": "gb18030",
    "euccn": "gb18030",
    "euc-cn": "gb18030", "euc_cn": "gb18030", "chinese": "gb18030", "windows-936": "gb18030", "csgb2312": "gb18030",
    "iso-ir-58": "gb18030", "gb-18030": "gb18030", "gb18030-0": "gb18030",
    "simplified chinese": "gb18030",
    "hz-gb-2312": "hz", "hzgb2312": "hz", "hz-gb2312": "hz",
    "big5": "big5hkscs", "big-5": "big5hkscs", "x-x-big5": "big5hkscs", "csbig5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "big5-hkscs": "big5hkscs", "cp950": "big5hkscs", "windows-950": "big5hkscs", "ms950": "big5hkscs",
    "shift-jis": "cp932", "shift_jis": "cp932", "shiftjis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
    "ms_kanji": "cp932", "windows-31j": "cp932", "windows-932": "cp932", "cp-932": "cp932", "ms932": "cp932",
    "cswindows31j": "cp932", "x-ms-cp932": "cp932", "csshiftjis": "cp932",
    "x-euc-jp": "euc_jp", "x-euc": "euc_jp", "eucjp": "euc_jp", "euc-jp": "euc_jp", "eucjp-ms": "euc_jp",
    "cp51932": "euc_jp", "euc_jis_2004": "euc_jp",
    "iso-2022-jp": "iso2022_jp_ext", "iso2022_jp": "iso2022_jp_ext", "iso-2022-jp-1": "iso2022_jp_ext",
    "iso2022jp": "iso2022_jp_ext", "iso-2022-jp-ms": "iso2022_jp_ext", "csiso2022jp": "iso2022_jp_ext",
    "_iso-2022-jp$esc": "iso2022_jp_ext", "_iso-2022-jp": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext", "jis": "iso2022_jp_ext", "iso2022_jp_1": "iso2022_jp_ext",
    "euc-kr": "cp949", "euc_kr": "cp949", "euckr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949",
    "ks_c_5601-1989": "cp949", "ksc5601": "cp949", "ksc_5601": "cp949", "korean": "cp949", "uhc": "cp949",
    "windows-949": "cp949", "x-windows-949": "cp949", "cp-949": "cp949", "ms949": "cp949",
    "ks-c-5601-1987": "cp949",
    "iso-ir-149": "cp949", "x-euc-kr": "cp949", "kseuc": "cp949",
}  # fmt: skip
"""By label in lower case, and by the name that the standard library gives a codec."""

ESCAPED: Final = frozenset({
    "hz", "iso2022_jp_ext", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004", "iso2022_kr",
})  # fmt: skip
"""ASCII with escapes."""

SEVEN_BIT: Final = ESCAPED | frozenset({
    "utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be",
})  # fmt: skip
"""Their text may be valid ASCII and mean something else."""

EAST_ASIAN: Final = frozenset({"gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "johab", "euc_jisx0213"})
"""Two octets for most characters, by chance now and then valid UTF-8 of two octets each."""

NO_CHARSETS: Final = frozenset({
    "idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-8-sig",
})  # fmt: skip
