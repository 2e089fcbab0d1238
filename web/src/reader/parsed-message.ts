import type { FoundCode, FoundLink } from "../inbox/source.ts";

/** What the worker makes of a raw message. Every string is the sender's. */
export interface Part {
  name: string;
  type: string;
  content: ArrayBuffer;
}

export interface Parsed {
  subject: string;
  from: string;
  headers: [name: string, value: string][];
  headerCount: number;
  html: string | null;
  text: string | null;
  /** The text that the HTML shows, where there is no other. */
  htmlText: string;
  codes: FoundCode[];
  links: FoundLink[];
  /** The first ones; `partCount` says how many there are. */
  parts: Part[];
  partCount: number;
  /** Raster images by Content-ID, as `data:` URIs. */
  inline: Record<string, string>;
}

export type Answer = { parsed: Parsed } | { problem: string };
