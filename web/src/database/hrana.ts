/** Hrana over HTTP, version 3, as far as a reader needs it: batches of queries, one request each. */
import { locale } from "../languages/dictionary.ts";
import { expiryOf } from "./token.ts";
import { words } from "./words.ts";

export type Value = string | number | Uint8Array | null;
export type Row = Value[];

export interface Step {
  sql: string;
  args?: (string | number)[];
}

export interface Answer {
  /** The rows of each step. */
  steps: Row[][];
  /** From asking to the parsed answer, in milliseconds, as a developer console would tell it. */
  ms: number;
}

export interface Patience {
  signal?: AbortSignal | undefined;
  timeoutMs: number;
}

/** In the order in which they tell a person more, the least first. */
export const KINDS = [
  "unreachable",
  "busy",
  "stranger",
  "failed",
  "closed",
  "refused",
  "expired",
  "tooLarge",
] as const;
export type TroubleKind = (typeof KINDS)[number];

/** Why a database gave no rows, in words. */
export class Trouble extends Error {
  constructor(
    readonly kind: TroubleKind,
    message: string,
  ) {
    super(message);
  }
}

const PROBE_MS = 2_000;

interface SqlError {
  message: string;
  code?: string;
}
interface StepResult {
  rows: Record<string, unknown>[][];
}
interface BatchResult {
  step_results: (StepResult | null)[];
  step_errors: (SqlError | null)[];
}
type Result = { type: "ok"; response: { result: BatchResult } } | { type: "error"; error: SqlError };

/** What can be asked for rows. */
export interface Database {
  readonly host: string;
  /** Run every step. Rejects with a `Trouble`, or with the signal's reason where the caller gave up. */
  run(steps: Step[], patience: Patience): Promise<Answer>;
}

/** One database on a libSQL server, read with a token. */
export class Hrana implements Database {
  readonly host: string;
  private readonly url: URL;

  constructor(
    url: string,
    private readonly token: string,
  ) {
    this.url = new URL(url.endsWith("/") ? url : `${url}/`);
    this.host = this.url.host;
  }

  async run(steps: Step[], { signal, timeoutMs }: Patience): Promise<Answer> {
    const batch = {
      steps: steps.map(({ sql, args = [] }) => ({ stmt: { sql, args: args.map(writeValue) } })),
    };
    const body = JSON.stringify({ requests: [{ type: "batch", batch }, { type: "close" }] });
    const abort = new AbortController();
    const end = () => abort.abort();
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener("abort", end);
    const started = performance.now();
    try {
      const text = await this.post(body, abort.signal);
      const result = this.read(text);
      return { steps: result, ms: performance.now() - started };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof Trouble) throw error;
      throw await this.explain(abort.signal.aborted);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
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
    throw this.judge(response.status, text);
  }

  private judge(status: number, text: string): Trouble {
    if (status === 401 || status === 403) {
      const expiry = expiryOf(this.token);
      if (/expired/i.test(text) || (expiry !== null && expiry.getTime() < Date.now())) {
        return new Trouble("expired", words.trouble.expired(expiry?.toLocaleDateString(locale()) ?? ""));
      }
      return new Trouble("refused", words.trouble.refused(this.host));
    }
    if (status === 429 || status >= 500) return new Trouble("busy", words.trouble.busy(this.host, status));
    return new Trouble("stranger", words.trouble.stranger(this.host));
  }

  private read(text: string): Row[][] {
    let result: Result | undefined;
    try {
      result = (JSON.parse(text) as { results: Result[] }).results[0];
    } catch {
      // Not JSON: said below.
    }
    if (result?.type === "error") throw this.fail(result.error);
    const batch = result?.response?.result;
    if (!batch?.step_errors || !batch.step_results) {
      throw new Trouble("stranger", words.trouble.stranger(this.host));
    }
    const error = batch.step_errors.find((one) => one !== null);
    if (error) throw this.fail(error);
    return batch.step_results.map((step) => step?.rows.map((row) => row.map(readValue)) ?? []);
  }

  private fail({ message, code = "" }: SqlError): Trouble {
    if (code === "RESPONSE_TOO_LARGE" || code === "SQLITE_TOOBIG") {
      return new Trouble("tooLarge", words.trouble.tooLarge);
    }
    return new Trouble("failed", words.trouble.failed(this.host, message));
  }

  /** A browser does not tell a page that is not let in from one that nobody answers; a blind request does. */
  private async explain(timedOut: boolean): Promise<Trouble> {
    const unreachable = new Trouble("unreachable", words.trouble.unreachable(this.host));
    if (timedOut) return unreachable;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), PROBE_MS);
    try {
      await fetch(new URL("health", this.url), { mode: "no-cors", cache: "no-store", signal: abort.signal });
      return new Trouble("closed", words.trouble.closed(this.host));
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

function readValue({ type, value, base64 }: Record<string, unknown>): Value {
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
