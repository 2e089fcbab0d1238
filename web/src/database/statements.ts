/** The queries, as in `src/edgemail/store/schema.py`: a test holds the listings to the same text. */

/** The highest id that this database has ever given; it says how far a replica has come. */
export const LAST_ID = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'mail'), 0)";

const ROW = `
    m.id, m.date, m.sender, m.recipients, m.size,
    s.subject, s."from", s.preview, s.attachments, s.codes, s.links,
    CASE WHEN s.mail_id IS NULL THEN CAST(substr(m.data, 1, 16384) AS BLOB) END`;
const LIST = `
SELECT ${ROW}
FROM inbox i JOIN mail m ON m.id = i.mail_id LEFT JOIN summary s ON s.mail_id = m.id
WHERE i.address = ? AND i.mail_id < ? AND i.mail_id > ?`;
export const LIST_NEWEST_FIRST = `${LIST} ORDER BY i.mail_id DESC LIMIT ?`;
export const LIST_OLDEST_FIRST = `${LIST} ORDER BY i.mail_id LIMIT ?`;

const TERM = `instr(coalesce(f.words, '') || ' ' || lower(s.subject || ' ' || s."from" || ' ' || s.preview), ?) > 0`;
export const SEARCH = `
SELECT ${ROW}
FROM inbox i JOIN mail m ON m.id = i.mail_id LEFT JOIN summary s ON s.mail_id = m.id
LEFT JOIN search f ON f.mail_id = m.id
WHERE i.address = ? AND i.mail_id < ? AND (s.mail_id IS NULL OR ${TERM} AND ${TERM} AND ${TERM} AND ${TERM})
ORDER BY i.mail_id DESC LIMIT ?`;
export const TERMS_MAX = 4;

/** The size of `mail.data`, and as much of it as an answer of bounded size may hold. */
export const READ_DATA =
  "SELECT length(CAST(data AS BLOB)), substr(CAST(data AS BLOB), ?, ?) FROM mail WHERE id = ?";
/** What did not fit into `mail.data`. */
export const LIST_REST =
  "SELECT part, length(CAST(data AS BLOB)) FROM mail_rest WHERE mail_id = ? ORDER BY part";
export const READ_REST =
  "SELECT length(CAST(data AS BLOB)), substr(CAST(data AS BLOB), ?, ?) FROM mail_rest WHERE mail_id = ? AND part = ?";
