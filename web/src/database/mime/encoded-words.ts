/**
 * Encoded words of header fields to text (RFC 2047), wherever they stand and however they were cut.
 * See `src/edgemail/mime/encoded_words.py`.
 */
import { decodeHeader, decodeLabelled, isValid } from "./charsets.ts";
import { matchAt, strip } from "./octets.ts";
import { decodeBase64, decodeQuotedPrintable } from "./transfer-encoding.ts";

const OPENING = /=\?[ \t]{0,4}([^? \t\r\n\v\f]{0,64}?)[ \t]{0,4}\?[ \t]{0,4}([bBqQ])[ \t]{0,4}\?/y;

interface EncodedWord {
  encoding: string;
  content: string;
}

/** Make one line of a field's value. */
export function unfold(octets: string): string {
  return strip(octets.includes("\n") ? octets.replace(/\r?\n/g, "") : octets, " \t\r");
}

/**
 * Decode an unfolded value. `label` is the charset of what no encoded word labels.
 *
 * Words that only blanks part are one text: mailers cut words inside characters, so their octets are
 * joined before they are decoded.
 */
export function decodeWords(octets: string, label = ""): string {
  if (!octets.includes("=?")) return decodeHeader(octets, label);
  const pieces: string[] = [];
  let run: EncodedWord[] = [];
  let charset = "";
  let place = 0;
  let after = 0;
  let end = -1;
  for (let start = octets.indexOf("=?"); start >= 0; start = octets.indexOf("=?", after)) {
    const opening = matchAt(OPENING, octets, start);
    if (!opening) {
      after = start + 2;
      continue;
    }
    const content = start + opening[0].length;
    if (end < content) {
      end = octets.indexOf("?=", content);
      if (end < 0) break;
    }
    const inner = octets.indexOf("=?", content);
    if (inner >= 0 && inner + 2 <= end && matchAt(OPENING, octets, inner)) {
      after = inner; // the word before it has no end
      continue;
    }
    const named = (opening[1] ?? "").split("*", 1)[0]?.toLowerCase() ?? "";
    const gap = octets.slice(place, start);
    if (strip(gap) || (gap && run.length === 0)) {
      pieces.push(decodeRun(run, charset), decodeHeader(gap, label));
      run = [];
    } else if (run.length > 0 && named !== charset) {
      pieces.push(decodeRun(run, charset));
      run = [];
    }
    charset = named;
    run.push({ encoding: (opening[2] ?? "").toUpperCase(), content: octets.slice(content, end) });
    place = after = end + 2;
  }
  pieces.push(decodeRun(run, charset), decodeHeader(octets.slice(place), label));
  return pieces.join("");
}

function decodeRun(run: EncodedWord[], charset: string): string {
  if (run.length === 0) return "";
  let joined = run.map(decodeWord).join("");
  if (run.length > 1 && run.every(({ encoding }) => encoding === "B") && !isValid(joined, charset)) {
    const whole = decodeBase64(run.map(({ content }) => content).join("")); // base64 that was cut anywhere
    if (isValid(whole, charset)) joined = whole;
  }
  return decodeLabelled(joined, charset);
}

function decodeWord({ encoding, content }: EncodedWord): string {
  return encoding === "B" ? decodeBase64(content) : decodeQuotedPrintable(content.replaceAll("_", " "));
}
