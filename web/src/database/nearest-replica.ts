/** Several copies of one database: reads the nearest one that is up and up to date. */
import type { Place } from "../inbox/source.ts";
import { type Database, KINDS, type Row, type Step, Trouble } from "./hrana.ts";
import { LAST_ID } from "./statements.ts";
import { words } from "./words.ts";

const ANSWER_MS = 5_000;
const LARGE_MS = 30_000;
const SAMPLES = 5;
const PROBES = 3;
const FIRST_MEASURE_MS = 500;
const MEASURE_MS = 30_000;
/** A copy that lacks what another one had so long ago lags. */
const LAG_MS = 5_000;
/** A copy must be so much nearer than the current one to be worth a move. */
const NEARER = 0.7;
const MARKS = 16;

export interface Read {
  /** The rows of each step. */
  steps: Row[][];
  /** The highest id that the copy knows of: what is missing up to it is gone, above it not there yet. */
  lastId: number;
}

export interface Wish {
  /** The copy should know of this id. */
  needed?: number;
  /** The answer is large: it may take longer, and its time says nothing of the round trip. */
  large?: boolean;
  signal?: AbortSignal;
}

class Copy {
  /** Why it cannot be read; null where it can. */
  trouble: Trouble | null = null;
  isBehind = false;
  lastId = 0;
  private samples: number[] = [];

  constructor(private readonly database: Database) {}

  get host(): string {
    return this.database.host;
  }

  /** The median of the last round trips, in milliseconds; infinite where there was none. */
  get ms(): number {
    const sorted = [...this.samples].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
  }

  async read(steps: Step[], { large = false, signal }: Wish): Promise<Read> {
    try {
      const patience = { timeoutMs: large ? LARGE_MS : ANSWER_MS, signal };
      const answer = await this.database.run([{ sql: LAST_ID }, ...steps], patience);
      const [last, ...rest] = answer.steps;
      if (!large) this.samples = [...this.samples, answer.ms].slice(-SAMPLES);
      this.trouble = null;
      this.lastId = Number(last?.[0]?.[0]);
      return { steps: rest, lastId: this.lastId };
    } catch (error) {
      if (error instanceof Trouble && error.kind !== "tooLarge") this.trouble = error;
      throw error;
    }
  }

  async probe(): Promise<void> {
    for (let time = 0; time < PROBES; time++) await this.read([], {});
  }
}

export class Nearest {
  private readonly copies: Copy[];
  private current: Copy | null = null;
  private news = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private measuring = false;
  /** How far the most advanced copy was, and when, in milliseconds. */
  private marks: { id: number; at: number }[] = [];

  constructor(
    databases: Database[],
    private readonly changed: (place: Place) => void,
  ) {
    this.copies = databases.map((database) => new Copy(database));
    if (this.copies.length > 1) this.plan(FIRST_MEASURE_MS);
  }

  /**
   * Read from the nearest copy; where it fails, or knows nothing of the id `needed`, from the next.
   *
   * Where no copy knows of it, what the first one says holds. Rejects with the `Trouble` that says most.
   */
  async read(steps: Step[], wish: Wish = {}): Promise<Read> {
    const { needed = 0 } = wish;
    const troubles: Trouble[] = [];
    let short: { copy: Copy; read: Read } | null = null;
    for (const attempt of this.current ? this.inTurn(steps, wish) : [this.race(steps, wish)]) {
      try {
        const { copy, read } = await attempt;
        if (read.lastId >= needed) return this.settle(copy, read);
        short ??= { copy, read };
      } catch (error) {
        for (const one of error instanceof AggregateError ? error.errors : [error]) {
          if (!(one instanceof Trouble) || one.kind === "tooLarge") throw one;
          troubles.push(one);
        }
      }
    }
    if (short) return this.settle(short.copy, short.read);
    throw this.giveUp(troubles);
  }

  /** Measure no more. */
  stop(): void {
    clearTimeout(this.timer);
  }

  /** At first nobody knows which is nearest: all are asked, and the first answer counts. */
  private async race(steps: Step[], wish: Wish): Promise<{ copy: Copy; read: Read }> {
    const abort = new AbortController();
    const end = () => abort.abort();
    wish.signal?.addEventListener("abort", end);
    try {
      return await Promise.any(
        this.copies.map(async (copy) => ({
          copy,
          read: await copy.read(steps, { ...wish, signal: abort.signal }),
        })),
      );
    } finally {
      wish.signal?.removeEventListener("abort", end);
      abort.abort();
    }
  }

  private *inTurn(steps: Step[], wish: Wish): Generator<Promise<{ copy: Copy; read: Read }>> {
    const rank = (copy: Copy) =>
      copy === this.current ? 0 : Number(copy.trouble !== null) * 2 + Number(copy.isBehind) + 1;
    const order = [...this.copies].sort((a, b) => rank(a) - rank(b) || a.ms - b.ms);
    for (const copy of order) yield copy.read(steps, wish).then((read) => ({ copy, read }));
  }

  private settle(copy: Copy, read: Read): Read {
    const from = this.current;
    if (!from) {
      this.news = "";
    } else if (from !== copy) {
      this.news = from.trouble
        ? words.place.away(from.trouble.message, copy.host)
        : words.place.behind(from.host, copy.host);
      this.plan(FIRST_MEASURE_MS);
    }
    this.current = copy;
    this.tell();
    return read;
  }

  private giveUp(troubles: Trouble[]): Trouble {
    this.current = null;
    const [first, ...others] = troubles.sort((a, b) => KINDS.indexOf(b.kind) - KINDS.indexOf(a.kind));
    const trouble = first as Trouble;
    const none = trouble.kind === "unreachable" && others.length > 0;
    const hosts = this.copies.map(({ host }) => host).join(", ");
    const told = none ? new Trouble("unreachable", words.trouble.unreachableAll(hosts)) : trouble;
    this.news = told.message;
    this.changed({ host: "", ms: null, news: this.news });
    return told;
  }

  private plan(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.measure(), ms);
  }

  /** Ask every copy a few times how far it is, and move where another one is better. */
  private async measure(): Promise<void> {
    if (this.measuring || document.hidden || !this.current) return this.plan(MEASURE_MS);
    this.measuring = true;
    const started = performance.now();
    await Promise.allSettled(this.copies.map((copy) => copy.probe()));
    this.measuring = false;
    const due = Math.max(0, ...this.marks.filter(({ at }) => at <= started - LAG_MS).map(({ id }) => id));
    for (const copy of this.copies) copy.isBehind = copy.lastId < due;
    const furthest = Math.max(...this.copies.map(({ lastId }) => lastId));
    this.marks = [...this.marks, { id: furthest, at: performance.now() }].slice(-MARKS);
    this.choose();
    // Whether one that is not as far as others lags shows in a while.
    this.plan(this.current && this.current.lastId < furthest ? LAG_MS + FIRST_MEASURE_MS : MEASURE_MS);
  }

  private choose(): void {
    const from = this.current;
    const fit = this.copies.filter((copy) => !copy.trouble && !copy.isBehind).sort((a, b) => a.ms - b.ms);
    const best = fit[0];
    if (!from || !best || best === from) return this.tell();
    if (from.trouble) this.news = words.place.away(from.trouble.message, best.host);
    else if (from.isBehind) this.news = words.place.behind(from.host, best.host);
    else if (best.ms < from.ms * NEARER) this.news = words.place.nearer(best.host);
    else return this.tell();
    this.current = best;
    this.tell();
  }

  private tell(): void {
    if (!this.current) return;
    const { host, ms } = this.current;
    this.changed({ host, ms, news: this.news });
  }
}
