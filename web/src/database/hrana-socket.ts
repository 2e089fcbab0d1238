/**
 * The part of Hrana over a WebSocket, versions 2 and 3, that a reader needs: batches of queries.
 *
 * A batch takes one round trip. By `fetch` it takes two, as each is preflighted (CORS).
 *
 * An open stream holds one of the server's connections to its file, of which sqld has 128 for all
 * readers. So no page keeps a stream for long, however long its socket stays open.
 */
import { backoffMs } from "../inbox/backoff.ts";
import { batchOf, isTooLarge, type Result, type Step } from "./hrana-batch.ts";
import type { ClientMessage, HranaRequest, ServerMessage, SqlText } from "./hrana-message.ts";
import { decodeMessage, encodeMessage } from "./hrana-protobuf.ts";
import { tokenExpiry } from "./token.ts";

/** The server chooses one that it knows. */
const PROTOCOLS = ["hrana3-protobuf", "hrana3", "hrana2"];
/** A reader's next question often follows within this time. To open a stream costs the server a query's time. */
const STREAM_KEPT_MS = 1_000;
/** Batches wait so long for a socket that is being opened. Then they go by `fetch`. */
const OPENING_MAX_MS = 2_500;
/** The server keeps so many statements for a socket, which are sent by their number from then on. */
const STORED_MAX = 50;

/** An answer too old for this is asked for again: mail may have been deleted since. */
const AHEAD_MAX_MS = 10_000;

/** An answer by a socket, and the time from the question to it. */
export type TimedResult = Result & { elapsedMs: number };

/** A batch that was asked before the page's code had come, for that code to ask again. */
interface AheadBatch {
  /** The steps, as JSON. */
  asked: string;
  abort: AbortController;
  answer: Promise<TimedResult | null>;
  answeredAt: number;
}

/** One socket at a time, opened when it is needed. It reports no errors: who gets null uses `fetch`. */
export class HranaSocket {
  private socket: WebSocket | null = null;
  private opened: Promise<boolean> = Promise.resolve(false);
  private openBy = 0;
  private readonly waiting = new Map<number, (result: Result | null) => void>();
  private readonly stored = new Map<string, number>();
  private lastRequest = 0;
  private lastStream = 0;
  /** The stream that is kept for the reader's next question. */
  private kept: number | null = null;
  private closing: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private retryAt = 0;
  /** Whether this socket has brought an answer. One that has is replaced at once: proxies close what is idle. */
  private hasAnswered = false;
  private ahead: AheadBatch | null = null;
  /** How long the batch that was asked ahead took; null before its answer. */
  aheadMs: number | null = null;

  /** `url` is that of the database, https: or http:. */
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  /** Open the socket, and ask for what the page is going to ask first. `steps` may be empty. */
  askAhead(steps: Step[]): void {
    const abort = new AbortController();
    if (steps.length === 0) return void this.ready(abort.signal);
    const answer = this.askNow(steps, abort.signal);
    const ahead = { asked: JSON.stringify(steps), abort, answer, answeredAt: Infinity };
    this.ahead = ahead;
    void answer.then((result) => {
      ahead.answeredAt = Date.now();
      this.aheadMs = result?.elapsedMs ?? null;
    });
  }

  /**
   * Run every step. Resolve to null if there is no socket, or it breaks, or `signal` is aborted.
   *
   * The first call takes over the answer that was asked ahead, if it asks for exactly the same, or
   * else drops that answer.
   */
  async run(steps: Step[], signal: AbortSignal): Promise<TimedResult | null> {
    const { ahead } = this;
    this.ahead = null;
    if (ahead?.asked === JSON.stringify(steps) && Date.now() - ahead.answeredAt <= AHEAD_MAX_MS) {
      const give = () => ahead.abort.abort();
      signal.addEventListener("abort", give);
      if (signal.aborted) give();
      const result = await ahead.answer;
      signal.removeEventListener("abort", give);
      if (result || signal.aborted) return result;
    } else ahead?.abort.abort();
    return this.askNow(steps, signal);
  }

  private async askNow(steps: Step[], signal: AbortSignal): Promise<TimedResult | null> {
    if (!(await this.ready(signal))) return null;
    return new Promise((resolve) => {
      const askedAt = performance.now();
      const id = this.ask(steps);
      const give = () => this.settle(id, null);
      this.waiting.set(id, (result) => {
        signal.removeEventListener("abort", give);
        resolve(result && { ...result, elapsedMs: performance.now() - askedAt });
      });
      signal.addEventListener("abort", give);
      if (signal.aborted) give();
    });
  }

  /** Resolve to true as soon as there is an open socket. Open one if it is time to. */
  private ready(signal: AbortSignal): Promise<boolean> {
    const expiry = tokenExpiry(this.token);
    // Servers look at a token once for each socket.
    if (expiry && expiry.getTime() < Date.now()) this.close();
    else if (!this.socket && Date.now() >= this.retryAt) this.open();
    return this.socket ? this.waitOpen(signal) : Promise.resolve(false);
  }

  /** Close a socket that has not answered in time, unless an answer is under way that may be large. */
  dropIfSilent(): void {
    if (this.waiting.size === 0) this.close();
  }

  /** Close the socket. What waits for an answer gets null. The next batch opens another. */
  close(): void {
    const { socket } = this;
    this.socket = null;
    this.stored.clear();
    this.kept = null;
    clearTimeout(this.closing);
    socket?.close();
    for (const id of [...this.waiting.keys()]) this.settle(id, null);
  }

  private open(): void {
    const socket = new WebSocket(this.url.replace(/^http/, "ws"), PROTOCOLS);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.hasAnswered = false;
    this.openBy = Date.now() + OPENING_MAX_MS;
    this.opened = new Promise((resolve) => {
      socket.addEventListener("open", () => {
        if (this.socket !== socket) return;
        this.send({ type: "hello", jwt: this.token });
        resolve(true);
      });
      socket.addEventListener("close", () => {
        resolve(false);
        if (this.socket !== socket) return;
        if (!this.hasAnswered) this.retryAt = Date.now() + backoffMs(this.attempt++);
        this.close();
      });
    });
    socket.addEventListener("message", ({ data }) => {
      if (this.socket === socket) this.receive(data as string | ArrayBuffer);
    });
  }

  private async waitOpen(signal: AbortSignal): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const { socket } = this;
    const isOpen = await Promise.race([
      this.opened,
      new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), this.openBy - Date.now());
        signal.addEventListener("abort", () => resolve(false));
      }),
    ]);
    clearTimeout(timer);
    return isOpen && this.socket === socket;
  }

  private receive(data: string | ArrayBuffer): void {
    const answer = readMessage(data);
    if (answer.type === "response_ok") {
      this.attempt = 0;
      this.hasAnswered = true;
      this.settle(answer.request_id, { type: "ok", response: answer.response as never });
    } else if (answer.type === "response_error" && isTooLarge(answer.error)) {
      this.settle(answer.request_id, answer);
    } else if (answer.type !== "hello_ok") {
      // The token is refused, or the stream is gone: `fetch` tells why.
      this.retryAt = Date.now() + backoffMs(this.attempt++);
      this.close();
    }
  }

  /** Send a batch in a stream; return the request's number. All frames of it go out together. */
  private ask(steps: Step[]): number {
    const stream = this.kept ?? ++this.lastStream;
    if (this.kept === null) this.request({ type: "open_stream", stream_id: stream });
    const id = this.request({ type: "batch", stream_id: stream, batch: batchOf(steps, this.sqlOf) });
    if (steps.length > 1) {
      this.kept = stream;
      clearTimeout(this.closing);
      this.closing = setTimeout(() => this.closeStream(stream), STREAM_KEPT_MS);
    } else if (this.kept === null) this.closeStream(stream); // a small question, of which many are asked
    return id;
  }

  private closeStream(stream: number): void {
    this.kept = null;
    this.request({ type: "close_stream", stream_id: stream });
  }

  private settle(id: number, result: Result | null): void {
    const resolve = this.waiting.get(id);
    this.waiting.delete(id);
    resolve?.(result);
  }

  /** Return a statement as it is sent: by its number, once the server has it. */
  private readonly sqlOf = (sql: string): SqlText => {
    let id = this.stored.get(sql);
    if (id === undefined) {
      if (this.stored.size === STORED_MAX) return { sql };
      id = this.stored.size;
      this.stored.set(sql, id);
      this.request({ type: "store_sql", sql_id: id, sql });
    }
    return { sql_id: id };
  };

  private request(request: HranaRequest): number {
    const id = this.lastRequest++;
    this.send({ type: "request", request_id: id, request });
    return id;
  }

  private send(message: ClientMessage): void {
    const isBinary = this.socket?.protocol === PROTOCOLS[0];
    this.socket?.send(isBinary ? encodeMessage(message) : JSON.stringify(message));
  }
}

/** What cannot be read ends the socket, as a refusal does. */
function readMessage(data: string | ArrayBuffer): ServerMessage {
  try {
    if (typeof data !== "string") return decodeMessage(new Uint8Array(data));
    return JSON.parse(data) as ServerMessage;
  } catch {
    return { type: "hello_error" };
  }
}
