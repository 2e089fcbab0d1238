/** Charsets of seven bits whose escapes say what follows, as far as browsers refuse them. */
import { toOctets } from "./octets.ts";

const ESCAPE = /\x1b(?:\$\(?[@-D]|\([A-Z])/g;
const SHIFTED: Record<string, string> = {
  "\x1b$@": "euc-jp",
  "\x1b$B": "euc-jp",
  "\x1b(I": "shift_jis",
  "\x1b$(D": "jis0212",
};

/** Decode ISO-2022-JP with what browsers take for an error, as a line that is not shifted back. */
export function decodeJapanese(octets: string): string {
  const text: string[] = [];
  let place = 0;
  let charset: string | undefined;
  for (const shift of octets.matchAll(ESCAPE)) {
    text.push(decodeShifted(octets.slice(place, shift.index), charset));
    place = shift.index + shift[0].length;
    charset = SHIFTED[shift[0]];
  }
  text.push(decodeShifted(octets.slice(place), charset));
  return text.join("");
}

/** Decode ISO-2022-KR (RFC 1557): SO and SI shift, and each line begins in ASCII. */
export function decodeKorean(octets: string): string {
  return octets
    .replaceAll("\x1b$)C", "")
    .replace(/\x0e([^\x0f\n]*)(?:\x0f|(?=\n)|$)/g, (_all, inner: string) => decodeShifted(inner, "euc-kr"))
    .replaceAll("\x0f", "");
}

/** Decode HZ (RFC 1843): `~{` and `~}` shift. What is not HZ is U+FFFD. */
export function decodeHz(octets: string): string {
  return octets.replace(/~(?:\{((?:[!-}][!-~])*)(?:~\}|$)|~|\n|)/g, (all, inner?: string) => {
    if (inner !== undefined) return decodeShifted(inner, "gbk");
    return all === "~" ? "\ufffd" : all === "~~" ? "~" : "";
  });
}

/** Decode a piece by a charset of eight bits. Controls, as line ends, are ASCII in any state. */
function decodeShifted(octets: string, charset: string | undefined): string {
  if (charset === undefined) return octets.replace(/[^\x00-\x7f]/g, "\ufffd");
  const high = octets.replace(/[!-~]/g, (octet) => String.fromCharCode(octet.charCodeAt(0) | 0x80));
  if (charset === "jis0212")
    return new TextDecoder("euc-jp").decode(toOctets(high.replace(/[\xa1-\xfe]{2}/g, "\x8f$&")));
  return new TextDecoder(charset, { ignoreBOM: true }).decode(toOctets(high));
}
