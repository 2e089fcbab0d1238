import { backoffMs } from "./backoff.ts";
import { type LiveState, type MailSource, SourceError, type Subscription, type Summary } from "./source.ts";

export type Phase =
  { kind: "loading" } | { kind: "ready" } | { kind: "failed"; cause: string; retryAt: number };

export interface InboxState {
  phase: Phase;
  /** Newest first, no id twice. */
  messages: readonly Summary[];
  nextBefore: number | null;
  loadingOlder: boolean;
  live: LiveState;
  /** Null where nothing is searched for. */
  search: Search | null;
}

/** What the source found; what is listed already is searched by the view, at once. */
export interface Search {
  text: string;
  busy: boolean;
  /** Why not all of it was searched; empty where it was. */
  problem: string;
  found: readonly Summary[];
  nextBefore: number | null;
}

export interface InboxEvents {
  changed(state: InboxState): void;
  arrived(message: Summary): void;
}

/** A page after the first, which is short to be quick. */
const OLDER_PAGE = 200;
const PAUSE_MS = 200;
/** As much as a source looks for. */
const SEARCH_MAX = 200;

/** One address as the page sees it: what was listed, and what has arrived since. */
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
  /** What arrived while a listing was on its way: the listing may not know it yet. */
  private meanwhile: Summary[] = [];

  constructor(
    readonly address: string,
    private readonly source: MailSource,
    private readonly events: InboxEvents,
  ) {
    void this.load();
  }

  /** List afresh, whatever state this is in. */
  reload(): void {
    this.attempt = 0;
    void this.load();
    this.subscription?.retry();
  }

  reconnect(): void {
    this.subscription?.retry();
  }

  /** Look for what has all words of `text`, as soon as typing pauses. */
  search(text: string): void {
    clearTimeout(this.searchTimer);
    const wanted = text.trim().slice(0, SEARCH_MAX);
    if (!wanted) return this.set({ search: null });
    const found = this.state.search?.found ?? [];
    this.set({ search: { text: wanted, busy: true, problem: "", found, nextBefore: null } });
    this.searchTimer = setTimeout(() => void this.searchOn(wanted, []), PAUSE_MS);
  }

  /** More of what is shown: older messages, or the next page of what was found. */
  async loadMore(): Promise<void> {
    const { search } = this.state;
    if (!search) return this.loadOlder();
    if (search.nextBefore !== null && !search.busy)
      await this.searchOn(search.text, search.found, search.nextBefore);
  }

  /** Everything, where an order needs to know everything. */
  async loadAll(): Promise<void> {
    while (this.state.nextBefore !== null && !this.state.loadingOlder && !this.stopped) {
      const before = this.state.nextBefore;
      await this.loadOlder();
      if (this.state.nextBefore === before) return;
    }
  }

  async loadOlder(): Promise<void> {
    const { nextBefore, loadingOlder } = this.state;
    if (nextBefore === null || loadingOlder) return;
    this.set({ loadingOlder: true });
    try {
      const page = await this.source.list(this.address, { before: nextBefore, limit: OLDER_PAGE });
      this.set({ messages: merge(this.state.messages, page.messages), nextBefore: page.nextBefore });
    } catch (error) {
      this.fail(error);
    } finally {
      this.set({ loadingOlder: false });
    }
  }

  /** A message that a deep link names and no listing has brought yet; false where there is none. */
  async fetch(id: number): Promise<boolean> {
    const { messages } = await this.source.list(this.address, { before: id + 1, limit: 1 });
    return messages.some((message) => message.id === id && this.keepAside(message));
  }

  /** Deep-linked messages from far below the first page, kept out of the list so that it has no holes. */
  readonly aside = new Map<number, Summary>();

  find(id: number): Summary | undefined {
    return this.state.messages.find((message) => message.id === id) ?? this.aside.get(id);
  }

  forget(id: number): void {
    this.aside.delete(id);
    const without = (messages: readonly Summary[]) => messages.filter((message) => message.id !== id);
    const { messages, search } = this.state;
    this.set({
      messages: without(messages),
      search: search && { ...search, found: without(search.found) },
    });
  }

  forgetAll(): void {
    this.aside.clear();
    this.set({ messages: [], nextBefore: null, search: null });
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.searchTimer);
    this.subscription?.stop();
  }

  private keepAside(message: Summary): boolean {
    this.aside.set(message.id, message);
    this.set({});
    return true;
  }

  private async searchOn(text: string, known: readonly Summary[], before?: number): Promise<void> {
    const { search } = this.state;
    if (search) this.set({ search: { ...search, busy: true } });
    let end: Partial<Search>;
    try {
      const range = before === undefined ? { search: text } : { search: text, before };
      const page = await this.source.list(this.address, range);
      end = { found: merge(known, page.messages), nextBefore: page.nextBefore };
    } catch (error) {
      end = { problem: error instanceof Error ? error.message : String(error) };
    }
    const now = this.state.search;
    // Something else is wanted by now: its own answer is on its way.
    if (now?.text === text) this.set({ search: { ...now, ...end, busy: false } });
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer);
    this.meanwhile = [];
    if (this.state.phase.kind === "failed") this.set({ phase: { kind: "loading" } });
    try {
      const page = await this.source.list(this.address, {});
      if (this.stopped) return;
      this.attempt = 0;
      const messages = merge(page.messages, this.meanwhile);
      this.set({ phase: { kind: "ready" }, messages, nextBefore: page.nextBefore });
      this.listen(page.messages[0]?.id ?? 0);
    } catch (error) {
      this.fail(error);
    }
  }

  private listen(after: number): void {
    if (this.subscription || this.stopped) return;
    this.subscription = this.source.subscribe(this.address, after, {
      arrived: (message) => {
        this.meanwhile.push(message);
        this.set({ messages: merge(this.state.messages, [message]) });
        this.events.arrived(message);
      },
      changed: (live) => this.set({ live }),
    });
  }

  private fail(error: unknown): void {
    if (this.stopped) return;
    if (!(error instanceof SourceError)) console.error(error);
    const delay = backoffMs(this.attempt++);
    this.timer = setTimeout(() => void this.load(), delay);
    const cause = error instanceof Error ? error.message : String(error);
    this.set({ phase: { kind: "failed", cause, retryAt: Date.now() + delay } });
  }

  private set(part: Partial<InboxState>): void {
    if (this.stopped) return;
    this.state = { ...this.state, ...part };
    this.events.changed(this.state);
  }
}

/** Both lists as one: newest first, no id twice, the later word wins. */
export function merge(known: readonly Summary[], fresh: readonly Summary[]): Summary[] {
  const byId = new Map<number, Summary>();
  for (const message of [...known, ...fresh]) byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => b.id - a.id);
}
