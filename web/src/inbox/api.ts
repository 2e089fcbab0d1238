import { Stream } from "./event-stream.ts";
import { words } from "../languages/dictionary.ts";
import {
  type FailureKind,
  type Listener,
  type MailSource,
  type Page,
  type Progress,
  type Range,
  type ServerInfo,
  SourceError,
  type Subscription,
  type Summary,
} from "./source.ts";

/** A smaller message is there before a reader has read how much of it is. */
const COUNTED_ABOVE = 1_000_000;

interface PageBody {
  messages: Summary[];
  next_before: number | null;
}

interface ServerBody {
  version: string;
  domains: string[];
  retention: { max_age_s: number | null };
  smtp: string[];
  read_only: boolean;
}

/** edgemail's own JSON API, on the server that served the page. */
export class ApiSource implements MailSource {
  constructor(private readonly base: string) {}

  /** Gone once the server has said that it only reads. */
  remove?: (id: number) => Promise<void> = (id) => this.delete(id);
  removeAll?: (address: string) => Promise<void> = (address) => this.deleteAll(address);

  async server(): Promise<ServerInfo> {
    const body = (await (await this.ask("api/server")).json()) as ServerBody;
    if (body.read_only) {
      delete this.remove;
      delete this.removeAll;
    }
    return {
      version: body.version,
      domains: body.domains,
      maxAgeSeconds: body.retention.max_age_s,
      smtp: body.smtp,
    };
  }

  async list(address: string, range: Range): Promise<Page> {
    const query = new URLSearchParams({ limit: String(range.limit ?? 50) });
    if (range.before !== undefined) query.set("before", String(range.before));
    if (range.search) query.set("search", range.search);
    const response = await this.ask(`${inboxPath(address)}/messages?${query}`);
    const body = (await response.json()) as PageBody;
    return { messages: body.messages, nextBefore: body.next_before };
  }

  async raw(id: number, signal: AbortSignal, progress?: Progress): Promise<ArrayBuffer> {
    const response = await this.ask(`api/messages/${id}/raw`, { signal });
    const whole = Number(response.headers.get("content-length"));
    const counted =
      progress && whole > COUNTED_ABOVE ? count(response, (done) => progress(done, whole)) : response;
    try {
      return await counted.arrayBuffer();
    } catch (error) {
      if (signal.aborted) throw error;
      throw new SourceError("unreachable", words.trouble.server);
    }
  }

  private async delete(id: number): Promise<void> {
    try {
      await this.ask(`api/messages/${id}`, { method: "DELETE" });
    } catch (error) {
      // Somebody else deleted it first, and gone is what was wanted.
      if (!(error instanceof SourceError && error.kind === "gone")) throw error;
    }
  }

  private async deleteAll(address: string): Promise<void> {
    await this.ask(inboxPath(address), { method: "DELETE" });
  }

  subscribe(address: string, after: number, listener: Listener): Subscription {
    return new Stream(new URL(`${inboxPath(address)}/events`, this.base), after, listener);
  }

  private async ask(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(new URL(path, this.base), { cache: "no-store", ...init });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new SourceError("unreachable", words.trouble.server);
    }
    if (response.ok) return response;
    throw new SourceError(kindOf(response.status), await detailOf(response));
  }
}

/** The same answer; tells how many octets of it have come. */
function count(response: Response, tell: (octets: number) => void): Response {
  let done = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, out) {
      done += chunk.length;
      tell(done);
      out.enqueue(chunk);
    },
  });
  return new Response(response.body?.pipeThrough(counter));
}

function inboxPath(address: string): string {
  return `api/inboxes/${encodeURIComponent(address)}`;
}

function kindOf(status: number): FailureKind {
  if (status === 404 || status === 410) return "gone";
  return status < 500 ? "refused" : "broken";
}

async function detailOf(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { detail?: unknown; title?: unknown };
    const detail = problem.detail ?? problem.title;
    if (typeof detail === "string" && detail) return detail;
  } catch {
    // No problem document: the status says what there is to say.
  }
  return words.trouble.answer(`${response.status} ${response.statusText}`);
}
