/** Makes a message's summary from its first octets, until the server has made a better one. */
import { collapseSpace, stripTags } from "../reader/strip-tags.ts";
import type { Summary } from "../inbox/source.ts";
import type { ParsedMail } from "./parsed-mail.ts";

const MAX_SUBJECT_CHARS = 1_000;
const MAX_PREVIEW_CHARS = 140;
const MAX_NAME_CHARS = 255;
const MAX_HTML_CHARS = 16_384;
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const ENTITIES: Record<string, string> = { nbsp: " ", amp: "&", lt: "<", gt: ">", quot: '"' };

/** Return the summary without codes, links and events: only the server looks for those. */
export function summariseFromHead(listed: Summary, { content }: ParsedMail): Summary {
  const { subject, from, text, html, attachments } = content;
  return {
    ...listed,
    subject: oneLine(subject, MAX_SUBJECT_CHARS),
    from: oneLine(from, MAX_SUBJECT_CHARS),
    preview: oneLine(text?.trim() ? text : textOf(html ?? ""), MAX_PREVIEW_CHARS),
    attachments: attachments.map((part) => ({ ...part, name: oneLine(part.name, MAX_NAME_CHARS) })),
  };
}

/** Return the text of HTML, with the few entities decoded that a preview often has. */
function textOf(html: string): string {
  const text = collapseSpace(stripTags(html.slice(0, MAX_HTML_CHARS)));
  return text.replace(/&(nbsp|amp|lt|gt|quot);/g, (_entity, name: string) => ENTITIES[name] ?? "");
}

function oneLine(text: string, maxChars: number): string {
  const folded = text
    .slice(0, maxChars * 8)
    .replace(CONTROLS, " ")
    .replace(/\s+/g, " ")
    .trim();
  return folded.length <= maxChars ? folded : `${folded.slice(0, maxChars - 1).trimEnd()}…`;
}
