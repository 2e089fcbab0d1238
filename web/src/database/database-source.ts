/** Mail read from a database, with no server of ours in between. It may only be read. */
import type { Parsed } from "../reader/parsed-message.ts";
import {
  type Listener,
  type MailSource,
  type Page,
  type Place,
  type Progress,
  type Range,
  type ServerInfo,
  SourceError,
  type Subscription,
  type Summary,
} from "../inbox/source.ts";
import { addHead } from "./summary-from-head.ts";
import { hasTerms, termsOf } from "../inbox/search-terms.ts";
import { type Step, Trouble } from "./hrana.ts";
import type { Nearest, Read, Wish } from "./nearest-replica.ts";
import { Pieces } from "./chunked-read.ts";
import { type Arrivals, Polling } from "./polling.ts";
import { readListed } from "./summary-row.ts";
import { LIST_NEWEST_FIRST, LIST_OLDEST_FIRST, SEARCH, TERMS_MAX } from "./statements.ts";
import { words } from "./words.ts";

const PAGE = 50;

/** Takes the beginnings of messages apart; null for one that cannot be. */
export type ReadHeads = (heads: Uint8Array[]) => Promise<(Parsed | null)[]>;

export class DatabaseSource implements MailSource {
  readonly notice = words.notice;
  /** What each address has shown: a copy that lags must not take it back. */
  private readonly seen = new Map<string, Map<number, Summary>>();
  private place: Place | null = null;
  private readonly watchers = new Set<(place: Place) => void>();
  private readonly nearest: Nearest;

  constructor(
    private readonly info: ServerInfo,
    private readonly readHeads: ReadHeads,
    connect: (changed: (place: Place) => void) => Nearest,
  ) {
    this.nearest = connect((place) => {
      this.place = place;
      for (const watcher of this.watchers) watcher(place);
    });
  }

  /** What the page was told when it was made: no request for it. */
  server(): Promise<ServerInfo> {
    return Promise.resolve(this.info);
  }

  watchPlace(changed: (place: Place) => void): () => void {
    this.watchers.add(changed);
    if (this.place) changed(this.place);
    return () => this.watchers.delete(changed);
  }

  async list(address: string, range: Range): Promise<Page> {
    const { before = Number.MAX_SAFE_INTEGER, limit = PAGE, search = "" } = range;
    if (search) return this.search(address, termsOf(search), before, limit);
    const seen = this.seenIn(address);
    const needed = range.before === undefined ? Math.max(0, ...seen.keys()) : before - 1;
    const { messages, more, lastId } = await this.select(
      (rows) => ({ sql: LIST_NEWEST_FIRST, args: [address, before, 0, rows] }),
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

  /** What is not summarised yet is judged by its beginning, the rest by the database. */
  private async search(address: string, terms: string[], before: number, limit: number): Promise<Page> {
    const asked = Array.from({ length: TERMS_MAX }, (_, index) => terms[index] ?? "");
    const { messages, more, fresh } = await this.select(
      (rows) => ({ sql: SEARCH, args: [address, before, ...asked, rows] }),
      limit,
      0,
    );
    return {
      messages: messages.filter((message) => !fresh.has(message.id) || hasTerms(message, terms)),
      nextBefore: more ? (messages.at(-1)?.id ?? null) : null,
    };
  }

  async raw(id: number, signal: AbortSignal, progress?: Progress): Promise<ArrayBuffer> {
    const pieces = new Pieces(
      (steps, large) => this.read(steps, { needed: id, large, signal }),
      id,
      progress,
    );
    return pieces.collect();
  }

  subscribe(address: string, after: number, listener: Listener): Subscription {
    return new Polling((last) => this.arrivals(address, last), after, listener);
  }

  private async arrivals(address: string, after: number): Promise<Arrivals> {
    const { messages, more } = await this.select(
      (rows) => ({ sql: LIST_OLDEST_FIRST, args: [address, Number.MAX_SAFE_INTEGER, after, rows] }),
      PAGE,
      after,
    );
    const seen = this.seenIn(address);
    for (const message of messages) seen.set(message.id, message);
    return { messages, more };
  }

  /** List `limit` messages, or fewer where strangers made them so large that they do not fit into one answer. */
  private async select(step: (rows: number) => Step, limit: number, needed: number) {
    let read: Read | null = null;
    let fits = limit;
    while (!read) {
      try {
        read = await this.read([step(fits + 1)], { needed });
      } catch (error) {
        if (!(error instanceof SourceError && error.kind === "too large") || fits === 1) throw error;
        fits = Math.ceil(fits / 4);
      }
    }
    const rows = (read.steps[0] ?? []).map(readListed);
    const listed = rows.slice(0, fits);
    const waiting = listed.filter(({ head }) => head !== null);
    const heads =
      waiting.length > 0 ? await this.readHeads(waiting.map(({ head }) => head as Uint8Array)) : [];
    const made = new Map(waiting.map(({ summary }, index) => [summary.id, heads[index]]));
    const messages = listed.map(({ summary }) => {
      const head = made.get(summary.id);
      return head ? addHead(summary, head) : summary;
    });
    return { messages, more: rows.length > fits, lastId: read.lastId, fresh: new Set(made.keys()) };
  }

  private async read(steps: Step[], wish: Wish): Promise<Read> {
    try {
      return await this.nearest.read(steps, wish);
    } catch (error) {
      throw error instanceof Trouble ? asSourceError(error) : error;
    }
  }

  private seenIn(address: string): Map<number, Summary> {
    const seen = this.seen.get(address) ?? new Map<number, Summary>();
    this.seen.set(address, seen);
    return seen;
  }
}

function asSourceError({ kind, message }: Trouble): SourceError {
  if (kind === "unreachable") return new SourceError("unreachable", message);
  if (kind === "tooLarge") return new SourceError("too large", message);
  const refused = kind === "closed" || kind === "refused" || kind === "expired";
  return new SourceError(refused ? "refused" : "broken", message);
}
