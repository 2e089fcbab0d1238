/** The forms of Unicode that browsers do not decode. */
import { decodeBase64 } from "./transfer-encoding.ts";

const RUN = /\+([A-Za-z0-9+/]*)-?/g;

/** Decode UTF-7 (RFC 2152). Return null for octets above ASCII. */
export function decodeUtf7(octets: string): string | null {
  if (/[^\x00-\x7f]/.test(octets)) return null;
  return octets.replace(RUN, (_all, encoded: string) => {
    if (!encoded) return "+";
    const units = decodeBase64(encoded);
    let text = "";
    for (let at = 0; at + 1 < units.length; at += 2)
      text += String.fromCharCode(units.charCodeAt(at) * 256 + units.charCodeAt(at + 1));
    return text.replace(/[\ud800-\udfff]/gu, "\ufffd");
  });
}

/** Decode UTF-32. Return null for octets that are not valid. */
export function decodeUtf32(octets: string, charset: string): string | null {
  const isLittle = charset.endsWith("le");
  if (octets.length % 4 !== 0) return null;
  const text: string[] = [];
  for (let at = 0; at < octets.length; at += 4) {
    let point = 0;
    for (let index = 0; index < 4; index += 1)
      point = point * 256 + octets.charCodeAt(at + (isLittle ? 3 - index : index));
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return null;
    text.push(String.fromCodePoint(point));
  }
  return text.join("");
}
