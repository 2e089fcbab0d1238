/** A message with all that this page reads of it. See `src/edgemail/mime/message.py`. */
import type { MessageContent, MessageHeader, MessagePart } from "../../inbox/source.ts";
import type { ParsedMail } from "../parsed-mail.ts";
import { readAddresses, writeAddresses } from "./addresses.ts";
import { type FilePart, markInline, readContent } from "./content.ts";
import { decodeWords, unfold } from "./encoded-words.ts";
import { readHeader } from "./header-fields.ts";
import { stripEnd, toOctets, toOctetString } from "./octets.ts";
import { type MailPart, readStructure } from "./structure.ts";
import { readText } from "./text-body.ts";
import { CONTROL, makeLine, trim } from "./text-line.ts";

const MAX_HEADERS = 1_000;
const MAX_VALUE_OCTETS = 64 * 1024;
const MAX_SUBJECT_CHARS = 1_000;
const MAX_TRACE_OCTETS = 16 * 1024;
const TRACE = /^(?:return-path|received)$/i;

/** A message's tree of parts, and what each part is shown as. */
export interface ReadMail {
  root: MailPart;
  /** The charset of what names none. */
  label: string;
  texts: MailPart[];
  pages: MailPart[];
  files: FilePart[];
  html: string | null;
}

/** Read a message's parts. */
export function readMail(octets: string): ReadMail {
  const lines = splitLines(octets);
  const root = readStructure(lines);
  if (lines !== octets) for (const leaf of root.leaves()) if (leaf.octets === lines) leaf.octets = octets;
  const { texts, pages, files } = readContent(root);
  const html = join(pages);
  if (html) markInline(files, html);
  return { root, label: findLabel(root), texts, pages, files, html };
}

/** Take a message apart. */
export function parseMessage(message: Uint8Array): ParsedMail {
  const { root, label, texts, files, html } = readMail(toOctetString(message));
  const parts = files.map(({ part }) => toOctets(part.decode()).buffer);
  const described = files.map((file, index) => describe(file, index, label, parts[index]?.byteLength ?? 0));
  const content: MessageContent = {
    from: makeLine(writeAddresses(readAddresses(root.field("from"), label)), MAX_SUBJECT_CHARS),
    subject: makeLine(
      decodeWords(root.field("subject").slice(0, MAX_VALUE_OCTETS), label),
      MAX_SUBJECT_CHARS,
    ),
    headers: root.header.fields.slice(0, MAX_HEADERS).map((field) => readField(field.name, field.raw, label)),
    text: join(texts),
    html,
    attachments: described.filter((_part, index) => !files[index]?.isInline),
    inline: described.filter((_part, index) => files[index]?.isInline),
  };
  return { content, parts };
}

function findLabel(root: MailPart): string {
  for (const leaf of root.leaves()) if (leaf.type.startsWith("text/") && leaf.charset) return leaf.charset;
  return "";
}

function describe(file: FilePart, index: number, label: string, size: number): MessagePart {
  return { index, name: file.name(label), type: file.part.shownType, size, content_id: file.contentId };
}

function readField(name: string, raw: string, label: string): MessageHeader {
  const value = decodeWords(unfold(raw.slice(0, MAX_VALUE_OCTETS)), label);
  return { name, value: trim(value.replace(CONTROL, " ")) };
}

/** Join what several parts say. Blank ones say nothing. */
function join(parts: MailPart[]): string | null {
  if (parts.length === 0) return null;
  const texts = parts.map(readText);
  const filled = texts.filter(trim);
  return (filled.length > 0 ? filled : texts.slice(0, 1)).join("\n");
}

/**
 * Return the message with line feeds where lines end in carriage returns alone. Such lines come behind
 * the trace fields that the server has put before them.
 */
function splitLines(octets: string): string {
  const whole = stripEnd(octets, "\r\n");
  const tail = whole.lastIndexOf("\n") + 1;
  if (!whole.includes("\r", tail)) return octets;
  const { fields } = readHeader(octets, 0, tail, MAX_TRACE_OCTETS);
  if (tail > 0 && fields.some(({ name }) => !TRACE.test(name))) return octets;
  return octets.slice(0, tail) + octets.slice(tail).replaceAll("\r\n", "\n\n").replaceAll("\r", "\n");
}
