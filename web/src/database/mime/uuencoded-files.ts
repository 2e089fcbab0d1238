/** A text with uuencoded files in it to where each of them is. See `src/edgemail/mime/uuencoded_files.py`. */
import { strip, stripEnd } from "./octets.ts";

const FILE =
  /(?<![^\n])begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n((?:[!-M][ -`]{1,84}\r?\n)*)(?:[` ]?[ \t]*\r?\n)?end[ \t]*(?:\r?\n|$)/g;

/** A piece of text, or of a file, by its offsets. */
export interface TextPiece {
  start: number;
  end: number;
  /** Null for text. */
  fileName: string | null;
}

/** Return a text's files and what is around them, at most `most` pieces; nothing if there is no file. */
export function splitUuencoded(octets: string, most: number): TextPiece[] {
  const pieces: TextPiece[] = [];
  let textStart = 0;
  for (const found of octets.matchAll(FILE)) {
    if (pieces.length + 3 > most) break;
    if (!hasRightLength(found[2] ?? "")) continue;
    const end = found.index + found[0].length;
    if (strip(octets.slice(textStart, found.index)))
      pieces.push({ start: textStart, end: found.index, fileName: null });
    pieces.push({ start: found.index, end, fileName: strip(found[1] ?? "") });
    textStart = end;
  }
  if (pieces.length > 0 && strip(octets.slice(textStart)))
    pieces.push({ start: textStart, end: octets.length, fileName: null });
  return pieces;
}

/** Return true if the first line is as long as its first octet says, but for a checksum or blanks at its end. */
function hasRightLength(lines: string): boolean {
  const line = stripEnd(lines.slice(0, 100).split("\n", 1)[0] ?? "", "\r");
  if (!line) return true;
  const length = Math.floor((line.charCodeAt(0) - 30) / 3) * 4;
  return length - 4 < line.length - 1 && line.length - 1 <= length + 2;
}
