import { ALL_MAIL } from "./address.ts";
import { LazySubscription } from "./lazy-subscription.ts";
import { words } from "../languages/dictionary.ts";
import { load } from "../ui/storage.ts";
import {
  type FailureKind,
  type ArrivalListener,
  type MailSource,
  type MessagePage,
  type OpenMessage,
  type ProgressCallback,
  type ListQuery,
  type MailCounts,
  type ServerInfo,
  SourceError,
  type Subscription,
  type Summary,
} from "./source.ts";

interface PageBody {
  messages: Summary[];
  next_before: number | null;
}

type Follow = MailSource["subscribe"];

export interface ServerBody {
  version: string;
  domains: string[];
  retention: { max_age_s: number | null };
  smtp: string[];
  read_only: boolean;
  deletion: boolean;
  all_mail: boolean;
  locks: boolean;
  abuse_contact: string | null;
}

/** edgemail's own JSON API, on the server that served the page. */
export class ApiSource implements MailSource {
  private follow: Promise<Follow> | null = null;
  known?: ServerInfo;

  /**
   * `workerUrl` fetches the URL of the worker that follows the inboxes of all tabs. `said` is what
   * the server has said of itself already.
   */
  constructor(
    private readonly base: string,
    private readonly workerUrl?: () => Promise<string>,
    said?: ServerBody,
  ) {
    if (said) this.known = this.hear(said);
  }

  /** Removed, as is `removeAll`, once the server says that it deletes nothing. */
  remove?: (address: string, id: number) => Promise<void> = async (address, id) => {
    try {
      await this.request(`${pathOf(address)}/messages/${id}`, { method: "DELETE" });
    } catch (error) {
      // Somebody else deleted it first: the result is the same.
      if (!(error instanceof SourceError && error.kind === "gone")) throw error;
    }
  };
  removeAll?: (address: string) => Promise<void> = async (address) => {
    await this.request(address === ALL_MAIL ? "api/messages" : pathOf(address), { method: "DELETE" });
  };

  async server(): Promise<ServerInfo> {
    return this.hear((await (await this.request("api/server")).json()) as ServerBody);
  }

  private hear(body: ServerBody): ServerInfo {
    if (body.read_only || !body.deletion) {
      delete this.remove;
      delete this.removeAll;
    }
    return {
      version: body.version,
      domains: body.domains,
      listsAllMail: body.all_mail,
      locks: body.locks,
      maxAgeSeconds: body.retention.max_age_s,
      abuseContact: body.abuse_contact,
      smtp: body.smtp,
    };
  }

  async list(address: string, query: ListQuery): Promise<MessagePage> {
    this.fetchFollow().catch(() => undefined); // in parallel; who subscribes hears of a failure
    const parameters = new URLSearchParams({ limit: String(query.limit ?? 50) });
    if (query.before !== undefined) parameters.set("before", String(query.before));
    if (query.search) parameters.set("search", query.search);
    const response = await this.request(`${pathOf(address)}/messages?${parameters}`);
    const body = (await response.json()) as PageBody;
    return { messages: body.messages, nextBefore: body.next_before };
  }

  async open(
    address: string,
    id: number,
    signal: AbortSignal,
    progress?: ProgressCallback,
  ): Promise<OpenMessage> {
    const { openMessage } = await import("./api-message.ts");
    const path = `${pathOf(address)}/messages/${id}`;
    return openMessage((at, init) => this.request(at, init), path, signal, progress);
  }

  async markRead(id: number): Promise<void> {
    const body = JSON.stringify({ ids: [id], read: true });
    const headers = { "content-type": "application/json" };
    await this.request("api/messages", { method: "PATCH", headers, body });
  }

  async count(): Promise<MailCounts> {
    return (await this.request("api/counts")).json() as Promise<MailCounts>;
  }

  subscribe(address: string, after: number, listener: ArrivalListener): Subscription {
    return new LazySubscription(async () => {
      const follow = await this.fetchFollow();
      return () => follow(address, after, listener);
    }, listener);
  }

  /** Fetch what arrivals need. The first listing does not wait for it. */
  private fetchFollow(): Promise<Follow> {
    this.follow ??= Promise.all([import("./follow.ts"), this.workerUrl?.()])
      .then(([{ followInboxes }, workerUrl]) => followInboxes(this.base, workerUrl))
      .catch((error: unknown) => {
        this.follow = null; // the next call tries again
        throw error;
      });
    return this.follow;
  }

  private async request(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    const key = load<Record<string, string>>("keys", {})[path.split("/")[2]!];
    try {
      response = await fetch(new URL(path, this.base), {
        cache: "no-store",
        ...(key && { headers: { "x-inbox-key": key } }),
        ...init,
      });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new SourceError("unreachable", words.errors.unreachable);
    }
    if (response.ok) return response;
    throw new SourceError(kindOf(response.status), await detailOf(response));
  }
}

function pathOf(address: string): string {
  return address === ALL_MAIL ? "api" : `api/inboxes/${encodeURIComponent(address)}`;
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
    // Not a problem document (RFC 9457): report the status.
  }
  return words.errors.badStatus(`${response.status} ${response.statusText}`);
}
