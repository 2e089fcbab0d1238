/** Content-Transfer-Encoding to the octets that were meant. See `src/edgemail/mime/transfer_encoding.py`. */
import { BLANK_RUNS, strip, stripEnd } from "./octets.ts";

export type TransferEncoding = "base64" | "quoted-printable" | "uuencode" | "";

const ALIASES: Record<Exclude<TransferEncoding, "">, string[]> = {
  base64: ["base64", "base-64", "base 64", "b64", "b", "x-base64"],
  "quoted-printable": [
    ...["quoted-printable", "quoted printable", "quotedprintable", "quoted_printable", "qp"],
    ...["quote-printable", "quoted-printible", "q"],
  ],
  uuencode: ["x-uuencode", "uuencode", "x-uue", "uue", "x-uu"],
};
const FOREIGN = /[^A-Za-z0-9+/=]+/g;
/** A ruler, a line between signs, or three words: a mailing list's footer, or text that is no base64. */
const PROSE =
  /(?<![^\n])[ \t]*(?:--|__|~~|\*\*|##|==|[^A-Za-z0-9+/= \t\r\n\v\f][^\n]*[^A-Za-z0-9+/= \t\r\n\v\f])|[^ \t\r\n\v\f][ \t]+[^ \t\r\n\v\f]+[ \t]+[^ \t\r\n\v\f]/;
/** Base64 of the alphabet for addresses (RFC 4648, section 5). */
const FOR_ADDRESSES = /^(?=[A-Za-z0-9 \t\r\n\v\f]*[-_])[A-Za-z0-9_ \t\r\n\v\f-]*=*[ \t\r\n\v\f]*$/;
const LINE_OF_DASHES = /(?<![^\n])[-_]+[ \t\r]*(?![^\n])/;
const MAX_PIECES = 1_000;

export function readEncoding(value: string): TransferEncoding {
  const name = value
    .slice(0, 200)
    .replace(/\([^()]*\)/g, " ")
    .split(/[;,]/, 1)[0] as string;
  const plain = strip(name, " \t\r\n\"'<>.:=").toLowerCase().replace(BLANK_RUNS, " ");
  const found = Object.entries(ALIASES).find(([, labels]) => labels.includes(plain));
  return (found?.[0] ?? "") as TransferEncoding;
}

export function decode(octets: string, encoding: TransferEncoding): string {
  if (encoding === "base64") return decodeBase64(octets);
  if (encoding === "quoted-printable") return decodeQuotedPrintable(octets);
  return encoding === "uuencode" ? decodeUuencode(octets) : octets;
}

/** Decode base64 as far as it goes. Return octets that are no base64 at all as they are. */
export function decodeBase64(octets: string): string {
  const bare = octets.replace(BLANK_RUNS, "");
  const core = stripEnd(bare, "=");
  const padding = bare.length - core.length;
  const isWhole =
    core.length % 4 === 0 ? core !== "" || padding === 0 : bare.length % 4 === 0 && padding <= 2;
  if (isWhole && /^[A-Za-z0-9+/]*$/.test(core)) return atob(core);
  return mendBase64(octets);
}

/** Decode base64 that has foreign or missing characters, padding within it, or something after it. */
function mendBase64(sent: string): string {
  const isForAddresses = FOR_ADDRESSES.test(sent) && !LINE_OF_DASHES.test(sent);
  const octets = isForAddresses ? sent.replaceAll("-", "+").replaceAll("_", "/") : sent;
  const prose = PROSE.exec(octets);
  const text = prose ? octets.slice(0, octets.lastIndexOf("\n", prose.index) + 1) : octets;
  const clean = text.replace(FOREIGN, "");
  const foreign = text.length - clean.length - (text.match(/[\r\n \t]/g)?.length ?? 0);
  if (!clean || foreign * 4 > clean.length) return strip(octets) ? octets : "";
  return !prose && foreign === 0 ? decodePieces(clean) : decodeBare(clean.split("=", 1)[0] as string);
}

/** Decode pieces that each have their own padding, as concatenated files have, up to one that is broken. */
function decodePieces(text: string): string {
  const done: string[] = [];
  for (const [, piece = "", padding = ""] of text.matchAll(/([^=]+)(=*)/g)) {
    const missing = (4 - (piece.length % 4)) % 4;
    if (done.length === MAX_PIECES || (done.length > 0 && padding.length < missing)) break;
    done.push(decodeBare(piece));
  }
  return done.join("");
}

/** Decode characters of the alphabet alone, without padding. One too many is dropped. */
function decodeBare(text: string): string {
  return atob(text.length % 4 === 1 ? text.slice(0, -1) : text);
}

/** Decode quoted-printable. Octets above ASCII and signs that encode nothing stay as they are. */
export function decodeQuotedPrintable(octets: string): string {
  if (!octets.includes("=")) return octets;
  return octets.replace(/=(?:[ \t]*(?:\r?\n|\r)|=|([0-9A-Fa-f]{2})|$)/g, (all, hex?: string) => {
    if (hex) return String.fromCharCode(parseInt(hex, 16));
    return all === "==" ? "=" : "";
  });
}

/** Decode the first file of uuencoded lines. Return octets without a `begin` as they are. */
function decodeUuencode(octets: string): string {
  const begin = /(?:^|\n)begin [0-7]{3,4} [^\r\n]*\r?\n/.exec(octets);
  if (!begin) return octets;
  const done: string[] = [];
  let left = octets.length; // a line of one octet can stand for 45
  for (const line of octets.slice(begin.index + begin[0].length).split("\n")) {
    const text = strip(line);
    if (!text || text === "end" || text === "`" || left <= 0) break;
    const decoded = decodeUuLine(stripEnd(line, "\r"));
    left -= decoded.length;
    done.push(decoded);
  }
  return done.join("");
}

function decodeUuLine(line: string): string {
  const valueAt = (at: number) => (at < line.length ? (line.charCodeAt(at) - 32) & 63 : 0);
  const length = Math.min(valueAt(0), Math.floor(((line.length - 1) * 3) / 4)); // characters may be missing
  let decoded = "";
  for (let at = 1; decoded.length < length; at += 4) {
    const [a, b, c, d] = [valueAt(at), valueAt(at + 1), valueAt(at + 2), valueAt(at + 3)] as const;
    decoded += String.fromCharCode((a << 2) | (b >> 4), ((b & 15) << 4) | (c >> 2), ((c & 3) << 6) | d);
  }
  return decoded.slice(0, length);
}
