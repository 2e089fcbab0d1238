import { createHash, randomBytes } from "node:crypto";
import type { TestInfo } from "@playwright/test";
import type { Api } from "./api.js";
import type { Edgemail } from "./edgemail.js";
import { MailError } from "./errors.js";
import { describe, type Match, matches } from "./matching.js";
import { type CodeOptions, describeCode, describeLink, type LinkOptions, Message } from "./message.js";
import { type Baseline, explainMissing, explainUnwanted } from "./failures.js";
import { seconds } from "./wording.js";

/** Which message to wait for, and how long. */
export interface WaitOptions extends Match {
  /** In milliseconds; 10,000 unless `mailTimeout` says otherwise. */
  timeout?: number;
}

/** Which mail must not come, and until when. */
export interface NoneOptions extends Match {
  /** Run this, which ends when the app has sent all that it will send; then look once. */
  after?: () => unknown;
  /** Without `after`: watch for so many milliseconds, 500 unless given. */
  within?: number;
}

interface Search {
  timeoutMs: number;
  among: "unseen" | "all";
  /** What else must be true of the message. */
  accepts?: (message: Message) => boolean;
  /** Whether the message then counts as returned. */
  takes?: boolean;
}

const NONE_MS = 500;
/** A wait that is over takes what is there already, for so long at most. */
const GRACE_MS = 10_000;
const ATTACHED_MAX = 50;

/** An address, and the mail that comes to it. */
export class Inbox {
  readonly address: string;
  /** Opens the inbox, if it is locked: a public server shows it to nobody else. */
  readonly key: string | undefined;
  readonly #server: Edgemail;
  readonly #api: Api;
  readonly #timeoutMs: number;
  readonly #baseline: Baseline;
  /** All mail up to this id came before the test, or was returned. */
  #start: number;
  readonly #seen = new Set<number>();
  readonly #read = new Map<number, Promise<Message | undefined>>();

  private constructor(
    server: Edgemail,
    address: string,
    timeoutMs: number,
    key: string | undefined,
    api: Api,
    baseline: Baseline,
  ) {
    this.address = address;
    this.key = key;
    this.#server = server;
    this.#api = api;
    this.#timeoutMs = timeoutMs;
    this.#baseline = baseline;
    this.#start = baseline.newestId;
  }

  /** Make an inbox for what comes to an address from now on. A locked one sends its key with each request. */
  static async create(server: Edgemail, address: string, timeoutMs: number, key?: string): Promise<Inbox> {
    const api = key === undefined ? server.api : server.api.withKey(key);
    const [newest, refusals] = await Promise.all([server.api.newestOfAll(1), server.api.refusals()]);
    const newestId = newest ? (newest[0]?.id ?? 0) : await api.newestIn(address);
    return new Inbox(server, address, timeoutMs, key, api, { newestId, refusals });
  }

  /** The URL of the page that shows this inbox. A key is behind its `#`, which browsers send to nobody. */
  get pageUrl(): string {
    const key = this.key === undefined ? "" : `?key=${this.key}`;
    return `${this.#server.url}/#/${this.address}${key}`;
  }

  /** Return the address, so that `${mail}` writes it. */
  toString(): string {
    return this.address;
  }

  /** Return the oldest message that fits and was not returned before, as soon as it is there. */
  async waitForMessage(options: WaitOptions = {}): Promise<Message> {
    return this.#take("", options, () => true);
  }

  /** Wait for a message with a code, and return the code. */
  async code(options: WaitOptions & CodeOptions = {}): Promise<string> {
    const hasCode = (message: Message) => message.findCodes(options).length > 0;
    return (await this.#take(describeCode(options), options, hasCode)).code(options);
  }

  /** Wait for a message with a link, and return the link's URL. */
  async link(options: WaitOptions & LinkOptions = {}): Promise<string> {
    const hasLink = (message: Message) => message.findLinks(options).length > 0;
    return (await this.#take(describeLink(options), options, hasLink)).link(options);
  }

  /** Return all messages that came since the test began, oldest first. None counts as returned by that. */
  async messages(): Promise<Message[]> {
    const messages: Message[] = [];
    for (const { id } of await this.#api.list(this.address)) {
      const message = id > this.#baseline.newestId ? await this.#load(id) : undefined;
      if (message) messages.push(message);
    }
    return messages;
  }

  /** Fail if a message that fits, and was not returned before, is there or comes. */
  async none(options: NoneOptions = {}): Promise<void> {
    let found: Message[];
    if (options.after) {
      await options.after();
      found = (await this.messages()).filter(
        (message) => this.#isUnseen(message) && matches(message, options),
      );
    } else {
      const message = await this.#find(options, { timeoutMs: options.within ?? NONE_MS, among: "unseen" });
      found = message ? [message] : [];
    }
    if (found.length) throw new MailError(explainUnwanted(this, options, found));
  }

  /** Tell whether a message that fits came, returned before or not, and what a failure says. It stays to be waited for. */
  async hasReceived(
    match: Match,
    timeoutMs = this.#timeoutMs,
  ): Promise<{ pass: boolean; explanation: string }> {
    const found = await this.#find(match, { timeoutMs, among: "all" });
    const explanation = found
      ? explainUnwanted(this, match, [found])
      : await this.#explain("", match, timeoutMs);
    return { pass: found !== undefined, explanation };
  }

  /** Attach the messages to a test's report, as files that mail programs open. */
  async attachTo(testInfo: TestInfo): Promise<void> {
    for (const message of (await this.messages()).slice(0, ATTACHED_MAX)) {
      const body = await message.raw();
      await testInfo.attach(`mail-${message.id}.eml`, { body, contentType: "message/rfc822" });
    }
  }

  async #take(
    content: string,
    options: WaitOptions,
    accepts: (message: Message) => boolean,
  ): Promise<Message> {
    const timeoutMs = options.timeout ?? this.#timeoutMs;
    const found = await this.#find(options, { timeoutMs, among: "unseen", accepts, takes: true });
    if (!found) throw new MailError(await this.#explain(content, options, timeoutMs));
    return found;
  }

  /** Find the oldest message that fits, as soon as it is there; undefined if the time is up. */
  async #find(match: Match, search: Search): Promise<Message | undefined> {
    const deadline = performance.now() + search.timeoutMs;
    let after = search.among === "all" ? this.#baseline.newestId : this.#start;
    while (performance.now() < deadline + GRACE_MS) {
      const id = await this.#api.wait(this.address, after, Math.max(deadline - performance.now(), 0));
      if (id === undefined) return undefined;
      const message = await this.#load(id);
      const isMeant =
        message && (search.among === "all" || this.#isUnseen(message)) && matches(message, match);
      if (isMeant && (search.accepts?.(message) ?? true)) {
        // Before anything else is awaited, so that two waits at once never take the same message.
        if (search.takes) this.#seen.add(id);
        return message;
      }
      if (after === this.#start && this.#seen.has(id)) this.#start = id;
      after = id;
    }
    return undefined;
  }

  #isUnseen(message: Message): boolean {
    return !this.#seen.has(message.id);
  }

  /** Read a message once; undefined if it has been deleted meanwhile. */
  #load(id: number): Promise<Message | undefined> {
    let reading = this.#read.get(id);
    if (!reading) {
      reading = this.#api
        .read(this.address, id)
        .then((parsed) => parsed && new Message(this.#api, this.address, parsed));
      this.#read.set(id, reading);
      reading.catch(() => this.#read.delete(id));
    }
    return reading;
  }

  async #explain(content: string, match: Match, timeoutMs: number): Promise<string> {
    return explainMissing(
      `${this.address}${describe(match, content)} within ${seconds(timeoutMs)}`,
      {
        address: this.address,
        pageUrl: this.pageUrl,
        messages: await this.messages(),
        seen: this.#seen,
        baseline: this.#baseline,
      },
      this.#server,
    );
  }
}

/** Make an address that no other test has, of letters, digits and hyphens: forms refuse more. */
export function makeLocalPart(testInfo: TestInfo): string {
  const test = createHash("sha256").update(testInfo.testId).digest("hex").slice(0, 6);
  return `t-w${testInfo.parallelIndex}-${test}-${randomBytes(4).toString("hex")}`;
}
