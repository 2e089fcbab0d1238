/** Reads messages with mailparser and postal-mime: base64 of one a line from stdin, JSON of both readings a line. */
import readline from "node:readline";
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";

async function withMailparser(octets) {
  const mail = await simpleParser(octets, {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipImageLinks: true,
    skipTextLinks: true,
  });
  const sender = mail.from?.value?.[0];
  return {
    subject: mail.subject ?? "",
    from_name: sender?.name ?? "",
    from_address: sender?.address ?? "",
    text: mail.text ?? null,
    html: mail.html || null,
    parts: mail.attachments.map((part) => ({
      name: part.filename ?? "",
      type: part.contentType || "",
      size: part.content.length,
      cid: part.cid ?? "",
    })),
  };
}

async function withPostalMime(octets) {
  const mail = await PostalMime.parse(octets, { forceRfc822Attachments: true });
  return {
    subject: mail.subject ?? "",
    from_name: mail.from?.name ?? "",
    from_address: mail.from?.address ?? "",
    text: mail.text ?? null,
    html: mail.html ?? null,
    parts: mail.attachments.map((part) => ({
      name: part.filename ?? "",
      type: part.mimeType || "",
      size: part.content.byteLength ?? part.content.length,
      cid: (part.contentId ?? "").replace(/^<|>$/g, ""),
    })),
  };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const octets = Buffer.from(line, "base64");
  const readings = {};
  for (const [name, read] of Object.entries({ mailparser: withMailparser, "postal-mime": withPostalMime })) {
    try {
      readings[name] = await read(octets);
    } catch (error) {
      readings[name] = { error: String(error) };
    }
  }
  process.stdout.write(JSON.stringify(readings) + "\n");
}
