/**
 * The part of Hrana over HTTP, version 3, that a reader needs: batches of queries, one request
 * each.
 */
import { locale } from "../languages/dictionary.ts";
import { tokenExpiry } from "./token.ts";
import { words } from "./words.ts";

type SqlValue = string | number | Uint8Array | null;
export type SqlRow = SqlValue[];

export interface Step {
  sql: string;
  args?: (string | number)[];
}

export interface BatchAnswer {
  /** The rows of each step. */
  steps: SqlRow[][];
  /** From the request to the parsed answer. */
  elapsedMs: number;
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

interface SqlError {
  message: string;
  code?: string;
}
interface StepResult {
  rows: Record<string, unknown>[][];
}
interface HranaBatch {
  step_results: (StepResult | null)[];
  step_errors: (SqlError | null)[];
}
type Result = { type: "ok"; response: { result: HranaBatch } } | { type: "error"; error: SqlError };

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
  ) {
    this.url = new URL(url.endsWith("/") ? url : `${url}/`);
    this.host = this.url.host;
  }

  async run(steps: Step[], { signal, timeoutMs }: RequestLimits): Promise<BatchAnswer> {
    const batch = {
      steps: steps.map(({ sql, args = [] }) => ({ stmt: { sql, args: args.map(writeValue) } })),
    };
    const body = JSON.stringify({ requests: [{ type: "batch", batch }, { type: "close" }] });
    const abort = new AbortController();
    const cancel = () => abort.abort();
    const timer = setTimeout(cancel, timeoutMs);
    signal?.addEventListener("abort", cancel);
    const started = performance.now();
    try {
      const text = await this.post(body, abort.signal);
      const rows = this.readRows(text);
      return { steps: rows, elapsedMs: performance.now() - started };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DatabaseError) throw error;
      throw await this.errorOfNetwork(abort.signal.aborted);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    }
  }

  private async post(body: string, signal: AbortSignal): Promise<string> {
    const response = await fetch(new URL("v3/pipeline", this.url), {
      method: "POST",
      body,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal,
    });
    const text = await response.text();
    if (response.ok) return text;
    throw this.errorOfStatus(response.status, text);
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

  private readRows(text: string): SqlRow[][] {
    let result: Result | undefined;
    try {
      result = (JSON.parse(text) as { results: Result[] }).results[0];
    } catch {
      // Not JSON: `result` stays undefined.
    }
    if (result?.type === "error") throw this.errorOfQuery(result.error);
    const batch = result?.response?.result;
    if (!batch?.step_errors || !batch.step_results) {
      throw new DatabaseError("notLibsql", words.errors.notLibsql(this.host));
    }
    const error = batch.step_errors.find((stepError) => stepError !== null);
    if (error) throw this.errorOfQuery(error);
    return batch.step_results.map((step) => step?.rows.map((row) => row.map(readValue)) ?? []);
  }

  private errorOfQuery({ message, code = "" }: SqlError): DatabaseError {
    if (code === "RESPONSE_TOO_LARGE" || code === "SQLITE_TOOBIG") {
      return new DatabaseError("tooLarge", words.errors.tooLarge);
    }
    return new DatabaseError("queryFailed", words.errors.queryFailed(this.host, message));
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

function writeValue(value: string | number) {
  return typeof value === "number" ? { type: "integer", value: String(value) } : { type: "text", value };
}

function readValue({ type, value, base64 }: Record<string, unknown>): SqlValue {
  if (type === "integer" || type === "float") return Number(value);
  if (type === "text") return String(value);
  return type === "blob" ? readBase64(String(base64)) : null;
}

function readBase64(text: string): Uint8Array {
  const binary = atob(text);
  const octets = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) octets[at] = binary.charCodeAt(at);
  return octets;
}
