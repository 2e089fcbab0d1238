import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMessage } from "../../src/database/mime/message.ts";

const MIB = 1024 * 1024;
const octetsOf = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
const fill = (unit: string, size: number) => unit.repeat(Math.ceil(size / unit.length));
const HEAD = "From: a@b.example\r\nMIME-Version: 1.0\r\n";
const MIXED = `${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n`;
const PART = "--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment\r\n\r\nx\r\n";
const nest = (depth: number) =>
  Array.from(
    { length: depth },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
  ).join("");

/** Messages that would take a careless reader the square of their length, or a deep stack. */
const HOSTILE: Record<string, string> = {
  "100,000 parts": MIXED + fill(PART, 100_000 * PART.length),
  "parts of nothing": MIXED + fill("--b\r\n", 5 * MIB),
  "multiparts in one another": HEAD + nest(5_000),
  "multiparts of one boundary": HEAD + fill("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", MIB),
  "a multipart in each part":
    MIXED + fill("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\nx\r\n", 2 * MIB),
  "line ends": fill("\r\n", 4 * MIB),
  "line ends in between": `${HEAD}\r\n${fill("\r\n", 4 * MIB)}x`,
  blanks: fill(" ", 4 * MIB),
  "carriage returns": fill("a\r", 4 * MIB),
  fields: HEAD + fill("X: y\r\n", 4 * MIB),
  folds: `${HEAD}Subject: x\r\n${fill(" x\r\n", MIB)}`,
  "encoded words": `${HEAD}Subject: ${fill("=?utf-8?Q?=41?=", MIB)}`,
  "openings of encoded words": `${HEAD}Subject: ${fill("=?utf-8?Q?", MIB)}`,
  "quotes in a sender": `From: ${fill('"', MIB)}\r\n`,
  "brackets in a sender": `From: ${fill("(", MIB)}\r\n`,
  "angles in a sender": `From: ${fill("<,", MIB)}\r\n`,
  "colons in a sender": `From: ${fill(":", MIB)}\r\n`,
  "commas in a sender": `From: ${fill("a,", MIB)}\r\n`,
  "signs of at in a sender": `From: ${fill("@", MIB)}\r\n`,
  "backslashes in a sender": `From: "${fill('\\"', MIB)}\r\n`,
  parameters: `${HEAD}Content-Type: text/plain${fill(";a*0*=x", MIB)}\r\n`,
  "quotes in parameters": `${HEAD}Content-Type: text/plain; name="${fill('" ', MIB)}\r\n`,
  "comments in a type": `${HEAD}Content-Type: ${fill("(", MIB)}\r\n`,
  "base64 that is broken": `${HEAD}Content-Transfer-Encoding: base64\r\n\r\n${fill("QUJD=", 4 * MIB)}`,
  "base64 that is prose": `${HEAD}Content-Transfer-Encoding: base64\r\n\r\n${fill("a b", 4 * MIB)}`,
  "soft line breaks": `${HEAD}Content-Transfer-Encoding: quoted-printable\r\n\r\n${fill("=\r\n", 4 * MIB)}`,
  "signs of equality": `${HEAD}Content-Transfer-Encoding: quoted-printable\r\n\r\n${fill("= ", 4 * MIB)}`,
  uuencode: `${HEAD}Content-Transfer-Encoding: uuencode\r\n\r\nbegin 644 a\n${fill("M\n", 4 * MIB)}`,
  "escapes of ISO-2022-JP": `${HEAD}\r\n${fill("\x1b$B\x1b(B", 4 * MIB)}`,
  "quotes of flowed text": `${HEAD}Content-Type: text/plain; format=flowed\r\n\r\n${fill("> \r\n>> \r\n", 4 * MIB)}`,
  references: `${HEAD}Content-Type: text/html\r\n\r\n${fill("cid:", 4 * MIB)}`,
  "meta elements": `${HEAD}Content-Type: text/html\r\n\r\n\xff${fill("<meta ", 4 * MIB)}`,
  dashes: `${HEAD}Content-Type: multipart/mixed\r\n\r\n${fill("--\r\n", 4 * MIB)}`,
};

for (const [name, text] of Object.entries(HOSTILE)) {
  test(`a message is read in a time that its length asks for: ${name}`, () => {
    const octets = octetsOf(text);
    const before = process.cpuUsage();
    parseMessage(octets);
    const { user, system } = process.cpuUsage(before); // whatever else this machine does
    assert.ok((user + system) / 1_000 < 3_000);
  });
}

test("parts and headers are listed up to a bound", () => {
  const { content, parts } = parseMessage(octetsOf(HOSTILE["100,000 parts"] ?? ""));
  assert.deepEqual([content.attachments.length, parts.length], [256, 256]);
  assert.equal(parseMessage(octetsOf(HOSTILE["fields"] ?? "")).content.headers.length, 1_000);
});
