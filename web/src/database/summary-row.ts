/** The database's rows as the views know them. */
import type { AttachmentSummary, FoundCode, FoundLink, Summary } from "../inbox/source.ts";
import type { Row } from "./hrana.ts";

export interface Listed {
  summary: Summary;
  /** The message's beginning, where it is not summarised yet. */
  head: Uint8Array | null;
}

/** A quoted local part may hold "<", ">" and ", ". */
const PATHS = /<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>/g;

export function readListed(row: Row): Listed {
  const [id, date, sender, recipients, size, subject, from, preview, attachments, codes, links, head] = row;
  const summary: Summary = {
    id: Number(id),
    date: `${text(date).replace(" ", "T")}Z`,
    sender: text(sender).replace(/^<|>$/g, ""),
    recipients: [...new Set([...text(recipients).matchAll(PATHS)].map(([, path = ""]) => path))],
    size: Number(size),
    subject: text(subject),
    from: text(from),
    preview: text(preview),
    attachments: readList(attachments).map((one, index) => readAttachment(one, index)),
    codes: readList(codes).map(([code, reason]): FoundCode => ({ code: text(code), reason: text(reason) })),
    links: readList(links).map(readLink),
  };
  return { summary, head: subject === null && head instanceof Uint8Array ? head : null };
}

function readAttachment([name, type, size]: unknown[], index: number): AttachmentSummary {
  return { index, name: text(name), type: text(type), size: Number(size) || 0 };
}

function readLink([url, shown, reason]: unknown[]): FoundLink {
  return { url: text(url), text: text(shown), reason: text(reason) };
}

/** Whoever writes the database may write anything: what is no list of lists is none. */
function readList(value: unknown): unknown[][] {
  try {
    const list: unknown = JSON.parse(text(value) || "[]");
    return Array.isArray(list) ? list.filter(Array.isArray) : [];
  } catch {
    return [];
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
