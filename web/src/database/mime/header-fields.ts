/**
 * The octets of a message or a part to its header fields, and where its body begins. See
 * `src/edgemail/mime/header_fields.py`.
 */
import { unfold } from "./encoded-words.ts";
import { matchAt, strip, stripEnd } from "./octets.ts";

const MAX_FIELDS = 2_000;
const BREAK = /\r?\n(?![ \t])/g;
const NAME = /^[!-9;-~]{1,200}$/;
const TWO_WORDS = /[A-Za-z][\w-]{0,60} [\w-]{1,60}[ \t]{0,9}:/y;
const MBOX = />?From [^ \t\r\n\v\f]{1,300} {1,9}[A-Z][a-z][a-z] /y;
const BLANK_LINE = /[ \t]*\r?\n/y;
/** Names of one word that are fields even after a line that is none. */
const KNOWN = new Set(
  (
    "from to cc bcc subject date sender received references precedence organization importance priority " +
    "sensitivity lines status keywords comments autocrypt"
  ).split(" "),
);
/** The beginning of `Content-Type` and the like at the end of a message that is cut off. */
const CUT_NAME = /^c(?:o(?:n(?:t(?:e(?:n(?:t(?:-[a-z-]*)?)?)?)?)?)?)?$/i;
const TRACE = new Set(["received", "return-path", "delivered-to", "x-original-to"]);

/** A field: its name as it was sent, and the octets after the colon with their folds. */
export interface HeaderField {
  name: string;
  raw: string;
}

export interface HeaderBlock {
  fields: HeaderField[];
  /** The first value of each name in lower case, unfolded. */
  first: Map<string, string>;
  bodyStart: number;
}

/** Read the header that begins at `start`. One longer than `maxOctets` has no body. */
export function readHeader(octets: string, start: number, end: number, maxOctets: number): HeaderBlock {
  const [headerEnd, bodyStart] = findEnd(octets, start, end, maxOctets);
  const header = octets.slice(0, headerEnd);
  const fields: HeaderField[] = [];
  const first = new Map<string, string>();
  let doubtful = -1; // where the first line is that is no field and that no field has followed
  let isReal = false;
  for (let place = start; place < headerEnd && fields.length < MAX_FIELDS;) {
    const found = matchAt(BREAK, header, place);
    const lineEnd = found ? found.index : headerEnd;
    const following = found ? found.index + found[0].length : headerEnd;
    const colon = header.slice(place, Math.min(lineEnd, place + 301)).indexOf(":");
    let name = colon < 0 ? "" : stripEnd(header.slice(place, place + colon)).replace(/^\xef\xbb\xbf/, "");
    if (fields.length === 0 && /^[ \t]/.test(name) && KNOWN.has(strip(name).toLowerCase()))
      name = strip(name);
    const key = name.toLowerCase();
    if (NAME.test(name) && (doubtful < 0 || KNOWN.has(key) || key.includes("-"))) {
      const raw = header.slice(place + colon + 1, lineEnd);
      fields.push({ name, raw });
      if (!first.has(key)) first.set(key, unfold(raw));
      doubtful = -1;
      isReal ||= !TRACE.has(key);
    } else if (doubtful < 0 && !isSkipped(header, place, isReal)) {
      doubtful = place;
    }
    place = following;
  }
  const isCut = end === octets.length && CUT_NAME.test(octets.slice(doubtful, Math.min(end, doubtful + 100)));
  const hasText = doubtful >= 0 && !(isCut && end - doubtful <= 100);
  return { fields, first, bodyStart: hasText ? doubtful : bodyStart };
}

/** Return true for a line that is no field and no text either. */
function isSkipped(octets: string, place: number, isReal: boolean): boolean {
  return (
    matchAt(MBOX, octets, place) !== null ||
    ": \t".includes(octets.charAt(place) || "x") ||
    (isReal && matchAt(TWO_WORDS, octets, place) !== null)
  );
}

/** Return where a message's header begins: after blank lines, or the separator of a mailbox file. */
export function skipOpening(octets: string): number {
  let first = 0;
  for (let blank = matchAt(BLANK_LINE, octets, 0); blank; blank = matchAt(BLANK_LINE, octets, first))
    first += blank[0].length;
  if (matchAt(MBOX, octets, first)) return octets.indexOf("\n", first) + 1 || octets.length;
  const colon = octets.slice(first, first + 100).indexOf(":");
  const name = octets.slice(first, first + Math.max(colon, 0)).toLowerCase();
  return NAME.test(name) && (KNOWN.has(name) || name.includes("-")) ? first : 0;
}

/** Return where the header ends and where the body begins. */
function findEnd(octets: string, start: number, end: number, maxOctets: number): [number, number] {
  for (const blank of ["\r\n", "\n"]) {
    if (octets.startsWith(blank, start) && start + blank.length <= end) return [start, start + blank.length];
  }
  const limit = Math.min(end, start + maxOctets);
  const header = octets.slice(0, limit);
  const bare = header.indexOf("\n\n", start);
  const full = (bare < 0 ? header : header.slice(0, bare)).indexOf("\n\r\n", start);
  if (full >= 0) return [full + 1, full + 3];
  return bare >= 0 ? [bare + 1, bare + 2] : [limit, end];
}
