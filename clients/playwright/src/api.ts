import { MailError } from "./errors.js";
import { KEY_FIELD } from "./inbox-lock.js";

/** A mailbox of an address field, decoded. Either part may be empty. */
export interface Address {
  readonly name: string;
  readonly address: string;
}

/** A one-time code that was found in a message, and why it is taken for one. */
export interface Code {
  readonly code: string;
  readonly reason: string;
}

/** A web link of a message. `reason` says why it looks like a confirmation link, or is empty. */
export interface Link {
  readonly url: string;
  readonly text: string;
  readonly reason: string;
}

/** A message of a listing, as far as the fixtures read it. */
export interface ListedMessage {
  id: number;
  date: string;
  sender: string;
  recipients: string[];
  from: string;
  subject: string;
}

/** A message taken apart, as the API gives it. */
export interface ParsedMessage extends ListedMessage {
  to: Address[];
  cc: Address[];
  bcc: Address[];
  reply_to: Address[];
  message_id: string;
  headers: { name: string; value: string; raw: string }[];
  text: string | null;
  html: string | null;
  attachments: { index: number; name: string; type: string; size: number }[];
  codes: Code[];
  links: Link[];
}

/** What the server says of itself. */
export interface ServerInfo {
  domains: string[];
  /** Where it takes mail without TLS. */
  smtp: string[];
}

/** How often SMTP has refused for a reason. */
export interface Refusal {
  code: number;
  reason: string;
  count: number;
}

interface Listing {
  messages: ListedMessage[];
  next_before: number | null;
}

const ANSWER_MS = 30_000;
/** The server ends a `wait` after 55 s. */
const WAIT_MAX_MS = 55_000;
const PAGE = 200;

/** edgemail's HTTP API, by `fetch`. Every request has a time limit. */
export class Api {
  /** The server's URL, without a slash at its end. */
  readonly url: string;
  #headers: Readonly<Record<string, string>> = {};
  readonly #explainSilence: (cause: string) => string;

  /** `explainSilence` returns what to say when no answer comes. A login in the URL is sent as Basic. */
  constructor(url: string, explainSilence: (cause: string) => string) {
    const parsed = new URL(url);
    if (parsed.username || parsed.password) {
      const login = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
      this.#headers = { Authorization: `Basic ${Buffer.from(login).toString("base64")}` };
      parsed.username = parsed.password = "";
    }
    this.url = parsed.href.replace(/\/+$/, "");
    this.#explainSilence = explainSilence;
  }

  /** Return the same API with the key of a locked inbox, which each of its requests sends. */
  withKey(key: string): Api {
    const keyed = new Api(this.url, this.#explainSilence);
    keyed.#headers = { ...this.#headers, [KEY_FIELD]: key };
    return keyed;
  }

  /** Return what the server says of itself. */
  async info(): Promise<ServerInfo> {
    return this.#json<ServerInfo>("/api/server");
  }

  /** Return what SMTP has refused since the server started; nothing where it does not tell. */
  async refusals(): Promise<Refusal[]> {
    const response = await this.#ask("/api/refusals");
    return response.ok ? ((await response.json()) as { refusals: Refusal[] }).refusals : [];
  }

  /** Return the id of the first message after the id `after`, as soon as it is there; undefined if none comes. */
  async wait(address: string, after: number, timeoutMs: number): Promise<number | undefined> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const leftMs = Math.min(Math.max(deadline - performance.now(), 0), WAIT_MAX_MS);
      const path = `${inboxPath(address)}/wait?after=${after}&timeout=${(leftMs / 1000).toFixed(3)}`;
      const answer = await this.#json<{ message?: ListedMessage }>(path, leftMs + ANSWER_MS);
      if (answer.message) return answer.message.id;
      if (performance.now() >= deadline) return undefined;
    }
  }

  /** List an inbox, oldest first. */
  async list(address: string): Promise<ListedMessage[]> {
    const messages: ListedMessage[] = [];
    let before = "";
    for (;;) {
      const path = `${inboxPath(address)}/messages?limit=${PAGE}${before}`;
      const page = await this.#json<Listing>(path);
      messages.push(...page.messages);
      if (page.next_before === null) return messages.reverse();
      before = `&before=${page.next_before}`;
    }
  }

  /** Return the id of the newest message in an inbox, 0 if it is empty. */
  async newestIn(address: string): Promise<number> {
    const page = await this.#json<Listing>(`${inboxPath(address)}/messages?limit=1`);
    return page.messages[0]?.id ?? 0;
  }

  /** Return the newest mail of all inboxes, newest first; undefined where only the operator may list it. */
  async newestOfAll(limit: number): Promise<ListedMessage[] | undefined> {
    const response = await this.#ask(`/api/messages?limit=${limit}`);
    if (!response.ok) return undefined;
    return ((await response.json()) as Listing).messages;
  }

  /** Read a message that is in an inbox; undefined if it has gone. */
  async read(address: string, id: number): Promise<ParsedMessage | undefined> {
    const path = `${inboxPath(address)}/messages/${id}`;
    const response = await this.#ask(path);
    if (response.status === 404) return undefined;
    return (await checked(response, path)).json() as Promise<ParsedMessage>;
  }

  /** Return a message as it came, or one of its parts: `raw`, `attachments/0`. */
  async bytes(address: string, id: number, part: string): Promise<Buffer> {
    const path = `${inboxPath(address)}/messages/${id}/${part}`;
    return Buffer.from(await (await checked(await this.#ask(path), path)).arrayBuffer());
  }

  async #json<Answer>(path: string, timeoutMs = ANSWER_MS): Promise<Answer> {
    return (await checked(await this.#ask(path, timeoutMs), path)).json() as Promise<Answer>;
  }

  async #ask(path: string, timeoutMs = ANSWER_MS): Promise<Response> {
    const signal = AbortSignal.timeout(Math.ceil(timeoutMs));
    try {
      return await fetch(this.url + path, { headers: this.#headers, signal });
    } catch (error) {
      throw new MailError(this.#explainSilence(causeOf(error)));
    }
  }
}

function inboxPath(address: string): string {
  return `/api/inboxes/${encodeURIComponent(address)}`;
}

async function checked(response: Response, path: string): Promise<Response> {
  if (response.ok) return response;
  const text = (await response.text()).slice(0, 1000);
  let detail = text;
  try {
    detail = (JSON.parse(text) as { detail?: string }).detail ?? text;
  } catch {
    // Whatever answered is no edgemail: say what it said.
  }
  throw new MailError(`edgemail answered ${response.status} to ${path}: ${detail}`);
}

/** Return why a request failed: `fetch` itself says no more than "fetch failed". */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = (cause as NodeJS.ErrnoException).code;
  return code === "ECONNREFUSED" ? "connection refused" : cause.message || String(code);
}
