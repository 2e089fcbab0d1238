import type { FoundCode, FoundLink } from "../inbox/source.ts";

/** An attachment. The sender chose every string here. */
export interface MessagePart {
  name: string;
  type: string;
  content: ArrayBuffer;
}

/** What the worker makes of a raw message. The sender chose every string here. */
export interface ParsedMessage {
  subject: string;
  from: string;
  headers: [name: string, value: string][];
  headerCount: number;
  html: string | null;
  text: string | null;
  /** The text that the HTML shows; empty if there is no HTML. */
  htmlText: string;
  codes: FoundCode[];
  links: FoundLink[];
  /** The first attachments; `partCount` counts all. */
  parts: MessagePart[];
  partCount: number;
  /** Raster images by Content-ID, as `data:` URIs. */
  inline: Record<string, string>;
}

export type WorkerAnswer = { parsed: ParsedMessage } | { problem: string };
