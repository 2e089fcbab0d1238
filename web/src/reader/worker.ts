/** Parses a message, in a thread that the page can terminate. */
import PostalMime, { type Attachment, type Email } from "postal-mime";
import { findCodes, findLinks, htmlToText } from "./codes.ts";
import { MemoryBlob } from "./memory-blob.ts";
import type { WorkerAnswer, ParsedMessage, MessagePart } from "./parsed-message.ts";
import { rasterType } from "./raster-type.ts";

/** The page cannot list the 50,000 parts that a hostile message may have. */
const MAX_PARTS = 200;
const MAX_HEADERS = 500;
const MAX_INLINE_BYTES = 8_000_000;

Object.assign(self, { Blob: MemoryBlob });

self.onmessage = async (event: MessageEvent<ArrayBuffer>) => {
  let answer: WorkerAnswer;
  try {
    answer = { parsed: toParsedMessage(await PostalMime.parse(event.data)) };
  } catch (error) {
    answer = { problem: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
};

function toParsedMessage(email: Email): ParsedMessage {
  const { subject = "", text = null, html = null } = email;
  const htmlText = html ? collapseSpace(htmlToText(html)) : "";
  const codes = findCodes(subject, text ?? "");
  return {
    subject,
    from: nameAndAddress(email),
    headers: email.headers.slice(0, MAX_HEADERS).map(({ originalKey, value }) => [originalKey, value]),
    headerCount: email.headers.length,
    html,
    text,
    htmlText,
    codes: codes.length > 0 || !html ? codes : findCodes(subject, htmlText),
    links: findLinks(html, text),
    parts: email.attachments.slice(0, MAX_PARTS).map(toPart),
    partCount: email.attachments.length,
    inline: inlineImages(email.attachments),
  };
}

/** Collapse the white space that comes from the indentation of the HTML. */
function collapseSpace(text: string): string {
  return text
    .replace(/[ \t\r]+/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function nameAndAddress({ from }: Email): string {
  if (!from) return "";
  const address = from.address ? `<${from.address}>` : "";
  return from.name ? `${from.name} ${address}`.trim() : (from.address ?? "");
}

function toPart(attachment: Attachment): MessagePart {
  return {
    name: attachment.filename ?? "",
    type: attachment.mimeType,
    content: octetsOf(attachment),
  };
}

function octetsOf({ content }: Attachment): ArrayBuffer {
  if (typeof content === "string") return new TextEncoder().encode(content).buffer;
  return content instanceof ArrayBuffer ? content : new Uint8Array(content).buffer;
}

function inlineImages(attachments: Attachment[]): Record<string, string> {
  const images: Record<string, string> = Object.create(null);
  let left = MAX_INLINE_BYTES;
  for (const attachment of attachments) {
    const id = attachment.contentId?.replace(/^<|>$/g, "");
    if (!id || id in images) continue;
    const content = octetsOf(attachment);
    const type = rasterType(content);
    if (!type || content.byteLength > left) continue;
    left -= content.byteLength;
    images[id] = `data:${type};base64,${base64(new Uint8Array(content))}`;
  }
  return images;
}

function base64(octets: Uint8Array): string {
  const STEP = 0x8000;
  let binary = "";
  for (let at = 0; at < octets.length; at += STEP) {
    binary += String.fromCharCode(...octets.subarray(at, at + STEP));
  }
  return btoa(binary);
}
