/** A message to its tree of parts, by offsets. See `src/edgemail/mime/structure.py`. */
import { type HeaderBlock, readHeader, skipOpening } from "./header-fields.ts";
import { matchAt, strip, stripEnd } from "./octets.ts";
import { Parameters } from "./parameters.ts";
import { decode, readEncoding, type TransferEncoding } from "./transfer-encoding.ts";
import { splitUuencoded } from "./uuencoded-files.ts";

/** Each level is another pass over what it holds. */
const MAX_LEVELS = 50;
const MAX_PARTS = 10_000;
const MAX_HEADER_OCTETS = 1024 * 1024;
const MAX_PART_HEADER_OCTETS = 64 * 1024;
const GUESSED_OCTETS = 256 * 1024;
const GUESSED_LINES = 100;
const TYPE = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/;
const DASHES = /--([^ \t\r\n\v\f][^\r\n]{0,250}?)[ \t]{0,9}\r?\n(?:content-|(\r?\n))/iy;
const CONTENT_FIELD = /[ \t\r\n\v\f]{0,100}content-(?:type|disposition|transfer-encoding)[ \t]*:/iy;
const HTML = /^[ \t\r\n\v\f]*<(?:html|!doctype|body|div)/i;

/** A part: its header, and where its body lies in `octets`. Multiparts have children. */
export class MailPart {
  children: MailPart[] = [];
  /** In lower case. What does not parse is `text/plain` (RFC 2045, section 5.2). */
  type: string;
  /** False if the type is the default. */
  readonly isTyped: boolean;
  readonly contentType: Parameters;

  constructor(
    public octets: string,
    readonly header: HeaderBlock,
    public start: number,
    public end: number,
    defaultType: string,
  ) {
    this.contentType = new Parameters(this.field("content-type"));
    const { value } = this.contentType;
    this.isTyped = TYPE.test(value);
    const isMultipart = value.startsWith("multipart") && this.contentType.has("boundary");
    this.type = this.isTyped ? value : isMultipart ? "multipart/mixed" : defaultType;
  }

  /** Return the first value of a field, unfolded; empty if there is none. */
  field(name: string): string {
    return this.header.first.get(name) ?? "";
  }

  get encoding(): TransferEncoding {
    return readEncoding(this.field("content-transfer-encoding"));
  }

  get charset(): string {
    return this.contentType.word("charset");
  }

  get body(): string {
    return this.octets.slice(this.start, this.end);
  }

  get isMultipart(): boolean {
    return this.type.startsWith("multipart/");
  }

  /** The type to show: nothing that does not parse is taken for text. */
  get shownType(): string {
    return !this.isTyped && this.header.first.has("content-type") ? "application/octet-stream" : this.type;
  }

  decode(): string {
    return decode(this.body, this.encoding);
  }

  /** Yield the parts that hold no others, in order. */
  *leaves(): Generator<MailPart> {
    const todo: MailPart[] = [this];
    for (let part = todo.pop(); part; part = todo.pop()) {
      if (part.children.length === 0) yield part;
      todo.push(...part.children.toReversed());
    }
  }
}

/** Read a message's tree of parts. Messages within it are not read. */
export function readStructure(octets: string): MailPart {
  const header = readHeader(octets, skipOpening(octets), octets.length, MAX_HEADER_OCTETS);
  const root = new MailPart(octets, header, header.bodyStart, octets.length, "text/plain");
  let left = MAX_PARTS;
  const todo: [part: MailPart, level: number][] = [[root, 0]];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [part, level] = next;
    if (!part.isMultipart) {
      part.children = splitText(part, left);
      left -= part.children.length;
      continue;
    }
    if (level < MAX_LEVELS && left > 0) {
      part.children = readChildren(part, left);
      left -= part.children.length;
      for (const child of part.children.toReversed()) todo.push([child, level + 1]);
    }
    if (part.children.length === 0) makeText(part);
  }
  return root;
}

/** Return the text of a part and the files within it as parts; nothing if there are no files. */
function splitText(part: MailPart, most: number): MailPart[] {
  if (part.type !== "text/plain" || part.encoding || !part.body.includes("begin ")) return [];
  const disposition = new Parameters(part.field("content-disposition"));
  if (disposition.value === "attachment" || disposition.has("filename") || part.contentType.has("name"))
    return [];
  return splitUuencoded(part.body, most).map(({ start, end, fileName }) => {
    const first = new Map<string, string>();
    if (fileName === null) {
      const type = part.header.first.get("content-type");
      if (type !== undefined) first.set("content-type", type);
    } else {
      const name = fileName.replace(/["\\]/g, "");
      first.set("content-type", `application/octet-stream; name="${name}"`);
      first.set("content-transfer-encoding", "x-uuencode");
    }
    const header = { fields: [], first, bodyStart: 0 };
    return new MailPart(part.octets, header, part.start + start, part.start + end, "text/plain");
  });
}

interface PartRange {
  start: number;
  end: number;
  /** Where the delimiter before it begins. */
  delimiter: number;
}

function readChildren(part: MailPart, most: number): MailPart[] {
  let boundary = stripEnd(part.contentType.octets("boundary"));
  let ranges = boundary ? split(part, boundary, most) : [];
  if (ranges.length === 0 && boundary && part.encoding) {
    // RFC 2045, section 6.4 forbids this encoding.
    const decoded = new MailPart(part.decode(), part.header, 0, 0, part.type);
    decoded.end = decoded.octets.length;
    ranges = split(decoded, boundary, most);
    if (ranges.length > 0) [part.octets, part.start, part.end] = [decoded.octets, 0, decoded.end];
  }
  if (ranges.length === 0) {
    boundary = guessBoundary(part) ?? "";
    if (boundary) ranges = split(part, boundary, most);
  }
  const [first] = ranges;
  if (!first) return [];
  const { octets, start } = part;
  const defaultType = part.type === "multipart/digest" ? "message/rfc822" : "text/plain";
  const preambleEnd = first.delimiter;
  const readPart = (range: PartRange) => {
    const header = readHeader(octets, range.start, range.end, MAX_PART_HEADER_OCTETS);
    return new MailPart(octets, header, header.bodyStart, range.end, defaultType);
  };
  let children = ranges.map(readPart);
  const hasSame = (child: MailPart) => stripEnd(child.contentType.octets("boundary")) === boundary;
  if (children.some((child) => child.isMultipart && hasSame(child)))
    children = split(part, boundary, most, true).map(readPart);
  const opening = matchAt(CONTENT_FIELD, octets, start);
  if (opening && start + opening[0].length <= preambleEnd)
    // the first delimiter is missing
    children.unshift(readPart({ start, end: dropLineEnd(octets, start, preambleEnd), delimiter: start }));
  const isEmpty = children.every((child) => child.start >= child.end && !child.isMultipart);
  if (!isEmpty || !strip(octets.slice(start, preambleEnd))) return children;
  part.end = preambleEnd; // the preamble is the message
  return [];
}

/**
 * Find the parts between delimiters.
 *
 * What is behind the last delimiter counts only if nothing is before it, or if a part within has the
 * same boundary (`isShared`), so that the last delimiter may be that part's.
 */
function split(part: MailPart, boundary: string, most: number, isShared = false): PartRange[] {
  const { start, end } = part;
  const octets = part.octets.slice(0, end);
  const found: PartRange[] = [];
  const delimiters = `--${boundary}`;
  let partStart = -1;
  let delimiter = start;
  for (let at = octets.indexOf(delimiters, start); at >= 0;) {
    const place = at + delimiters.length;
    const line = at > start && octets.charAt(at - 1) !== "\n" ? null : readDelimiterEnd(octets, place, end);
    if (line) {
      if (partStart >= 0)
        found.push({ start: partStart, end: Math.max(partStart, dropLineEnd(octets, start, at)), delimiter });
      if (found.length >= most || (line.isLast && found.length > 0 && !isShared)) return found;
      partStart = line.isLast ? -1 : line.end;
      delimiter = at;
    }
    at = octets.indexOf(delimiters, line ? Math.max(place, line.end - 1) : place);
  }
  if (partStart >= 0) found.push({ start: partStart, end, delimiter });
  return found;
}

/** Read the rest of a delimiter's line. Return null if it is more than a delimiter. */
function readDelimiterEnd(
  octets: string,
  start: number,
  end: number,
): { end: number; isLast: boolean } | null {
  const isLast = octets.startsWith("--", start) && start + 2 <= end;
  let place = isLast ? start + 2 : start;
  while (place < end && (octets.charAt(place) === " " || octets.charAt(place) === "\t")) place += 1;
  if (place >= end) return { end, isLast };
  if (octets.startsWith("\n", place)) return { end: place + 1, isLast };
  return octets.startsWith("\r\n", place) && place + 2 <= end ? { end: place + 2, isLast } : null;
}

/** Return where the part before a delimiter ends: the line end before it is the delimiter's. */
function dropLineEnd(octets: string, start: number, delimiter: number): number {
  let at = delimiter;
  if (at > start && octets.charAt(at - 1) === "\n") {
    at -= 1;
    if (at > start && octets.charAt(at - 1) === "\r") at -= 1;
  }
  return at;
}

/** Find the boundary that a multipart uses in place of the one that it names. */
function guessBoundary({ octets, start, end }: MailPart): string | null {
  const text = octets.slice(0, Math.min(end, start + GUESSED_OCTETS));
  let place = start;
  for (let count = 0; count < GUESSED_LINES; count += 1) {
    if (!text.startsWith("--", place)) {
      place = text.indexOf("\n--", place) + 1;
      if (place === 0) return null;
    }
    const line = matchAt(DASHES, octets, place);
    const boundary = line?.[1];
    if (boundary && (!line[2] || text.indexOf(`\n--${boundary}--`, place) >= 0)) return boundary;
    place += 2;
  }
  return null;
}

/** Take a multipart without parts for the text that stands where they should be. */
function makeText(part: MailPart): void {
  const boundary = part.contentType.octets("boundary");
  const closing = boundary ? part.body.indexOf(`\n--${boundary}--`) : -1;
  if (closing >= 0) part.end = part.start + closing + 1;
  part.type = HTML.test(part.body.slice(0, 200)) ? "text/html" : "text/plain";
}
