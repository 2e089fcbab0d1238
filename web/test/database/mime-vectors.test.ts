import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parseMessage } from "../../src/database/mime/message.ts";
import { toOctetString } from "../../src/database/mime/octets.ts";
import type { ParsedMail } from "../../src/database/parsed-mail.ts";

/** What `tests/vectors/mime/README.md` describes. */
interface Vector {
  id: string;
  lines: string[];
  line_end?: string;
  expect: Record<string, unknown>;
}

/** What the page does not read itself: it shows the server's summary for these. */
const SERVER_ONLY = ["message_id", "to", "cc", "bcc", "reply_to", "codes", "events"];

/** Where the page differs from the server, and why. */
const DIFFERENT: Record<string, string> = {};

const folder = path.join(import.meta.dirname, "../../../../tests/vectors/mime");

/** Return the octets that `surrogateescape` wrote. */
function toOctets(text: string): Uint8Array {
  const pieces = text.split(/([\udc80-\udcff])/u).map((piece) => {
    if (/^[\udc80-\udcff]$/u.test(piece)) return Uint8Array.of(piece.charCodeAt(0) & 0xff);
    return new TextEncoder().encode(piece);
  });
  return Buffer.concat(pieces);
}

/** Write octets as `surrogateescape` does. */
function toText(octets: Uint8Array): string {
  const read = (buffer: Uint8Array): string => {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer);
    } catch {
      return "";
    }
  };
  const whole = read(octets);
  if (whole || octets.length === 0) return whole;
  return toOctetString(octets).replace(
    /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]/g,
    (match) => {
      const valid = match.length > 1 ? read(Uint8Array.from(match, (each) => each.charCodeAt(0))) : "";
      return valid || [...match].map((each) => String.fromCharCode(0xdc00 + each.charCodeAt(0))).join("");
    },
  );
}

const plain = (body: string | null) => body?.replace(/\r\n?/g, "\n").replace(/\n+$/, "") ?? null;

function holding(text: string | null, words: unknown): unknown {
  const found = (words as string[]).filter((word) => text?.includes(word));
  return found.length === (words as string[]).length ? found : [...found, text];
}

function describe({ content, parts }: ParsedMail, key: string, wanted: unknown): unknown {
  switch (key) {
    case "subject":
      return content.subject;
    case "from":
      return content.from;
    case "from_has":
      return holding(content.from, wanted);
    case "text":
      return plain(content.text);
    case "html":
      return plain(content.html);
    case "text_has":
      return holding(content.text, wanted);
    case "html_has":
      return holding(content.html, wanted);
    case "attachments": {
      const knows = wanted as unknown[][];
      const found = content.attachments.map(({ name, type, size }) => [name, type, size]);
      if (found.length !== knows.length) return found;
      return found.map((file, at) =>
        file.map((value, index) => (knows[at]?.[index] === null ? null : value)),
      );
    }
    case "contents":
      return content.attachments.map(({ index }) => toText(new Uint8Array(parts[index] as ArrayBuffer)));
    case "inline":
      return content.inline.length;
    case "headers": {
      const names = Object.keys(wanted as object);
      return Object.fromEntries(
        content.headers.filter(({ name }) => names.includes(name)).map(({ name, value }) => [name, value]),
      );
    }
    case "header_list":
      return content.headers.map(({ name, value }) => [name, value]);
    case "opened": {
      const message = content.attachments.find(({ type }) => type === "message/rfc822");
      return message && describeAll(new Uint8Array(parts[message.index] as ArrayBuffer), wanted as object);
    }
    default:
      throw new Error(`no description for ${key}`);
  }
}

function describeAll(octets: Uint8Array, expect: object): object {
  const parsed = parseMessage(octets);
  return Object.fromEntries(
    Object.entries(expect).map(([key, wanted]) => [
      key,
      SERVER_ONLY.includes(key) ? wanted : describe(parsed, key, wanted),
    ]),
  );
}

for (const name of readdirSync(folder).filter((each) => each.endsWith(".json"))) {
  const { cases } = JSON.parse(readFileSync(path.join(folder, name), "utf8")) as { cases: Vector[] };
  for (const { id, lines, line_end: lineEnd = "\r\n", expect } of cases) {
    const title = `${path.parse(name).name}: ${id}`;
    test(`the page reads as the server does: ${title}`, () => {
      const found = describeAll(toOctets(lines.join(lineEnd)), expect);
      if (title in DIFFERENT) assert.notDeepEqual(found, expect, "this is no difference any more");
      else assert.deepEqual(found, expect);
    });
  }
}
