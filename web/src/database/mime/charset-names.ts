/**
 * What charsets are called in mail, where the browser does not know the label, or knows it as something
 * else. See `src/edgemail/mime/charset_names.py`.
 */

/** Charsets that tell nothing: who writes other octets meant something else. */
const ASCII =
  "ascii us-ascii usascii ansi_x3.4-1968 iso-ir-6 iso646-us 7bit 8bit default default_charset unknown unknown-8bit none";
const BY_NAME: Record<string, string> = {
  "utf-8": "utf-8mb4 utf8mb4 cesu-8 unicode-2-0-utf-8 x-unicode-2-0-utf-8 utf_8 u8",
  // The byte order is found out; see `charsets.ts`.
  "utf-16": "utf-16 utf16 unicode csunicode unicodefeff ucs-2 iso-10646-ucs-2 ucs2 utf_16 u16",
  "utf-16le": "utf-16-le utf_16_le utf16le",
  "utf-16be": "utf-16-be utf_16_be utf16be",
  "windows-1252":
    "latin-1 latin_1 latin iso8859_1 iso-8859_1 iso-88591 8859-1 8859_1 ansi windows1252 cp-1252 win1252 win-1252 " +
    "iso-8859-1-windows-3.1-latin-1 western iso-8859 x-ansi 1252",
  "windows-1254": "latin5 cp-1254",
  "windows-874": "tis620 tis-620-0 tis_620_0 windows874 cp874 thai 874 iso-ir-166",
  "iso-8859-8": "iso-8859-8-e",
  ibm866: "cp866 dos-866",
  "koi8-r": "koi koi8r",
  "koi8-u": "koi8u",
  "iso-8859-13": "l7 latin7",
  "iso-8859-14": "l8 latin8 iso-ir-199 iso-celtic",
  "iso-8859-15": "latin9 csisolatin9",
  "iso-8859-16": "l10 latin10 iso-ir-226",
  "iso-8859-7": "elot-928",
  "x-mac-cyrillic": "mac-cyrillic mac_cyrillic maccyrillic",
  macintosh: "mac_roman mac-roman macroman",
  gb18030:
    "gb18030 gb2312 gbk cp936 ms936 x-gbk gb_2312-80 gb2312-80 gb-2312 gb_2312 euccn euc-cn euc_cn chinese 936 " +
    "windows-936 csgb2312 iso-ir-58 gb-18030 gb18030-0 gb18030_2000 eucgb2312_cn " +
    "simplified-chinese gb2312-1980 gb2312_1980 eucgb2312-cn gb18030-2000 x-mac-simp-chinese",
  big5: "big-5 cp950 windows-950 ms950 big5hkscs 950 big5-tw big5_tw hkscs x-mac-trad-chinese",
  shift_jis:
    "windows-932 cp932 cp-932 ms932 mskanji cswindows31j x-ms-cp932 s_jis 932 shiftjis x-mac-japanese",
  "euc-jp": "x-euc eucjp eucjp-ms cp51932 ujis euc_jp",
  "iso-2022-jp":
    "iso2022jp iso2022_jp iso-2022-jp-1 iso-2022-jp-ms _iso-2022-jp$esc _iso-2022-jp cp50220 cp50221 jis iso2022jp1",
  "iso-2022-kr": "iso-2022-kr iso2022kr iso2022_kr csiso2022kr iso-2022-kr",
  hz: "hz hz-gb-2312 hzgb2312 hz-gb2312 hz-gb hzgb",
  "euc-kr":
    "euckr cp949 cp-949 ks_c_5601 ks_c_5601-1989 ksc_5601 uhc x-windows-949 ms949 ks-c-5601-1987 x-euc-kr kseuc 949 euc_kr " +
    "ks_x_1001 ks-x-1001 ksx1001 cseuc-kr x-mac-korean",
};

export const NO_LABEL = "ascii";

/** The browser's name of a charset, by label in lower case. */
export const ALIASES: ReadonlyMap<string, string> = new Map(
  [...Object.entries(BY_NAME), [NO_LABEL, ASCII] as const].flatMap(([name, labels]) =>
    labels.split(" ").map((label): [string, string] => [label, name]),
  ),
);

/** Two octets for most characters, by chance now and then valid UTF-8 of two octets each. */
export const EAST_ASIAN: ReadonlySet<string> = new Set([
  "gb18030",
  "gbk",
  "big5",
  "shift_jis",
  "euc-jp",
  "euc-kr",
]);
