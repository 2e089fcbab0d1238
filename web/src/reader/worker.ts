/** Takes a message apart, in a thread that can be killed. */
import PostalMime, { type Attachment, type Email } from "postal-mime";
import { findCodes, findLinks, htmlToText } from "./codes.ts";
import { MemoryBlob } from "./memory-blob.ts";
import type { Answer, Parsed, Part } from "./parsed-message.ts";
import { rasterType } from "./raster-type.ts";

/** A message of 50,000 parts is an attack on the page that lists them. */
const PARTS_SHOWN = 200;
const HEADERS_SHOWN = 500;
const INLINE_BYTES = 8_000_000;

Object.assign(self, { Blob: MemoryBlob });

self.onmessage = async (event: MessageEvent<ArrayBuffer>) => {
  let answer: Answer;
  try {
    answer = { parsed: digest(await PostalMime.parse(event.data)) };
  } catch (error) {
    answer = { problem: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
};

function digest(email: Email): Parsed {
  const { subject = "", text = null, html = null } = email;
  const htmlText = html ? tidy(htmlToText(html)) : "";
  const codes = findCodes(subject, text ?? "");
  return {
    subject,
    from: nameAndAddress(email),
    headers: email.headers.slice(0, HEADERS_SHOWN).map(({ originalKey, value }) => [originalKey, value]),
    headerCount: email.headers.length,
    html,
    text,
    htmlText,
    codes: codes.length > 0 || !html ? codes : findCodes(subject, htmlText),
    links: findLinks(html, text),
    parts: email.attachments.slice(0, PARTS_SHOWN).map(partOf),
    partCount: email.attachments.length,
    inline: inlineImages(email.attachments),
  };
}

/** Markup is indented for its writers, not for readers. */
function tidy(text: string): string {
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

function partOf(attachment: Attachment): Part {
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
  let left = INLINE_BYTES;
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
