import { decodeBody, isValid } from "./charsets.ts";
import { joinFlowed } from "./flowed-text.ts";
import { strip, stripEnd } from "./octets.ts";
import { decode } from "./transfer-encoding.ts";
import type { MailPart } from "./structure.ts";

const CONTROL = /[\x00-\x08\x0e-\x1a\x1c-\x1f]/;

/**
 * Return the text of a part. Broken base64 that would not be text either is left as it is: somebody has
 * labelled plain text so.
 */
export function readText(part: MailPart): string {
  const { body, encoding, charset } = part;
  const decoded = decode(body, encoding);
  const isWrong =
    encoding === "base64" && isBroken(body) && (CONTROL.test(decoded) || !isValid(decoded, charset, true));
  const text = decodeBody(isWrong ? body : decoded, charset, part.type === "text/html");
  const isFlowed = part.type === "text/plain" && part.contentType.word("format") === "flowed";
  return isFlowed ? joinFlowed(text, part.contentType.word("delsp") === "yes") : text;
}

/** Return true if base64 has something that no encoder writes. */
function isBroken(octets: string): boolean {
  const text = strip(octets);
  return /[^A-Za-z0-9+/\r\n]/.test(stripEnd(text, "=")) || text.replace(/[\r\n]+/g, "").length % 4 !== 0;
}
