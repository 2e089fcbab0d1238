/**
 * Octets as a string with a character for each, U+0000 to U+00FF: regular expressions work on it, and
 * a slice of it copies nothing.
 */

const STEP = 0x8000;
const BLANKS = " \t\r\n\v\f";
export const BLANK_RUNS = /[ \t\r\n\v\f]+/g;

export function toOctetString(octets: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < octets.length; at += STEP)
    pieces.push(String.fromCharCode(...octets.subarray(at, at + STEP)));
  return pieces.join("");
}

export function toOctets(text: string): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) octets[at] = text.charCodeAt(at);
  return octets;
}

export function isAscii(octets: string): boolean {
  return !/[^\x00-\x7f]/.test(octets);
}

/** Remove octets at both ends. Unlike `trim`, it takes no octet above ASCII for a blank. */
export function strip(octets: string, what: string = BLANKS): string {
  let start = 0;
  while (start < octets.length && what.includes(octets.charAt(start))) start += 1;
  return octets.slice(start, endWithout(octets, what, start));
}

export function stripEnd(octets: string, what: string = BLANKS): string {
  return octets.slice(0, endWithout(octets, what, 0));
}

function endWithout(octets: string, what: string, start: number): number {
  let end = octets.length;
  while (end > start && what.includes(octets.charAt(end - 1))) end -= 1;
  return end;
}

/** Match a sticky expression at a place. */
export function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(text);
}

/** Return what is before and after the first `separator`; all of it is before if there is none. */
export function partition(text: string, separator: string): [before: string, found: string, after: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, "", ""] : [text.slice(0, at), separator, text.slice(at + separator.length)];
}

/** Decode `%41`; what encodes nothing stays (RFC 3986). */
export function unquotePercent(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
