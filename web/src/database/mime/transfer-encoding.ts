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
const RULER = /^(?:--|__|~~|\*\*|##|==)/;

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
  if (bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare)) return atob(bare);
  return mendBase64(octets, bare);
}

/** Decode base64 that has foreign or missing characters, padding within it, or something after it. */
function mendBase64(octets: string, bare: string): string {
  if (!/[^A-Za-z0-9+/=]/.test(bare)) {
    const glued = decodeSegments(bare);
    if (glued !== null) return glued;
  }
  const lines: string[] = [];
  for (const line of octets.split(/[\r\n]+/)) {
    if (isProse(line)) {
      if (lines.length > 0) break;
      return strip(octets) ? octets : "";
    }
    const kept = line.replace(FOREIGN, "");
    if (kept) lines.push(kept);
    if (kept.endsWith("=")) break;
  }
  return decodeBare(lines.join("").split("=", 1)[0] as string);
}

/** Decode pieces of base64, each with its own padding. Return null for something else. */
function decodeSegments(bare: string): string | null {
  const done: string[] = [];
  for (const piece of bare.match(/[^=]+/g) ?? []) {
    if (piece.length % 4 === 1 && done.length > 0) return null;
    done.push(decodeBare(piece));
  }
  return done.join("");
}

/** Decode characters of the alphabet alone, without padding. One too many is dropped. */
function decodeBare(text: string): string {
  return atob(text.length % 4 === 1 ? text.slice(0, -1) : text);
}

/** Return true for a line that is a sentence or a ruler, as footers of mailing lists are. */
function isProse(line: string): boolean {
  const text = strip(line);
  if (!text) return false;
  const foreign = text.length - text.replace(FOREIGN, "").length;
  return RULER.test(text) || (text.match(BLANK_RUNS)?.length ?? 0) > 1 || foreign * 4 > text.length;
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
  for (const line of octets.slice(begin.index + begin[0].length).split("\n")) {
    const text = strip(line);
    if (!text || text === "end" || text === "`") break;
    done.push(decodeUuLine(stripEnd(line, "\r")));
  }
  return done.join("");
}

function decodeUuLine(line: string): string {
  const valueAt = (at: number) => (at < line.length ? (line.charCodeAt(at) - 32) & 63 : 0);
  const length = valueAt(0);
  let decoded = "";
  for (let at = 1; decoded.length < length; at += 4) {
    const [a, b, c, d] = [valueAt(at), valueAt(at + 1), valueAt(at + 2), valueAt(at + 3)] as const;
    decoded += String.fromCharCode((a << 2) | (b >> 4), ((b & 15) << 4) | (c >> 2), ((c & 3) << 6) | d);
  }
  return decoded.slice(0, length);
}
