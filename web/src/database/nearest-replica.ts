/** Reads from the replica with the shortest round trip that is up and up to date. */
import type { HostStatus } from "../inbox/source.ts";
import { type Database, KINDS_BY_SPECIFICITY, DatabaseError } from "./hrana.ts";
import type { SqlRow, Step } from "./hrana-batch.ts";
import { NEWEST_ID, withLastId } from "./statements.ts";
import { words } from "./words.ts";

const TIMEOUT_MS = 5_000;
const LARGE_TIMEOUT_MS = 30_000;
const SAMPLES = 5;
const PROBES = 3;
const MEASURE_SOON_MS = 500;
const MEASURE_EVERY_MS = 30_000;
/** A replica lags if it lacks what another one had this long ago. */
const LAG_MS = 5_000;
/** Switch only to a replica whose round trip is below this part of the current one's. */
const SWITCH_BELOW = 0.7;
const PROGRESS_KEPT = 16;

export interface ReplicaAnswer {
  /** The rows of each step. */
  steps: SqlRow[][];
  /**
   * The highest id that the replica has seen. A missing message up to it was deleted; above it, not
   * replicated yet.
   */
  lastId: number;
  /** True if asking often costs little. */
  isQuick: boolean;
}

export interface ReadOptions {
  /** The replica should have seen this id. */
  needed?: number;
  /** The answer may be large: wait longer, and do not count its time as a round trip. */
  large?: boolean;
  signal?: AbortSignal;
}

class Replica {
  /** Why the last read failed; null if it succeeded. */
  error: DatabaseError | null = null;
  isBehind = false;
  lastId = 0;
  private samples: number[] = [];

  constructor(private readonly database: Database) {}

  get host(): string {
    return this.database.host;
  }

  /** The median of the last round trips; infinite before the first. */
  get roundTripMs(): number {
    const sorted = [...this.samples].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
  }

  async read(steps: Step[], { large = false, signal }: ReadOptions): Promise<ReplicaAnswer> {
    try {
      const limits = { timeoutMs: large ? LARGE_TIMEOUT_MS : TIMEOUT_MS, signal };
      const asked = steps[0]?.sql === NEWEST_ID ? steps : withLastId(steps);
      const answer = await this.database.run(asked, limits);
      const [last] = answer.steps;
      if (!large) this.samples = [...this.samples, answer.elapsedMs].slice(-SAMPLES);
      this.error = null;
      this.lastId = Number(last?.[0]?.[0]);
      return {
        steps: answer.steps.slice(asked.length - steps.length),
        lastId: this.lastId,
        isQuick: answer.isBySocket,
      };
    } catch (error) {
      if (error instanceof DatabaseError && error.kind !== "tooLarge") this.error = error;
      throw error;
    }
  }

  async probe(): Promise<void> {
    for (let count = 0; count < PROBES; count++) await this.read([], {});
  }
}

export class NearestReplica {
  private readonly replicas: Replica[];
  private current: Replica | null = null;
  private reason = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private measuring = false;
  /** The highest id of any replica at each measurement; `at` is of `performance.now()`. */
  private progress: { id: number; at: number }[] = [];

  constructor(
    databases: Database[],
    private readonly changed: (status: HostStatus) => void,
  ) {
    this.replicas = databases.map((database) => new Replica(database));
    if (this.replicas.length > 1) this.scheduleMeasurement(MEASURE_SOON_MS);
  }

  /**
   * Read from the nearest replica. If it fails or has not seen the id `needed`, try the next.
   *
   * If none has seen it, the first answer counts. If all fail, reject with the most specific
   * `DatabaseError`.
   */
  async read(steps: Step[], options: ReadOptions = {}): Promise<ReplicaAnswer> {
    const { needed = 0 } = options;
    const errors: DatabaseError[] = [];
    let outdated: { replica: Replica; read: ReplicaAnswer } | null = null;
    for (const attempt of this.current ? this.readInTurn(steps, options) : [this.race(steps, options)]) {
      try {
        const { replica, read } = await attempt;
        if (read.lastId >= needed) return this.switchTo(replica, read);
        outdated ??= { replica, read };
      } catch (error) {
        for (const failure of error instanceof AggregateError ? error.errors : [error]) {
          if (!(failure instanceof DatabaseError) || failure.kind === "tooLarge") throw failure;
          errors.push(failure);
        }
      }
    }
    if (outdated) return this.switchTo(outdated.replica, outdated.read);
    throw this.allFailed(errors);
  }

  /** Ask all replicas and take the first answer: before that, none is known to be nearest. */
  private async race(
    steps: Step[],
    options: ReadOptions,
  ): Promise<{ replica: Replica; read: ReplicaAnswer }> {
    const abort = new AbortController();
    const cancel = () => abort.abort();
    options.signal?.addEventListener("abort", cancel);
    try {
      return await Promise.any(
        this.replicas.map(async (replica) => ({
          replica,
          read: await replica.read(steps, { ...options, signal: abort.signal }),
        })),
      );
    } finally {
      options.signal?.removeEventListener("abort", cancel);
      abort.abort();
    }
  }

  private *readInTurn(
    steps: Step[],
    options: ReadOptions,
  ): Generator<Promise<{ replica: Replica; read: ReplicaAnswer }>> {
    const rank = (replica: Replica) =>
      replica === this.current ? 0 : Number(replica.error !== null) * 2 + Number(replica.isBehind) + 1;
    const order = [...this.replicas].sort((a, b) => rank(a) - rank(b) || a.roundTripMs - b.roundTripMs);
    for (const replica of order) yield replica.read(steps, options).then((read) => ({ replica, read }));
  }

  private switchTo(replica: Replica, read: ReplicaAnswer): ReplicaAnswer {
    const from = this.current;
    if (!from) {
      this.reason = "";
    } else if (from !== replica) {
      this.reason = from.error
        ? words.switched.failed(from.error.message, replica.host)
        : words.switched.behind(from.host, replica.host);
      this.scheduleMeasurement(MEASURE_SOON_MS);
    }
    this.current = replica;
    this.reportHost();
    return read;
  }

  private allFailed(errors: DatabaseError[]): DatabaseError {
    this.current = null;
    const [first, ...others] = errors.sort(
      (a, b) => KINDS_BY_SPECIFICITY.indexOf(b.kind) - KINDS_BY_SPECIFICITY.indexOf(a.kind),
    );
    const error = first as DatabaseError;
    const noneAnswers = error.kind === "unreachable" && others.length > 0;
    const hosts = this.replicas.map(({ host }) => host).join(", ");
    const reported = noneAnswers
      ? new DatabaseError("unreachable", words.errors.unreachableAll(hosts))
      : error;
    this.reason = reported.message;
    this.changed({ host: "", roundTripMs: null, reason: this.reason });
    return reported;
  }

  private scheduleMeasurement(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.measure(), ms);
  }

  /** Measure every replica's round trip and highest id, and switch if another one is better. */
  private async measure(): Promise<void> {
    if (this.measuring || document.hidden || !this.current) return this.scheduleMeasurement(MEASURE_EVERY_MS);
    this.measuring = true;
    const started = performance.now();
    await Promise.allSettled(this.replicas.map((replica) => replica.probe()));
    this.measuring = false;
    const dueId = Math.max(
      0,
      ...this.progress.filter(({ at }) => at <= started - LAG_MS).map(({ id }) => id),
    );
    for (const replica of this.replicas) replica.isBehind = replica.lastId < dueId;
    const newestId = Math.max(...this.replicas.map(({ lastId }) => lastId));
    this.progress = [...this.progress, { id: newestId, at: performance.now() }].slice(-PROGRESS_KEPT);
    this.chooseReplica();
    // A replica that is behind may still be within `LAG_MS`: measure again when that is over.
    this.scheduleMeasurement(
      this.current && this.current.lastId < newestId ? LAG_MS + MEASURE_SOON_MS : MEASURE_EVERY_MS,
    );
  }

  private chooseReplica(): void {
    const from = this.current;
    const usable = this.replicas
      .filter((replica) => !replica.error && !replica.isBehind)
      .sort((a, b) => a.roundTripMs - b.roundTripMs);
    const best = usable[0];
    if (!from || !best || best === from) return this.reportHost();
    if (from.error) this.reason = words.switched.failed(from.error.message, best.host);
    else if (from.isBehind) this.reason = words.switched.behind(from.host, best.host);
    else if (best.roundTripMs < from.roundTripMs * SWITCH_BELOW)
      this.reason = words.switched.nearer(best.host);
    else return this.reportHost();
    this.current = best;
    this.reportHost();
  }

  private reportHost(): void {
    if (!this.current) return;
    const { host, roundTripMs } = this.current;
    this.changed({ host, roundTripMs, reason: this.reason });
  }
}
