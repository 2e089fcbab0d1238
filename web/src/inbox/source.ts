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

/** An event of a calendar invitation, as the API has it. */
export interface CalendarEvent {
  /** Such as `REQUEST` or `CANCEL`; may be empty. */
  method: string;
  title: string;
  /** `2026-11-27` for a whole day, else `2026-11-27T09:00`, with `Z` for UTC. */
  starts: string;
  /** As `starts`, or empty. The end of a whole day is that day itself. */
  ends: string;
  /** The name of the zone of both times; empty for UTC and for local times. */
  time_zone: string;
  location: string;
  organizer: string;
  attendees: string[];
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
  events: CalendarEvent[];
  /** Whether somebody has opened it; only a list of all mail tells, as it does the tags. */
  read?: boolean;
  tags?: string[];
}

/** An attachment, or a part that belongs to the HTML. The sender chose every string here. */
export interface MessagePart extends AttachmentSummary {
  /** The name that `cid:` URLs of the HTML use; may be empty. */
  content_id: string;
}

export interface MessageHeader {
  name: string;
  /** Unfolded and decoded. */
  value: string;
}

/** What a message holds. The sender chose every string here. */
export interface MessageContent {
  from: string;
  subject: string;
  headers: MessageHeader[];
  text: string | null;
  html: string | null;
  attachments: MessagePart[];
  /** Parts that belong to the HTML. They share their numbers with the attachments. */
  inline: MessagePart[];
  /** Absent, as the next two, if this page read the message itself: it looks for none of them. */
  codes?: FoundCode[];
  /** Every web link. */
  links?: FoundLink[];
  events?: CalendarEvent[];
}

/** A part of a message as its own header describes it. */
export interface ListedPart {
  /** As IMAP numbers parts, such as `2.1`; empty for a multipart that is a whole message. */
  number: string;
  /** How many parts it lies in. */
  level: number;
  type: string;
  charset: string;
  encoding: string;
  disposition: string;
  name: string;
  content_id: string;
  /** Decoded octets; null for what holds other parts. */
  size: number | null;
  /** What it is shown as; empty for nothing. */
  role: "text" | "html" | "attachment" | "inline" | "";
  /** The numbers of the attachments that lead to it, such as `1.0`; null if it is none. */
  attachment: string | null;
}

export interface PartList {
  /** In the message's order, with those of the messages that are attached to it. */
  parts: ListedPart[];
  /** False if a bound has left parts out. */
  complete: boolean;
}

/** The part of all mail programs, in percent, that show something as it was meant. */
export interface SupportScore {
  supported: number;
  partial: number;
  unsupported: number;
}

/** A mail program that does not show something as it was meant. */
export interface WarnedClient {
  family: string;
  name: string;
  platform: string;
  version: string;
  support: "no" | "partial" | "unknown";
  note: string | null;
}

export interface HtmlWarning {
  slug: string;
  title: string;
  description: string | null;
  url: string;
  category: string;
  /** The lines of the HTML where it is found, from 1. */
  lines: number[];
  found: number;
  score: SupportScore;
  clients: WarnedClient[];
}

/** What mail programs do not support in a message's HTML. */
export interface HtmlCheck {
  score: SupportScore;
  nodes: number;
  tests: number;
  /** Every family of mail programs that is known. */
  families: string[];
  warnings: HtmlWarning[];
  /** True if the HTML is so long that its end was not read. */
  truncated: boolean;
  /** When the facts about mail programs changed last, as `2026-05-13`. */
  data_date: string;
}

export interface CheckedLink {
  url: string;
  /** Null if there was no answer. */
  status: number | null;
  status_text: string;
  error: string | null;
  /** Each answer on the way. The last one is the link's. */
  hops: { url: string; status: number }[];
}

export interface LinkCheck {
  links: CheckedLink[];
  errors: number;
  /** How many more links the message has, which were not asked. */
  left_out: number;
}

/** The checks that a server of ours offers for a message. Each takes place when it is asked for. */
export interface MessageChecks {
  html?: (signal: AbortSignal) => Promise<HtmlCheck>;
  links?: (signal: AbortSignal) => Promise<LinkCheck>;
}

/** A message that was opened. Whatever else of it is needed is loaded then. */
export interface OpenMessage {
  /** What it holds, or why this page could not read it. */
  content: MessageContent | string;
  /** The message as it was received, octet for octet. */
  raw(signal: AbortSignal, progress?: ProgressCallback): Promise<Blob>;
  /** The decoded octets of an attachment, or of a part that belongs to the HTML. */
  part(index: number, signal: AbortSignal): Promise<Blob>;
  /** List its parts. */
  structure(signal: AbortSignal): Promise<PartList>;
  /** Where the API has the message as it was received; absent if there is no API. */
  rawPath?: string;
  /** Say which checks the server offers for it; absent if there is no server of ours. Never rejects. */
  checks?: () => Promise<MessageChecks>;
  /** Open an attachment that is a message. */
  attached(index: number, signal: AbortSignal): Promise<OpenMessage>;
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
  /** True if everybody who reaches the server may list the mail of all inboxes. */
  listsAllMail?: boolean;
  /** True if a locked inbox opens to its key alone. */
  locks?: boolean;
  /** Where to complain, a `mailto:` or `https:` URL of the operator; absent if there is none. */
  abuseContact?: string | null;
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
  /** There is more to know now of a message that was listed or has arrived. */
  updated?(message: Summary): void;
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

export interface MailCounts {
  messages: number;
  unread: number;
}

/** Where an address is wanted, `ALL_MAIL` stands for all inboxes; only a server of ours has that. */
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
  /** What the server says of itself, where `config.json` says it already. */
  readonly known?: ServerInfo;
  /** Ask the server what it says of itself. */
  server(): Promise<ServerInfo>;
  list(address: string, query: ListQuery): Promise<MessagePage>;
  open(address: string, id: number, signal: AbortSignal, progress?: ProgressCallback): Promise<OpenMessage>;
  /** Other recipients keep the message. Absent if the source is read-only, as is `removeAll`. */
  remove?(address: string, id: number): Promise<void>;
  removeAll?(address: string): Promise<void>;
  /** Note for all readers of all mail that a message is read. Absent if the source keeps no such notes. */
  markRead?(id: number): Promise<void>;
  /** Count all mail, and what of it is not read. Absent as `markRead` is. */
  count?(): Promise<MailCounts>;
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
