/**
 * The interface of a mail source: edgemail's API, or a database. Views know nothing else of a
 * source.
 */

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

/** A message as a listing has it. Do not trust any string in it: the sender chose them all. */
export interface Summary {
  id: number;
  date: string;
  /** The reverse-path without angle brackets; empty for the null reverse-path. */
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

export interface ListQuery {
  before?: number;
  limit?: number;
  /**
   * List only messages with all of these words in sender, subject or text. A page may then be
   * short.
   */
  search?: string;
}

export interface MessagePage {
  /** Newest first. */
  messages: Summary[];
  /** Pass it as `before` to get the next page; null after the last. */
  nextBefore: number | null;
}

export interface ServerInfo {
  version: string;
  /** Empty if the server accepts mail for any domain. */
  domains: string[];
  /** Null if messages do not expire by age. */
  maxAgeSeconds: number | null;
  /** Where to complain, a `mailto:` or `https:` URL of the operator; absent if there is none. */
  abuseContact?: string;
  /** `host:port` of each SMTP listener. */
  smtp: string[];
}

export type LiveState =
  | { kind: "connecting" }
  | { kind: "live" }
  /**
   * The connection is lost. The next attempt is due at `retryAt`, in milliseconds since the epoch.
   */
  | { kind: "waiting"; retryAt: number };

export interface ArrivalListener {
  arrived(message: Summary): void;
  changed(state: LiveState): void;
}

export interface Subscription {
  /** Connect now instead of waiting. */
  retry(): void;
  stop(): void;
}

/** The host that a source reads from. */
export interface HostStatus {
  /** Empty if no host can be read. */
  host: string;
  /** Null before it is measured. */
  roundTripMs: number | null;
  /** Why the host changed, for the reader; empty if it did not. */
  reason: string;
}

/** Called as a large message loads. */
export type ProgressCallback = (loadedBytes: number, totalBytes: number) => void;

export interface MailSource {
  /** A warning that the reader should see before using this source. */
  readonly notice?: string;
  /**
   * Call `changed` with the current host, and again at each change. Return a function that ends
   * this.
   *
   * Absent if the host never changes.
   */
  watchHost?(changed: (status: HostStatus) => void): () => void;
  server(): Promise<ServerInfo>;
  list(address: string, query: ListQuery): Promise<MessagePage>;
  /** Return the message as it was received, octet for octet. */
  raw(address: string, id: number, signal: AbortSignal, progress?: ProgressCallback): Promise<ArrayBuffer>;
  /** Other recipients keep the message. Absent if the source is read-only, as is `removeAll`. */
  remove?(address: string, id: number): Promise<void>;
  removeAll?(address: string): Promise<void>;
  /**
   * Report each message with an id above `after` once and in order, across lost connections too.
   */
  subscribe(address: string, after: number, listener: ArrivalListener): Subscription;
}

export type FailureKind = "unreachable" | "gone" | "refused" | "tooLarge" | "broken";

/** An expected failure of a source. The message is for the reader. */
export class SourceError extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
  }
}
