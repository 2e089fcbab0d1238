import type { Message } from "./message.js";

const LINE_MAX = 100;
const LISTED_MAX = 10;

/** Write a text on one line, without control characters, cut at `max` characters. */
export function oneLine(text: string, max = LINE_MAX): string {
  // Cut first: a message may have megabytes of text.
  const line = text
    .slice(0, max * 4)
    .replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  const characters = [...line];
  return characters.length > max ? `${characters.slice(0, max - 1).join("")}…` : line;
}

/** Put each line behind two spaces; say how many are left out of a long list. */
export function indent(lines: readonly string[]): string {
  const left = lines.length - LISTED_MAX;
  return [...lines.slice(0, LISTED_MAX), ...(left > 0 ? [`and ${left} more`] : [])]
    .map(indentLine)
    .join("\n");
}

/** The same, of which the newest are at the end and matter most. */
export function indentNewest(lines: readonly string[]): string {
  const left = lines.length - LISTED_MAX;
  return [...(left > 0 ? [`(${left} before them)`] : []), ...lines.slice(-LISTED_MAX)]
    .map(indentLine)
    .join("\n");
}

function indentLine(line: string): string {
  return `  ${line}`;
}

/** Write a message's line of a list, in local time: `#12 09:14:03.120  Welcome   from hello@shop.example`. */
export function summarise(message: Message): string {
  const { date } = message;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part, 2)).join(":");
  const from = oneLine(message.fromField || message.envelopeFrom);
  return `#${message.id} ${time}.${pad(date.getMilliseconds(), 3)}  ${oneLine(message.subject) || "(no subject)"}   from ${from}`;
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}

/** Write a number of milliseconds as seconds: `0.5 s`. */
export function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(3))} s`;
}
