/** The queries. A test compares the listings with those of `src/edgemail/store/schema.py`. */
import type { Step } from "./hrana-batch.ts";

/** The highest id that the database has ever given: it tells how current a replica is. */
const LAST = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'mail'), 0)";
export const LAST_ID = `SELECT ${LAST} AS a`;
/** The same, and the newest id of an inbox, in few octets: it is asked four times a second. */
export const NEWEST_ID = `SELECT ${LAST} AS a, (SELECT max(mail_id) FROM inbox WHERE address = ?) AS b`;

const LISTED = `
    i.mail_id, coalesce(s.date, m.date), coalesce(s.sender, m.sender), coalesce(s.recipients, m.recipients),
    coalesce(s.size, m.size),
    s.subject, s."from", s.preview, s.attachments, s.codes, s.links,
    s."to", s.cc, s.bcc, s.reply_to, s.message_id, s.inline_count, s.events,
    CASE WHEN s.mail_id IS NULL THEN CAST(substr(m.data, 1, 16384) AS BLOB) END`;
const INBOX = `
FROM inbox i LEFT JOIN summary s ON s.mail_id = i.mail_id
LEFT JOIN mail m ON m.id = CASE WHEN s.mail_id IS NULL THEN i.mail_id END`;
const IS_THERE = `(s.mail_id IS NOT NULL OR m.id IS NOT NULL)`;
const LIST = `
SELECT ${LISTED} ${INBOX}
WHERE i.address = ? AND i.mail_id < ? AND i.mail_id > ? AND ${IS_THERE}`;
export const LIST_NEWEST_FIRST = `${LIST} ORDER BY i.mail_id DESC LIMIT ?`;
export const PAGE_SIZE = 50;
/** Return what lists the newest messages before an id. */
export function listNewest(address: string, before: number, rows: number): Step {
  return { sql: LIST_NEWEST_FIRST, args: [address, before, 0, rows] };
}
/** Return steps with the question how current the replica is. */
export function withLastId(steps: Step[]): Step[] {
  return [{ sql: LAST_ID }, ...steps];
}
/** Return what a page asks first when it opens an inbox. One row more tells whether more follow. */
export function firstList(address: string): Step[] {
  return withLastId([listNewest(address, Number.MAX_SAFE_INTEGER, PAGE_SIZE + 1)]);
}
/** Those that have a summary by now. */
export const LIST_SUMMARISED = `${LIST} AND s.mail_id IS NOT NULL ORDER BY i.mail_id LIMIT ?`;
export const LIST_OLDEST_FIRST = `${LIST} ORDER BY i.mail_id LIMIT ?`;

const TERM = `instr(coalesce(f.words, ''), ?) > 0`;
export const SEARCH = `
SELECT ${LISTED} ${INBOX}
LEFT JOIN search f ON f.mail_id = i.mail_id
WHERE i.address = ? AND i.mail_id < ? AND ${IS_THERE}
AND (s.mail_id IS NULL OR ${TERM} AND ${TERM} AND ${TERM} AND ${TERM})
ORDER BY i.mail_id DESC LIMIT ?`;
export const MAX_TERMS = 4;

/** The size of `mail.data`, and a chunk of it: an answer's size is bounded. */
export const READ_DATA =
  "SELECT length(CAST(data AS BLOB)), substr(CAST(data AS BLOB), ?, ?) FROM mail WHERE id = ?";
/** The parts of a message that did not fit into `mail.data`. */
export const LIST_REST =
  "SELECT part, length(CAST(data AS BLOB)) FROM mail_rest WHERE mail_id = ? ORDER BY part";
export const READ_REST =
  "SELECT length(CAST(data AS BLOB)), substr(CAST(data AS BLOB), ?, ?) FROM mail_rest WHERE mail_id = ? AND part = ?";
