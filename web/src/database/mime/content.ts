/**
 * The tree of parts to what a person would call the text, the attachments, and the images that the HTML
 * shows. See `src/edgemail/mime/content.py`.
 */
import { decodeAs } from "./charsets.ts";
import { decodeWords } from "./encoded-words.ts";
import { readHeader, skipOpening } from "./header-fields.ts";
import { strip } from "./octets.ts";
import { Parameters } from "./parameters.ts";
import type { MailPart } from "./structure.ts";
import { makeLine } from "./text-line.ts";
import { decode } from "./transfer-encoding.ts";

const MAX_FILES = 256;
const MAX_NAME_CHARS = 255;
const MAX_ID_CHARS = 255;
const MAX_SUBJECT_CHARS = 100;
const INNER_OCTETS = 16 * 1024;
const SCANNED_CHARS = 1024 * 1024;
const MAX_REFERENCES = 1_000;
const REFERENCE = /cid:([^"'\s<>)]{1,500})/gi;
const BODY_TYPES = new Set(["text/plain", "text/html"]);
const CALENDARS = new Set(["text/calendar", "application/ics", "text/x-vcalendar"]);
const FILES_OF_TEXT = new Set([
  ...CALENDARS,
  ...["text/vcard", "text/x-vcard", "text/directory", "text/csv", "text/rfc822-headers"],
]);
const MESSAGES = new Set(["message/rfc822", "message/global", "message/news"]);

/** A part that is no body: an attachment, or a part that belongs to the HTML. */
export class FilePart {
  isInline = false;

  constructor(
    readonly part: MailPart,
    /** True below a multipart/related, and not its root. */
    readonly isRelated: boolean,
  ) {}

  get contentId(): string {
    const id = strip(this.part.field("content-id")).replace(/^</, "").replace(/>$/, "");
    return makeLine(decodeAs(id, "utf-8"), MAX_ID_CHARS);
  }

  /** Return the name without folders. `label` is the charset of what names none. */
  name(label: string): string {
    const name = fileName(this.part, label);
    if (!name && MESSAGES.has(this.part.type)) return nameMessage(this.part, label);
    if (!name && CALENDARS.has(this.part.type)) return "invite.ics";
    return shortenName(name.split(/[/\\]/).at(-1) ?? "");
  }
}

interface MailContent {
  texts: MailPart[];
  pages: MailPart[];
  /** In the order of the message. An index is their number. */
  files: FilePart[];
}

/** Tell bodies from files. `markInline` tells which files belong to the HTML. */
export function readContent(root: MailPart): MailContent {
  const files: FilePart[] = [];
  const content = { ...choose(root, files, "top", false), files };
  if (content.texts.length === 0 && content.pages.length === 0) promote(content);
  files.splice(MAX_FILES);
  return content;
}

/** Mark the files that belong to the HTML: what it refers to, and images that were sent with it. */
export function markInline(files: FilePart[], html: string): void {
  const references = findReferences(html);
  for (const file of files) {
    const { part } = file;
    if (part.header.first.has("content-id")) {
      const isImage = part.type.startsWith("image/") || !fileName(part, "");
      const isBeside = file.isRelated && disposition(part).value !== "attachment";
      file.isInline = references.has(file.contentId) || (isBeside && isImage);
    }
    const location = strip(part.field("content-location"), '<>" ');
    if (file.isRelated && location.length > 4 && html.slice(0, SCANNED_CHARS).includes(location))
      file.isInline = true;
  }
}

/** Where a part is, which tells how much a name means. */
type Place = "top" | "amongOthers" | "alternative" | "related";

interface Bodies {
  texts: MailPart[];
  pages: MailPart[];
}

/** Find the bodies below a part. Everything else but other alternatives goes into `files`. */
function choose(part: MailPart, files: FilePart[], place: Place, isRelated: boolean): Bodies {
  if (part.children.length === 0) {
    const kind = bodyKind(part, place);
    if (kind === null) files.push(new FilePart(part, isRelated || place === "related"));
    return { texts: kind === "text/plain" ? [part] : [], pages: kind === "text/html" ? [part] : [] };
  }
  let texts: MailPart[] = [];
  let pages: MailPart[] = [];
  const isAlternative = part.type === "multipart/alternative";
  const root = part.type === "multipart/related" ? findRoot(part) : null;
  for (const child of part.children) {
    const isBeside = root !== null && child !== root;
    const below = isBeside ? "related" : isAlternative ? "alternative" : "amongOthers";
    const found = choose(child, files, below, isRelated || isBeside);
    if (!isAlternative) {
      texts.push(...found.texts);
      pages.push(...found.pages);
      continue;
    }
    const isLeaf = child.children.length === 0;
    texts = takeBetter(texts, found.texts, isLeaf);
    pages = takeBetter(pages, found.pages, isLeaf);
  }
  return { texts, pages };
}

/**
 * Choose between alternatives: the last one is the best (RFC 2046, section 5.1.4), unless it is empty.
 *
 * Two texts side by side, which say the same in no way that their sender could have meant, are both read.
 */
function takeBetter(known: MailPart[], found: MailPart[], isLeaf: boolean): MailPart[] {
  if (found.length === 0 || known.length === 0) return found.length > 0 ? found : known;
  const [wasProper, isProper] = [known, found].map((parts) => parts.some(({ type }) => BODY_TYPES.has(type)));
  if (wasProper !== isProper) return wasProper ? known : found;
  if (found.every((part) => !strip(part.body.slice(0, 4096)))) return known;
  return isLeaf ? [...known, ...found] : found;
}

/** Return the kind of a body, or null for a file. */
function bodyKind(part: MailPart, place: Place): "text/plain" | "text/html" | null {
  const { type } = part;
  const isReadablePlace = place === "top" || place === "alternative"; // whatever it is called
  const isReadable = type.startsWith("text/") && !FILES_OF_TEXT.has(type) && isReadablePlace;
  if (!BODY_TYPES.has(type) && !isReadable) return null;
  if (disposition(part).value === "attachment") return null;
  if (place === "related" && part.header.first.has("content-id")) return null;
  if ((!BODY_TYPES.has(type) || !isReadablePlace) && fileName(part, "")) return null;
  return type === "text/html" ? "text/html" : "text/plain";
}

/** Find the part that the others belong to, which is not always the one that is named (RFC 2387). */
function findRoot(related: MailPart): MailPart {
  const start = strip(related.contentType.octets("start"), "<> ");
  const { children } = related;
  return (
    (start && children.find((child) => strip(child.field("content-id"), "<> ") === start)) ||
    children.find((child) => child.children.length > 0 || BODY_TYPES.has(child.type)) ||
    (children[0] as MailPart)
  );
}

/** Show the first file as text if there is no other text at all, and only its type names it. */
function promote({ texts, pages, files }: MailContent): void {
  const part = files[0]?.part;
  if (!part || !BODY_TYPES.has(part.type)) return;
  if (files.slice(1).some((file) => BODY_TYPES.has(file.part.type))) return;
  const { value } = disposition(part);
  if (value === "attachment" || disposition(part).has("filename")) return;
  (part.type === "text/html" ? pages : texts).push(part);
  files.shift();
}

function disposition(part: MailPart): Parameters {
  return new Parameters(part.field("content-disposition"));
}

function fileName(part: MailPart, label: string): string {
  return disposition(part).text("filename", label) || part.contentType.text("name", label);
}

/** Make one line of a file's name. One that is cut keeps its ending, which tells what the file is. */
function shortenName(name: string): string {
  const [, stem = "", ending = ""] = /^(.+)(\.[^.]{0,10})$/s.exec(name) ?? [];
  if (name.length <= MAX_NAME_CHARS || !stem) return makeLine(name, MAX_NAME_CHARS);
  return makeLine(stem, MAX_NAME_CHARS - ending.length) + makeLine(ending, ending.length);
}

/** Name an attached message by its subject. */
function nameMessage(part: MailPart, label: string): string {
  const octets = decode(part.body.slice(0, INNER_OCTETS), part.encoding);
  const header = readHeader(octets, skipOpening(octets), octets.length, INNER_OCTETS);
  const subject = decodeWords(header.first.get("subject") ?? "", label).replace(/[/\\:*?"<>|]+/g, " ");
  return `${strip(makeLine(subject, MAX_SUBJECT_CHARS), " .") || "message"}.eml`;
}

/** List the Content-IDs that the HTML refers to. */
function findReferences(html: string): Set<string> {
  const found = new Set<string>();
  for (const [, reference = ""] of html.slice(0, SCANNED_CHARS).matchAll(REFERENCE)) {
    if (found.size >= MAX_REFERENCES) break;
    found.add(reference).add(decodeUrl(reference.replaceAll("&amp;", "&")));
  }
  return found;
}

function decodeUrl(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
