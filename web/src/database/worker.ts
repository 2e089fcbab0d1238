/** Parses a message, in a thread that the page can terminate. */
import PostalMime, { type Attachment, type Email } from "postal-mime";
import { MemoryBlob } from "./memory-blob.ts";
import type { ParsedMail, WorkerAnswer } from "./parsed-mail.ts";

Object.assign(self, { Blob: MemoryBlob });

self.onmessage = async (event: MessageEvent<ArrayBuffer>) => {
  let answer: WorkerAnswer;
  try {
    answer = { parsed: toParsedMail(await PostalMime.parse(event.data)) };
  } catch (error) {
    answer = { problem: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
};

function toParsedMail(email: Email): ParsedMail {
  const { subject = "", text = null, html = null } = email;
  const parts = email.attachments.map((attachment, index) => ({
    index,
    name: attachment.filename ?? "",
    type: attachment.mimeType,
    size: octetsOf(attachment).byteLength,
    content_id: attachment.contentId?.replace(/^<|>$/g, "") ?? "",
  }));
  return {
    content: {
      subject,
      from: nameAndAddress(email),
      headers: email.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
      html,
      text,
      attachments: parts,
      inline: [],
    },
    parts: email.attachments.map(octetsOf),
  };
}

function nameAndAddress({ from }: Email): string {
  if (!from) return "";
  const address = from.address ? `<${from.address}>` : "";
  return from.name ? `${from.name} ${address}`.trim() : (from.address ?? "");
}

function octetsOf({ content }: Attachment): ArrayBuffer {
  if (typeof content === "string") return new TextEncoder().encode(content).buffer;
  return content instanceof ArrayBuffer ? content : new Uint8Array(content).buffer;
}
