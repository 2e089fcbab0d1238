import { backoffMs } from "../inbox/backoff.ts";
import {
  type ArrivalListener,
  type LiveState,
  SourceError,
  type Subscription,
  type Summary,
} from "../inbox/source.ts";

/** By `fetch`, which costs two round trips and some kilobytes. */
const VISIBLE_MS = 2_000;
/** While the page is hidden, and its reader wants to be notified. */
const HIDDEN_MS = 15_000;
/** By a socket: how long to wait, and for how long after the page was last used. */
const QUICK: [waitMs: number, usedWithinMs: number][] = [
  [250, 30_000],
  [500, 120_000],
  [1_000, 600_000],
];
const USES = ["pointerdown", "keydown", "focus"];

export interface Arrivals {
  /** Messages after an id, oldest first. */
  messages: Summary[];
  /** True if others may follow. */
  more: boolean;
  /** Older messages that have a summary by now. */
  summarised: Summary[];
  /** True if asking often costs little. */
  isQuick: boolean;
}

/**
 * Finds new messages by polling, one request at a time. Polls at once when the page becomes
 * visible. While it is hidden, polls only if its reader is notified of mail.
 */
export class Polling implements Subscription {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isPolling = false;
  private stopped = false;
  private attempt = 0;
  private state: LiveState["kind"] | null = null;
  private usedAt = Date.now();
  private readonly pollIfVisible = () => {
    if (!document.hidden) this.retry();
  };
  private readonly use = () => {
    const wasIdle = this.quickWaitMs() > (QUICK[0]?.[0] ?? 0);
    this.usedAt = Date.now();
    if (wasIdle) this.pollIfVisible();
  };

  constructor(
    private readonly fetchAfter: (after: number) => Promise<Arrivals>,
    private after: number,
    private readonly listener: ArrivalListener,
  ) {
    for (const use of USES) addEventListener(use, this.use);
    addEventListener("focus", this.pollIfVisible);
    addEventListener("online", this.pollIfVisible);
    document.addEventListener("visibilitychange", this.pollIfVisible);
    this.retry();
  }

  retry(): void {
    if (this.isPolling || this.stopped) return;
    clearTimeout(this.timer);
    if (this.state !== "live") this.setState({ kind: "connecting" });
    void this.poll();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const use of USES) removeEventListener(use, this.use);
    removeEventListener("focus", this.pollIfVisible);
    removeEventListener("online", this.pollIfVisible);
    document.removeEventListener("visibilitychange", this.pollIfVisible);
  }

  private async poll(): Promise<void> {
    this.isPolling = true;
    let waitMs: number;
    try {
      const { more, isQuick } = await this.deliverArrivals();
      this.attempt = 0;
      waitMs = more ? 0 : document.hidden ? HIDDEN_MS : isQuick ? this.quickWaitMs() : VISIBLE_MS;
      if (this.state !== "live") this.setState({ kind: "live" });
    } catch (error) {
      if (!(error instanceof SourceError)) console.error(error);
      waitMs = backoffMs(this.attempt++);
      this.setState({ kind: "waiting", retryAt: Date.now() + waitMs });
    } finally {
      this.isPolling = false;
    }
    if (!this.stopped) this.timer = setTimeout(() => this.tick(), waitMs);
  }

  /** Go on, or wait until the page is seen again. */
  private tick(): void {
    if (!document.hidden || globalThis.Notification?.permission === "granted") this.retry();
  }

  private quickWaitMs(): number {
    const idleMs = Date.now() - this.usedAt;
    return QUICK.find(([, usedWithinMs]) => idleMs < usedWithinMs)?.[0] ?? VISIBLE_MS;
  }

  private async deliverArrivals(): Promise<Arrivals> {
    const arrivals = await this.fetchAfter(this.after);
    const { messages, summarised } = arrivals;
    for (const message of messages) {
      if (this.stopped || message.id <= this.after) continue;
      this.after = message.id;
      this.listener.arrived(message);
    }
    if (!this.stopped) for (const message of summarised) this.listener.updated?.(message);
    if (messages.length > 0) this.usedAt = Date.now();
    return arrivals;
  }

  private setState(state: LiveState): void {
    this.state = state.kind;
    if (!this.stopped) this.listener.changed(state);
  }
}
