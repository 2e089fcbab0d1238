import { causeOf } from "../ui/cause.ts";
import { isLocked } from "./address.ts";
import { backoffMs } from "./backoff.ts";
import { type LiveState, type MailSource, SourceError, type Subscription, type Summary } from "./source.ts";

/** `locked` waits for a key: to ask again without one is a miss. */
type LoadPhase =
  { kind: "loading" | "ready" | "locked" } | { kind: "failed"; cause: string; retryAt: number };

export interface InboxState {
  phase: LoadPhase;
  /** Newest first, no id twice. */
  messages: readonly Summary[];
  nextBefore: number | null;
  loadingOlder: boolean;
  live: LiveState;
  /** Null if there is no search. */
  search: SearchState | null;
}

/** The source's results. Messages that are listed already are searched by the view, at once. */
interface SearchState {
  text: string;
  busy: boolean;
  /** Why the search is incomplete; empty if it is not. */
  problem: string;
  found: readonly Summary[];
  nextBefore: number | null;
}

interface InboxEvents {
  changed(state: InboxState): void;
  arrived(message: Summary): void;
}

/** The first page is smaller (the source's default), to be quick. */
const OLDER_PAGE_SIZE = 200;
const TYPING_PAUSE_MS = 60;
/** The longest search text that a source takes. */
const MAX_SEARCH_CHARS = 200;

/** The state of one inbox: the messages that were listed, and those that arrived since. */
export class Inbox {
  state: InboxState = {
    phase: { kind: "loading" },
    messages: [],
    nextBefore: null,
    loadingOlder: false,
    live: { kind: "connecting" },
    search: null,
  };
  private subscription: Subscription | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private searchTimer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private stopped = false;
  /** The number of the last listing. A page of an earlier one is dropped: it may have what was deleted since. */
  private listing = 0;
  /** Messages that arrived while a listing was loading: the listing may not include them. */
  private arrivedWhileLoading: Summary[] = [];

  constructor(
    readonly address: string,
    private readonly source: MailSource,
    private readonly events: InboxEvents,
  ) {
    void this.load();
  }

  /** List the inbox again from the start. */
  reload(): void {
    this.attempt = 0;
    void this.load();
    this.subscription?.retry();
  }

  reconnect(): void {
    this.subscription?.retry();
  }

  /** Search for messages with all words of `text`, once typing pauses. */
  search(text: string): void {
    clearTimeout(this.searchTimer);
    const wanted = text.trim().slice(0, MAX_SEARCH_CHARS);
    if (!wanted) return this.update({ search: null });
    const found = this.state.search?.found ?? [];
    this.update({ search: { text: wanted, busy: true, problem: "", found, nextBefore: null } });
    this.searchTimer = setTimeout(() => void this.searchPage(wanted, []), TYPING_PAUSE_MS);
  }

  /** Load older messages, or the next page of the search. */
  async loadMore(): Promise<void> {
    const { search } = this.state;
    if (!search) return this.loadOlder();
    if (search.nextBefore !== null && !search.busy)
      await this.searchPage(search.text, search.found, search.nextBefore);
  }

  /** Load all messages, for a sort order that needs them all. */
  async loadAll(): Promise<void> {
    while (this.state.nextBefore !== null && !this.state.loadingOlder && !this.stopped) {
      const before = this.state.nextBefore;
      await this.loadOlder();
      if (this.state.nextBefore === before) return;
    }
  }

  async loadOlder(): Promise<void> {
    const { nextBefore, loadingOlder } = this.state;
    const { listing } = this;
    if (nextBefore === null || loadingOlder) return;
    this.update({ loadingOlder: true });
    try {
      const page = await this.source.list(this.address, { before: nextBefore, limit: OLDER_PAGE_SIZE });
      if (listing !== this.listing) return;
      this.update({ messages: merge(this.state.messages, page.messages), nextBefore: page.nextBefore });
    } catch (error) {
      if (listing === this.listing) this.fail(error);
    } finally {
      this.update({ loadingOlder: false });
    }
  }

  /** Load one message by its id, for a deep link. Return false if there is no such message. */
  async fetch(id: number): Promise<boolean> {
    const { messages } = await this.source.list(this.address, { before: id + 1, limit: 1 });
    return messages.some((message) => message.id === id && this.keepOutsideList(message));
  }

  /** Deep-linked messages that are older than the list. In the list they would leave a gap. */
  readonly outsideList = new Map<number, Summary>();

  find(id: number): Summary | undefined {
    return this.state.messages.find((message) => message.id === id) ?? this.outsideList.get(id);
  }

  forget(id: number): void {
    this.outsideList.delete(id);
    const removeFrom = (messages: readonly Summary[]) => messages.filter((message) => message.id !== id);
    const { messages, search } = this.state;
    this.update({
      messages: removeFrom(messages),
      search: search && { ...search, found: removeFrom(search.found) },
    });
  }

  forgetAll(): void {
    this.outsideList.clear();
    this.listing += 1;
    this.update({ messages: [], nextBefore: null, search: null });
    if (this.state.phase.kind !== "ready") void this.load();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.searchTimer);
    this.subscription?.stop();
  }

  private keepOutsideList(message: Summary): boolean {
    this.outsideList.set(message.id, message);
    this.update({});
    return true;
  }

  private async searchPage(text: string, known: readonly Summary[], before?: number): Promise<void> {
    const { search } = this.state;
    if (search) this.update({ search: { ...search, busy: true } });
    let result: Partial<SearchState>;
    try {
      let page;
      do {
        page = await this.source.list(this.address, { search: text, ...(before && { before }) });
        before = page.nextBefore ?? 0;
        // A page may have no message although more pages follow. The list would not ask for them.
      } while (!page.messages.length && before && this.isSearchingFor(text));
      result = { found: merge(known, page.messages), nextBefore: page.nextBefore };
    } catch (error) {
      result = { problem: causeOf(error) };
    }
    const now = this.state.search;
    // Drop the result if the search text has changed: that search brings its own.
    if (now?.text === text) this.update({ search: { ...now, ...result, busy: false } });
  }

  private isSearchingFor(text: string): boolean {
    return !this.stopped && this.state.search?.text === text;
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer);
    const listing = ++this.listing;
    this.arrivedWhileLoading = [];
    if (this.state.phase.kind === "failed") this.update({ phase: { kind: "loading" } });
    try {
      const page = await this.source.list(this.address, {});
      if (this.stopped || listing !== this.listing) return;
      this.attempt = 0;
      const messages = merge(page.messages, this.arrivedWhileLoading);
      this.update({ phase: { kind: "ready" }, messages, nextBefore: page.nextBefore });
      this.subscribe(page.messages[0]?.id ?? 0);
    } catch (error) {
      if (listing === this.listing) this.fail(error);
    }
  }

  private subscribe(after: number): void {
    if (this.subscription || this.stopped) return;
    this.subscription = this.source.subscribe(this.address, after, {
      arrived: (message) => {
        this.arrivedWhileLoading.push(message);
        this.update({ messages: merge(this.state.messages, [message]) });
        this.events.arrived(message);
      },
      updated: (message) => {
        if (this.outsideList.has(message.id)) this.keepOutsideList(message);
        else if (this.find(message.id)) this.update({ messages: merge(this.state.messages, [message]) });
      },
      changed: (live) => this.update({ live }),
    });
  }

  private fail(error: unknown): void {
    if (this.stopped) return;
    if (!(error instanceof SourceError)) console.error(error);
    else if (error.kind === "gone" && isLocked(this.address))
      return this.update({ phase: { kind: "locked" } });
    const delayMs = backoffMs(this.attempt++);
    this.timer = setTimeout(() => void this.load(), delayMs);
    const cause = causeOf(error);
    this.update({ phase: { kind: "failed", cause, retryAt: Date.now() + delayMs } });
  }

  private update(part: Partial<InboxState>): void {
    if (this.stopped) return;
    this.state = { ...this.state, ...part };
    this.events.changed(this.state);
  }
}

/** Merge two lists: newest first, each id once, from `fresh` if both have it. */
export function merge(known: readonly Summary[], fresh: readonly Summary[]): Summary[] {
  const byId = new Map<number, Summary>();
  for (const message of [...known, ...fresh]) byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => b.id - a.id);
}
