/**
 * A reader's client of a libSQL server: batches of queries by a WebSocket, or else by Hrana over
 * HTTP, version 3, one request each.
 */
import { locale } from "../languages/dictionary.ts";
import { batchOf, isTooLarge, type Result, rowsOf, type SqlRow, type Step } from "./hrana-batch.ts";
import type { SqlError } from "./hrana-message.ts";
import type { HranaSocket } from "./hrana-socket.ts";
import { tokenExpiry } from "./token.ts";
import { words } from "./words.ts";

export interface BatchAnswer {
  /** The rows of each step. */
  steps: SqlRow[][];
  /** From the request to the parsed answer. */
  elapsedMs: number;
  /** True if it came by a socket: asking often costs little. */
  isBySocket: boolean;
}

interface RequestLimits {
  signal?: AbortSignal | undefined;
  timeoutMs: number;
}

/** The kinds of error, the least specific first. */
export const KINDS_BY_SPECIFICITY = [
  "unreachable",
  "busy",
  "notLibsql",
  "queryFailed",
  "corsBlocked",
  "refused",
  "expired",
  "tooLarge",
] as const;
export type DatabaseErrorKind = (typeof KINDS_BY_SPECIFICITY)[number];

/** Why a database gave no rows. The message is for the reader. */
export class DatabaseError extends Error {
  constructor(
    readonly kind: DatabaseErrorKind,
    message: string,
  ) {
    super(message);
  }
}

const PROBE_TIMEOUT_MS = 2_000;

/** Whatever runs queries: a client, or a test's fake. */
export interface Database {
  readonly host: string;
  /** Run every step. Rejects with a `DatabaseError`, or with the reason of the aborted signal. */
  run(steps: Step[], limits: RequestLimits): Promise<BatchAnswer>;
}

/** One database on a libSQL server, read with a token. */
export class HranaClient implements Database {
  readonly host: string;
  private readonly url: URL;

  constructor(
    url: string,
    private readonly token: string,
    private readonly socket: HranaSocket | null = null,
  ) {
    this.url = new URL(url.endsWith("/") ? url : `${url}/`);
    this.host = this.url.host;
  }

  async run(steps: Step[], { signal, timeoutMs }: RequestLimits): Promise<BatchAnswer> {
    const abort = new AbortController();
    const cancel = () => abort.abort();
    const timer = setTimeout(() => {
      cancel();
      this.socket?.dropIfSilent();
    }, timeoutMs);
    signal?.addEventListener("abort", cancel);
    const started = performance.now();
    try {
      const bySocket = (await this.socket?.run(steps, abort.signal)) ?? null;
      const result = bySocket ?? (await this.post(steps, abort.signal));
      const elapsedMs = bySocket?.elapsedMs ?? performance.now() - started;
      return { steps: this.readRows(result), elapsedMs, isBySocket: bySocket !== null };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DatabaseError) throw error;
      throw await this.errorOfNetwork(abort.signal.aborted);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    }
  }

  private async post(steps: Step[], signal: AbortSignal): Promise<Result | undefined> {
    const response = await fetch(new URL("v3/pipeline", this.url), {
      method: "POST",
      body: JSON.stringify({ requests: [{ type: "batch", batch: batchOf(steps) }, { type: "close" }] }),
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal,
    });
    const text = await response.text();
    if (!response.ok) throw this.errorOfStatus(response.status, text);
    try {
      return (JSON.parse(text) as { results: Result[] }).results[0];
    } catch {
      return undefined; // not JSON
    }
  }

  private errorOfStatus(status: number, text: string): DatabaseError {
    if (status === 401 || status === 403) {
      const expiry = tokenExpiry(this.token);
      if (/expired/i.test(text) || (expiry !== null && expiry.getTime() < Date.now())) {
        return new DatabaseError("expired", words.errors.expired(expiry?.toLocaleDateString(locale()) ?? ""));
      }
      return new DatabaseError("refused", words.errors.refused(this.host));
    }
    if (status === 429 || status >= 500)
      return new DatabaseError("busy", words.errors.busy(this.host, status));
    return new DatabaseError("notLibsql", words.errors.notLibsql(this.host));
  }

  private readRows(result: Result | undefined): SqlRow[][] {
    if (result && "error" in result) throw this.errorOfQuery(result.error);
    const batch = result?.response?.result;
    if (!batch?.step_errors || !batch.step_results) {
      throw new DatabaseError("notLibsql", words.errors.notLibsql(this.host));
    }
    const error = batch.step_errors.find((stepError) => stepError !== null);
    if (error) throw this.errorOfQuery(error);
    return rowsOf(batch);
  }

  private errorOfQuery(error: SqlError): DatabaseError {
    if (isTooLarge(error)) return new DatabaseError("tooLarge", words.errors.tooLarge);
    return new DatabaseError("queryFailed", words.errors.queryFailed(this.host, error.message));
  }

  /**
   * Tell a server that refuses this page (CORS) from one that does not answer.
   *
   * The browser reports both alike. A `no-cors` request succeeds in the first case alone.
   */
  private async errorOfNetwork(timedOut: boolean): Promise<DatabaseError> {
    const unreachable = new DatabaseError("unreachable", words.errors.unreachable(this.host));
    if (timedOut) return unreachable;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), PROBE_TIMEOUT_MS);
    try {
      await fetch(new URL("health", this.url), { mode: "no-cors", cache: "no-store", signal: abort.signal });
      return new DatabaseError("corsBlocked", words.errors.corsBlocked(this.host));
    } catch {
      return unreachable;
    } finally {
      clearTimeout(timer);
    }
  }
}
