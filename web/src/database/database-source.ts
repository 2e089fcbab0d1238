/** Reads mail straight from a database, without edgemail's server. It never writes. */
import {
  type ArrivalListener,
  type MailSource,
  type MessagePage,
  type HostStatus,
  type ProgressCallback,
  type ListQuery,
  type OpenMessage,
  type ServerInfo,
  SourceError,
  type Subscription,
  type Summary,
} from "../inbox/source.ts";
import { summariseFromHead } from "./summary-from-head.ts";
import { matchesTerms, searchTerms } from "../inbox/search-terms.ts";
import { DatabaseError } from "./hrana.ts";
import type { Step } from "./hrana-batch.ts";
import type { NearestReplica, ReplicaAnswer, ReadOptions } from "./nearest-replica.ts";
import { ChunkedRead } from "./chunked-read.ts";
import type { ParsedMail } from "./parsed-mail.ts";
import { type Arrivals, Polling } from "./polling.ts";
import { readSummaryRow } from "./summary-row.ts";
import {
  LIST_OLDEST_FIRST,
  LIST_SUMMARISED,
  listNewest,
  NEWEST_ID,
  PAGE_SIZE,
  SEARCH,
  MAX_TERMS,
} from "./statements.ts";
import { words } from "./words.ts";

/** What reads messages, in a worker. */
interface MailParser {
  /** Parse the first octets of messages. Return null for each that cannot be parsed. */
  parseHeads(heads: Uint8Array[]): Promise<(ParsedMail | null)[]>;
  open(raw: ArrayBuffer, signal: AbortSignal): Promise<OpenMessage>;
}

export class DatabaseSource implements MailSource {
  readonly notice = words.notice;
  /** What each address has shown: a replica that lags must not make it vanish. */
  private readonly seen = new Map<string, Map<number, Summary>>();
  /** The messages of each address that have shown no summary of the server's yet. */
  private readonly unsummarised = new Map<string, Set<number>>();
  /** Whether a small question before each listing is worth its round trip. */
  private isQuick = false;
  private hostStatus: HostStatus | null = null;
  private readonly watchers = new Set<(status: HostStatus) => void>();
  private readonly nearest: NearestReplica;

  constructor(
    readonly known: ServerInfo,
    private readonly parser: MailParser,
    connect: (changed: (status: HostStatus) => void) => NearestReplica,
  ) {
    this.nearest = connect((status) => {
      this.hostStatus = status;
      for (const watcher of this.watchers) watcher(status);
    });
  }

  /** Return what `config.json` says. It takes no request. */
  server(): Promise<ServerInfo> {
    return Promise.resolve(this.known);
  }

  watchHost(changed: (status: HostStatus) => void): () => void {
    this.watchers.add(changed);
    if (this.hostStatus) changed(this.hostStatus);
    return () => this.watchers.delete(changed);
  }

  async list(address: string, query: ListQuery): Promise<MessagePage> {
    const { before = Number.MAX_SAFE_INTEGER, limit = PAGE_SIZE, search = "" } = query;
    if (search) return this.search(address, searchTerms(search), before, limit);
    const seen = this.seenIn(address);
    const needed = query.before === undefined ? Math.max(0, ...seen.keys()) : before - 1;
    const { messages, more, lastId } = await this.select(
      address,
      (rows) => listNewest(address, before, rows),
      limit,
      needed,
    );
    const end = more ? (messages.at(-1)?.id ?? 0) : 0;
    const kept = [...seen.values()].filter(({ id }) => id > lastId && id < before && id > end);
    const listed = new Map([...kept, ...messages].map((message) => [message.id, message]));
    for (const message of messages) seen.set(message.id, message);
    return {
      messages: [...listed.values()].sort((a, b) => b.id - a.id),
      nextBefore: more ? end : null,
    };
  }

  /** The database searches summaries; this page searches messages that have none yet. */
  private async search(
    address: string,
    terms: string[],
    before: number,
    limit: number,
  ): Promise<MessagePage> {
    const wanted = Array.from({ length: MAX_TERMS }, (_, index) => terms[index] ?? "");
    const { messages, more, unsummarised } = await this.select(
      address,
      (rows) => ({ sql: SEARCH, args: [address, before, ...wanted, rows] }),
      limit,
      0,
    );
    return {
      messages: messages.filter((message) => !unsummarised.has(message.id) || matchesTerms(message, terms)),
      nextBefore: more ? (messages.at(-1)?.id ?? null) : null,
    };
  }

  async open(
    _address: string,
    id: number,
    signal: AbortSignal,
    progress?: ProgressCallback,
  ): Promise<OpenMessage> {
    const message = new ChunkedRead(
      (steps, large) => this.read(steps, { needed: id, large, signal }),
      id,
      progress,
    );
    return this.parser.open(await message.collect(), signal);
  }

  subscribe(address: string, after: number, listener: ArrivalListener): Subscription {
    return new Polling((last) => this.arrivals(address, last), after, listener);
  }

  private async arrivals(address: string, after: number): Promise<Arrivals> {
    if (this.isQuick) {
      const { steps, isQuick } = await this.read([{ sql: NEWEST_ID, args: [address] }], { needed: after });
      this.isQuick = isQuick;
      if (Number(steps[0]?.[0]?.[1]) <= after && !this.unsummarised.get(address)?.size)
        return { messages: [], more: false, summarised: [], isQuick };
    }
    const [{ messages, more, isQuick }, summarised] = await Promise.all([
      this.select(
        address,
        (rows) => ({ sql: LIST_OLDEST_FIRST, args: [address, Number.MAX_SAFE_INTEGER, after, rows] }),
        PAGE_SIZE,
        after,
      ),
      this.summarised(address),
    ]);
    this.isQuick = isQuick;
    const seen = this.seenIn(address);
    for (const message of messages) seen.set(message.id, message);
    return { messages, more, summarised, isQuick };
  }

  /** List the messages that had no summary, and have one now. */
  private async summarised(address: string): Promise<Summary[]> {
    const waiting = this.unsummarised.get(address);
    if (!waiting?.size) return [];
    const args = [address, Math.max(...waiting) + 1, Math.min(...waiting) - 1, PAGE_SIZE];
    const { steps } = await this.read([{ sql: LIST_SUMMARISED, args }], { needed: 0 });
    const listed = (steps[0] ?? []).map((row) => readSummaryRow(row).summary);
    const seen = this.seenIn(address);
    const summarised = listed.filter(({ id }) => waiting.delete(id));
    for (const message of summarised) seen.set(message.id, message);
    return summarised;
  }

  /** List `limit` messages, or fewer if they are too large for one answer. */
  private async select(address: string, step: (rows: number) => Step, limit: number, needed: number) {
    let answer: ReplicaAnswer | null = null;
    let count = limit;
    while (!answer) {
      try {
        answer = await this.read([step(count + 1)], { needed });
      } catch (error) {
        if (!(error instanceof SourceError && error.kind === "tooLarge") || count === 1) throw error;
        count = Math.ceil(count / 4);
      }
    }
    const rows = (answer.steps[0] ?? []).map(readSummaryRow);
    const listed = rows.slice(0, count);
    const waiting = listed.filter(({ head }) => head !== null);
    const heads =
      waiting.length > 0 ? await this.parser.parseHeads(waiting.map(({ head }) => head as Uint8Array)) : [];
    const known = this.unsummarised.get(address) ?? new Set();
    this.unsummarised.set(address, known);
    for (const { summary, head } of listed) head === null ? known.delete(summary.id) : known.add(summary.id);
    const parsed = new Map(waiting.map(({ summary }, index) => [summary.id, heads[index]]));
    const messages = listed.map(({ summary }) => {
      const head = parsed.get(summary.id);
      return head ? summariseFromHead(summary, head) : summary;
    });
    return {
      messages,
      more: rows.length > count,
      lastId: answer.lastId,
      isQuick: answer.isQuick,
      unsummarised: new Set(parsed.keys()),
    };
  }

  private async read(steps: Step[], options: ReadOptions): Promise<ReplicaAnswer> {
    try {
      return await this.nearest.read(steps, options);
    } catch (error) {
      throw error instanceof DatabaseError ? asSourceError(error) : error;
    }
  }

  private seenIn(address: string): Map<number, Summary> {
    const seen = this.seen.get(address) ?? new Map<number, Summary>();
    this.seen.set(address, seen);
    return seen;
  }
}

function asSourceError({ kind, message }: DatabaseError): SourceError {
  if (kind === "unreachable") return new SourceError("unreachable", message);
  if (kind === "tooLarge") return new SourceError("tooLarge", message);
  const refused = kind === "corsBlocked" || kind === "refused" || kind === "expired";
  return new SourceError(refused ? "refused" : "broken", message);
}
