/** Where the page reads mail from. Views know this interface and nothing behind it. */

export interface AttachmentSummary {
  index: number;
  name: string;
  type: string;
  size: number;
}

export interface FoundCode {
  code: string;
  reason: string;
}

export interface FoundLink {
  url: string;
  text: string;
  reason: string;
}

/** A message as a listing shows it. Every string in it was chosen by a stranger. */
export interface Summary {
  id: number;
  date: string;
  /** The bare reverse-path, empty for the null one. */
  sender: string;
  recipients: string[];
  from: string;
  subject: string;
  preview: string;
  size: number;
  attachments: AttachmentSummary[];
  codes: FoundCode[];
  links: FoundLink[];
}

export interface Range {
  before?: number;
  limit?: number;
  /** Only what has all of these words in sender, subject or text. A page of it may be short. */
  search?: string;
}

export interface Page {
  /** Newest first. */
  messages: Summary[];
  /** Pass as `before` to get older ones; null where there are none. */
  nextBefore: number | null;
}

export interface ServerInfo {
  version: string;
  /** Empty: mail for any domain is taken. */
  domains: string[];
  /** Null: messages do not expire by age. */
  maxAgeSeconds: number | null;
  /** `host:port` of each SMTP listener. */
  smtp: string[];
}

export type LiveState =
  | { kind: "connecting" }
  | { kind: "live" }
  /** Lost; the next attempt is due at `retryAt`, in milliseconds since the epoch. */
  | { kind: "waiting"; retryAt: number };

export interface Listener {
  arrived(message: Summary): void;
  changed(state: LiveState): void;
}

export interface Subscription {
  /** Try again now instead of waiting. */
  retry(): void;
  stop(): void;
}

/** Where a source reads just now. */
export interface Place {
  /** Empty where it can read nowhere. */
  host: string;
  /** The round trip, in milliseconds; null where it is not known. */
  ms: number | null;
  /** Why it is not where it was, in words; empty where there is nothing to say. */
  news: string;
}

/** Hears how many octets of a large message have come. */
export type Progress = (done: number, whole: number) => void;

export interface MailSource {
  /** What a person should know before using this source. */
  readonly notice?: string;
  /** Hear where it reads, now and whenever that changes; the answer ends it. Absent where it is always the same. */
  watchPlace?(changed: (place: Place) => void): () => void;
  server(): Promise<ServerInfo>;
  list(address: string, range: Range): Promise<Page>;
  /** The message, octet for octet. */
  raw(id: number, signal: AbortSignal, progress?: Progress): Promise<ArrayBuffer>;
  /** Absent where the source may only read. */
  remove?(id: number): Promise<void>;
  removeAll?(address: string): Promise<void>;
  /** Hear of every message with an id above `after`, each once and in order, through lost connections too. */
  subscribe(address: string, after: number, listener: Listener): Subscription;
}

export type FailureKind = "unreachable" | "gone" | "refused" | "too large" | "broken";

/** An expected failure of a source, with a cause that a person can read. */
export class SourceError extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
  }
}
