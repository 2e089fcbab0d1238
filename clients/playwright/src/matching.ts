import type { Message } from "./message.js";

/** Which messages are meant. Each field that is given must hold. */
export interface Match {
  /** A part of the subject, in any case, or a pattern that is searched in it. */
  subject?: string | RegExp;
  /** The whole address of the `From` field or of the envelope, in any case; a pattern is searched in the field. */
  from?: string | RegExp;
  /** Anything else that must be true of the message. */
  where?: (message: Message) => boolean;
}

/** Return true if a message is one of those that are meant. */
export function matches(message: Message, match: Match): boolean {
  return (
    (match.subject === undefined || hasPart(message.subject, match.subject)) &&
    (match.from === undefined || isFrom(message, match.from)) &&
    (match.where === undefined || match.where(message))
  );
}

/** Return true if a text contains a part, in any case, or if a pattern is found in it. */
export function hasPart(text: string, part: string | RegExp): boolean {
  return typeof part === "string" ? text.toLowerCase().includes(part.toLowerCase()) : isFound(part, text);
}

/** Return true if a pattern is found, whatever it remembers of an earlier search (flags `g` and `y`). */
export function isFound(pattern: RegExp, text: string): boolean {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).test(text);
}

/** Say which messages are meant, with a space in front: ` with subject "Reset" from kim@example.org with a code`. */
export function describe({ subject, from, where }: Match, content = ""): string {
  const parts = [];
  if (typeof subject === "string") parts.push(` with subject "${subject}"`);
  else if (subject) parts.push(` with a subject that matches ${subject}`);
  if (typeof from === "string") parts.push(` from ${from}`);
  else if (from) parts.push(` from who matches ${from}`);
  if (content) parts.push(` with a ${content}`);
  if (where) parts.push(where.name && where.name !== "where" ? ` where ${where.name}` : " that fits `where`");
  return parts.join("");
}

function isFrom(message: Message, from: string | RegExp): boolean {
  if (typeof from !== "string") return isFound(from, message.fromField);
  return [message.from.address, message.envelopeFrom].some(
    (known) => known.toLowerCase() === from.toLowerCase(),
  );
}
