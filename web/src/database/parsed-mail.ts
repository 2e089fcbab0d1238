import type { MessageContent, PartList } from "../inbox/source.ts";

/** What the worker makes of a raw message. The sender chose every string here. */
export interface ParsedMail {
  content: MessageContent;
  /** The decoded octets of each attachment and inline part, by its index. */
  parts: ArrayBuffer[];
}

/** What the worker is asked for: all of a message, or a list of its parts. */
export interface WorkerQuestion {
  raw: ArrayBuffer;
  wants: keyof WorkerResults;
}

export interface WorkerResults {
  mail: ParsedMail;
  parts: PartList;
}

export type WorkerAnswer = { found: ParsedMail | PartList } | { problem: string };
