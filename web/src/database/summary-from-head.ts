/** Makes the summary of a message from its beginning, as `src/edgemail/mime` does. */
import type { Parsed } from "../reader/parsed-message.ts";
import type { Summary } from "../inbox/source.ts";

const SUBJECT_MAX = 1_000;
const PREVIEW_MAX = 140;
const NAME_MAX = 255;
const LINKS_LISTED = 3;
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;

export function addHead(
  summary: Summary,
  { subject, from, text, htmlText, parts, codes, links }: Parsed,
): Summary {
  return {
    ...summary,
    subject: line(subject, SUBJECT_MAX),
    from: line(from, SUBJECT_MAX),
    preview: line(text?.trim() ? text : htmlText, PREVIEW_MAX),
    attachments: parts.map(({ name, type, content }, index) => ({
      index,
      name: line(name, NAME_MAX),
      type,
      size: content.byteLength,
    })),
    codes,
    links: links.filter(({ reason }) => reason !== "").slice(0, LINKS_LISTED),
  };
}

function line(text: string, limit: number): string {
  const folded = text
    .slice(0, limit * 8)
    .replace(CONTROLS, " ")
    .replace(/\s+/g, " ")
    .trim();
  return folded.length <= limit ? folded : `${folded.slice(0, limit - 1).trimEnd()}…`;
}
