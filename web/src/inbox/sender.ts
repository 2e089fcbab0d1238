import type { Summary } from "./source.ts";

/** Return the sender's display name, or its address if it has no name. */
export function senderName(message: Summary): string {
  const from = message.from.trim();
  const name = /^"?(.*?)"?\s*<[^<>]*>$/.exec(from)?.[1]?.trim();
  return name || from.replace(/^<(.*)>$/, "$1") || message.sender;
}
