import { backoffMs } from "../inbox/backoff.ts";
import {
  type ArrivalListener,
  type LiveState,
  SourceError,
  type Subscription,
  type Summary,
} from "../inbox/source.ts";

const VISIBLE_MS = 2_000;
const HIDDEN_MS = 15_000;

export interface Arrivals {
  /** Messages after an id, oldest first. */
  messages: Summary[];
  /** True if others may follow. */
  more: boolean;
  /** Older messages that have a summary by now. */
  summarised: Summary[];
}

/**
 * Finds new messages by polling, one request at a time. Polls at once when the page becomes
 * visible.
 */
export class Polling implements Subscription {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isPolling = false;
  private stopped = false;
  private attempt = 0;
  private state: LiveState["kind"] | null = null;
  private readonly pollIfVisible = () => {
    if (!document.hidden) this.retry();
  };

  constructor(
    private readonly fetchAfter: (after: number) => Promise<Arrivals>,
    private after: number,
    private readonly listener: ArrivalListener,
  ) {
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
    removeEventListener("focus", this.pollIfVisible);
    removeEventListener("online", this.pollIfVisible);
    document.removeEventListener("visibilitychange", this.pollIfVisible);
  }

  private async poll(): Promise<void> {
    this.isPolling = true;
    let waitMs: number;
    try {
      const more = await this.deliverArrivals();
      this.attempt = 0;
      waitMs = more ? 0 : document.hidden ? HIDDEN_MS : VISIBLE_MS;
      if (this.state !== "live") this.setState({ kind: "live" });
    } catch (error) {
      if (!(error instanceof SourceError)) console.error(error);
      waitMs = backoffMs(this.attempt++);
      this.setState({ kind: "waiting", retryAt: Date.now() + waitMs });
    } finally {
      this.isPolling = false;
    }
    if (!this.stopped) this.timer = setTimeout(() => this.retry(), waitMs);
  }

  private async deliverArrivals(): Promise<boolean> {
    const { messages, more, summarised } = await this.fetchAfter(this.after);
    for (const message of messages) {
      if (this.stopped || message.id <= this.after) continue;
      this.after = message.id;
      this.listener.arrived(message);
    }
    if (!this.stopped) for (const message of summarised) this.listener.updated?.(message);
    return more;
  }

  private setState(state: LiveState): void {
    this.state = state.kind;
    if (!this.stopped) this.listener.changed(state);
  }
}
