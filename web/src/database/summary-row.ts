/** Turns a row of a listing into a `Summary`. */
import type { AttachmentSummary, CalendarEvent, FoundCode, FoundLink, Summary } from "../inbox/source.ts";
import type { SqlRow } from "./hrana-batch.ts";

interface SummaryRow {
  summary: Summary;
  /** The first octets of the message if it has no summary yet, else null. */
  head: Uint8Array | null;
}

const EVENTS_COLUMN = 17;

/** One path in angle brackets. A quoted local part may hold "<", ">" and ", ". */
const PATHS = /<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>/g;

export function readSummaryRow(row: SqlRow): SummaryRow {
  const [id, date, sender, recipients, size, subject, from, preview, attachments, codes, links] = row;
  const head = row.at(-1);
  const summary: Summary = {
    id: Number(id),
    date: `${text(date).replace(" ", "T")}Z`,
    sender: text(sender).replace(/^<|>$/g, ""),
    recipients: [...new Set([...text(recipients).matchAll(PATHS)].map(([, path = ""]) => path))],
    size: Number(size),
    subject: text(subject),
    from: text(from),
    preview: text(preview),
    attachments: readList(attachments).map(readAttachment),
    codes: readList(codes).map(([code, reason]): FoundCode => ({ code: text(code), reason: text(reason) })),
    links: readList(links).map(readLink),
    events: readList(row[EVENTS_COLUMN]).map(readEvent),
  };
  return { summary, head: subject === null && head instanceof Uint8Array ? head : null };
}

function readAttachment([name, type, size, index]: unknown[]): AttachmentSummary {
  return { index: Number(index) || 0, name: text(name), type: text(type), size: Number(size) || 0 };
}

function readEvent(fields: unknown[]): CalendarEvent {
  const [method, title, starts, ends, timeZone, location, organizer, attendees] = fields;
  return {
    method: text(method),
    title: text(title),
    starts: text(starts),
    ends: text(ends),
    time_zone: text(timeZone),
    location: text(location),
    organizer: text(organizer),
    attendees: Array.isArray(attendees) ? attendees.map(text) : [],
  };
}

function readLink([url, shown, reason]: unknown[]): FoundLink {
  return { url: text(url), text: text(shown), reason: text(reason) };
}

/**
 * Return the rows of a JSON list of lists, or none for anything else: other programs write here
 * too.
 */
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
