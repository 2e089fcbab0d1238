/**
 * `Content-Type` and `Content-Disposition` to their values and parameters (RFC 2045, section 5.1;
 * RFC 2231). See `src/edgemail/mime/parameters.py`.
 */
import { decodeLabelled, findCharset } from "./charsets.ts";
import { decodeWords } from "./encoded-words.ts";
import { matchAt, partition, strip, stripEnd, toOctetString, unquotePercent } from "./octets.ts";
import { trim } from "./text-line.ts";

const MAX_OCTETS = 16 * 1024;
const MAX_PARAMETERS = 100;
const COMMENT = /\([^()]{0,1000}\)/g;
const SLASH = /[ \t]{0,9}\/[ \t]{0,9}/;
const VALUE = /(?=([ \t\r\n\v\f]*))\1(["']?)(?=([^ \t\r\n\v\f;=,"'()]*))\3(?![ \t]*=)[ \t"']*/y;
const NAME = /[;, \t\r\n\v\f]*([^ \t\r\n\v\f;="]*)[ \t]*(=?)[ \t]*/y;
const SECTION = /^([^*]+)(?:\*([0-9]{1,3}))?(\*)?$/;
const RUN_ON =
  /[ \t\r\n\v\f,](?:charset|name|filename|boundary|format|delsp|type|method|size|start)(?:\*[0-9]{0,3}\*?)?[ \t]{0,9}=/i;
const AFTER_QUOTE = /[ \t]*(?:[;,(]|$)|[ \t]+[\w*-]{1,60}=/y;
const NEXT_PARAMETER = /;[ \t]{0,99}[\w*-]{1,60}=/;
const FOLDER = /^(?:[A-Za-z]:\\|\\\\\w)/;
const EXTENDED = /^([A-Za-z0-9_.:+-]{2,40})'[A-Za-z0-9-]{0,20}'/;
const PERCENT = /%[0-9A-Fa-f]{2}/;

interface Piece {
  value: string;
  isEncoded: boolean;
}

/** A value with parameters. Each parameter is decoded when it is asked for. */
export class Parameters {
  /** In lower case. */
  readonly value: string;
  private readonly plain = new Map<string, string>();
  private readonly pieces = new Map<string, Map<number, Piece>>();

  /** `field` is an unfolded value. */
  constructor(field: string) {
    const [head, separator, rest] = partition(field.slice(0, MAX_OCTETS), ";");
    const octets = head.replace(COMMENT, " ").replace(SLASH, "/") + separator + rest;
    const opening = matchAt(VALUE, octets, 0);
    const value = (opening?.[3] ?? "").toLowerCase();
    const valueEnd = (opening?.[1]?.length ?? 0) + (opening?.[2]?.length ?? 0) + value.length;
    const hasOddQuote = opening !== null && !opening[2] && octets.startsWith('"', valueEnd);
    this.value = hasOddQuote ? `${value}"` : value; // then it is no token
    this.read(octets, opening?.[0].length ?? 0);
  }

  has(name: string): boolean {
    return this.plain.has(name) || this.pieces.has(name);
  }

  /** Return a parameter that is no text, as the boundary. */
  octets(name: string): string {
    return this.plain.get(name) || this.join(name).octets;
  }

  /** Return a parameter as text. RFC 2231's form is preferred if there are two. */
  text(name: string, label = ""): string {
    const { octets: joined, charset } = this.join(name);
    if (joined && (this.isWhole(name) || !this.plain.has(name))) {
      const text = charset ? decodeLabelled(joined, charset) : decodeWords(joined, label);
      return text.includes("=?") ? decodeWords(toOctetString(new TextEncoder().encode(text)), label) : text;
    }
    const octets = this.plain.get(name) ?? "";
    const extended = EXTENDED.exec(octets);
    if (extended?.[1] && PERCENT.test(octets) && findCharset(extended[1]) !== null)
      return decodeLabelled(unquotePercent(octets.slice(extended[0].length)), extended[1]);
    const text = decodeWords(octets, label);
    if (!text.includes("%") || !octets.includes("=?")) return text;
    const inner = toOctetString(new TextEncoder().encode(text));
    const encoded = EXTENDED.exec(inner);
    return encoded?.[1] ? decodeLabelled(unquotePercent(inner.slice(encoded[0].length)), encoded[1]) : text;
  }

  /** Return a parameter that is one word of ASCII, in lower case, as a charset. */
  word(name: string): string {
    const first = trim(this.text(name).toLowerCase()).split(/\s+/, 1)[0] ?? "";
    return strip(first, ";,'\"");
  }

  private read(octets: string, start: number): void {
    let place = start;
    let isUnclosed = false;
    for (let count = 0; count < MAX_PARAMETERS; count += 1) {
      const found = matchAt(NAME, octets, place);
      if (!found || place + found[0].length >= octets.length) return;
      place += found[0].length;
      if (!found[2]) {
        if (octets.startsWith('"', place)) place += 1;
        continue;
      }
      let value: string;
      if (octets.startsWith('"', place) && !isUnclosed) {
        [value, place, isUnclosed] = readQuoted(octets, place + 1);
      } else if (octets.startsWith('"', place)) {
        [value, place] = readOpen(octets, place + 1, -1);
      } else {
        [value, place] = readToken(octets, place);
      }
      this.keep((found[1] ?? "").toLowerCase(), value);
    }
  }

  private keep(name: string, value: string): void {
    const section = SECTION.exec(name);
    if (!section) return;
    const [, base = "", digits, star] = section;
    if (digits === undefined && star === undefined) {
      if (!this.plain.has(name)) this.plain.set(name, value);
      return;
    }
    const pieces = this.pieces.get(base) ?? new Map<number, Piece>();
    this.pieces.set(base, pieces);
    // The whole in one piece has the number -1: it is preferred to numbered pieces.
    const number = digits === undefined ? -1 : Number(digits);
    if (!pieces.has(number)) pieces.set(number, { value, isEncoded: star !== undefined });
  }

  /** Return false if pieces of a parameter are missing. */
  private isWhole(name: string): boolean {
    const numbers = [...(this.pieces.get(name)?.keys() ?? [])];
    return numbers.includes(-1) || Math.max(...numbers) === numbers.length - 1;
  }

  /** Join RFC 2231's pieces. Return the octets, and the charset or an empty text. */
  private join(name: string): { octets: string; charset: string } {
    const pieces = this.pieces.get(name);
    if (!pieces) return { octets: "", charset: "" };
    const first = Math.min(...pieces.keys());
    let charset = "";
    const joined: string[] = [];
    for (let number = first; number < first + (first < 0 ? 1 : pieces.size); number += 1) {
      const piece = pieces.get(number);
      if (!piece) break;
      let { value } = piece;
      const opening = piece.isEncoded && !charset ? EXTENDED.exec(value) : null;
      if (opening) {
        charset = opening[1] ?? "";
        value = value.slice(opening[0].length);
      } else if (piece.isEncoded && joined.length === 0) {
        value = value.replace(/^''/, "");
      }
      joined.push(piece.isEncoded ? unquotePercent(value) : value);
    }
    return { octets: joined.join(""), charset };
  }
}

/** Read a value without quotes, with any blanks in it. Return it and where it ends. */
function readToken(octets: string, start: number): [value: string, end: number] {
  let place = start;
  while (octets.startsWith("=?", place)) {
    let end = octets.indexOf("?=", place + 2);
    if (end < 0) break;
    const second = octets.indexOf("?", place + 2);
    const third = second < 0 ? -1 : octets.indexOf("?", second + 1);
    if (third >= 0 && end <= third) {
      end = octets.indexOf("?=", third + 1); // Q-encoded content may begin with "="
      if (end < 0) break;
    }
    place = end + 2;
    while (octets.charAt(place) === " " || octets.charAt(place) === "\t") place += 1;
  }
  const semicolon = octets.indexOf(";", place);
  let end = semicolon < 0 ? octets.length : semicolon;
  const runOn = RUN_ON.exec(octets.slice(place, end));
  if (runOn) end = place + runOn.index;
  return [strip(octets.slice(start, end)), end];
}

/**
 * Read a quoted string. A quote within it that is not escaped belongs to it if text follows.
 *
 * Return the value, where it ends, and true if no quoted string can follow, so that none is looked for
 * again.
 */
function readQuoted(octets: string, start: number): [value: string, end: number, isUnclosed: boolean] {
  const sign = /["\\]/g;
  sign.lastIndex = start;
  let firstQuote = -1;
  for (let found = sign.exec(octets); found; found = sign.exec(octets)) {
    if (found[0] === "\\") sign.lastIndex += 1;
    else if (matchAt(AFTER_QUOTE, octets, sign.lastIndex))
      return [unescape(octets.slice(start, found.index)), sign.lastIndex, false];
    else if (firstQuote < 0) firstQuote = found.index;
  }
  return [...readOpen(octets, start, firstQuote), true];
}

/** Read a quoted string that is not closed: up to the next parameter. */
function readOpen(octets: string, start: number, firstQuote: number): [value: string, end: number] {
  const following = NEXT_PARAMETER.exec(octets.slice(start));
  let end = following ? start + following.index : octets.length;
  if (firstQuote >= 0 && firstQuote < end) end = firstQuote;
  return [unescape(stripEnd(octets.slice(start, end))), end];
}

/** Undo escapes. A path of Windows, as `C:\a\b.txt`, has none but those of quotes. */
function unescape(octets: string): string {
  if (!octets.includes("\\")) return octets;
  if (FOLDER.test(octets)) return octets.replaceAll("\\\\", "\\").replaceAll('\\"', '"');
  return octets.replace(/\\([^])/g, "$1");
}
