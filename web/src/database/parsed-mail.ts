import type { MessageContent } from "../inbox/source.ts";

/** What the worker makes of a raw message. The sender chose every string here. */
export interface ParsedMail {
  content: MessageContent;
  /** The decoded octets of each attachment and inline part, by its index. */
  parts: ArrayBuffer[];
}

export type WorkerAnswer = { parsed: ParsedMail } | { problem: string };
