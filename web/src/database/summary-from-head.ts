/** Makes a message's summary from its first octets, as `src/edgemail/mime` does. */
import type { ParsedMessage } from "../reader/parsed-message.ts";
import type { Summary } from "../inbox/source.ts";

const MAX_SUBJECT_CHARS = 1_000;
const MAX_PREVIEW_CHARS = 140;
const MAX_NAME_CHARS = 255;
const MAX_LINKS = 3;
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;

export function summariseFromHead(
  listed: Summary,
  { subject, from, text, htmlText, parts, codes, links }: ParsedMessage,
): Summary {
  return {
    ...listed,
    subject: oneLine(subject, MAX_SUBJECT_CHARS),
    from: oneLine(from, MAX_SUBJECT_CHARS),
    preview: oneLine(text?.trim() ? text : htmlText, MAX_PREVIEW_CHARS),
    attachments: parts.map(({ name, type, content }, index) => ({
      index,
      name: oneLine(name, MAX_NAME_CHARS),
      type,
      size: content.byteLength,
    })),
    codes,
    links: links.filter(({ reason }) => reason !== "").slice(0, MAX_LINKS),
  };
}

function oneLine(text: string, maxChars: number): string {
  const folded = text
    .slice(0, maxChars * 8)
    .replace(CONTROLS, " ")
    .replace(/\s+/g, " ")
    .trim();
  return folded.length <= maxChars ? folded : `${folded.slice(0, maxChars - 1).trimEnd()}…`;
}
