import { backoffMs } from "../inbox/backoff.ts";
import {
  type Listener,
  type LiveState,
  SourceError,
  type Subscription,
  type Summary,
} from "../inbox/source.ts";

const VISIBLE_MS = 2_000;
const HIDDEN_MS = 15_000;

/** What has come after an id, oldest first; `more` where there may be more of it. */
export type Arrivals = { messages: Summary[]; more: boolean };

/** Arrivals by asking again and again, one question at a time; at once when somebody looks. */
export class Polling implements Subscription {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  private stopped = false;
  private attempt = 0;
  private state: LiveState["kind"] | null = null;
  private readonly look = () => {
    if (!document.hidden) this.retry();
  };

  constructor(
    private readonly ask: (after: number) => Promise<Arrivals>,
    private after: number,
    private readonly listener: Listener,
  ) {
    addEventListener("focus", this.look);
    addEventListener("online", this.look);
    document.addEventListener("visibilitychange", this.look);
    this.retry();
  }

  retry(): void {
    if (this.asking || this.stopped) return;
    clearTimeout(this.timer);
    if (this.state !== "live") this.say({ kind: "connecting" });
    void this.poll();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    removeEventListener("focus", this.look);
    removeEventListener("online", this.look);
    document.removeEventListener("visibilitychange", this.look);
  }

  private async poll(): Promise<void> {
    this.asking = true;
    let wait: number;
    try {
      const more = await this.take();
      this.attempt = 0;
      wait = more ? 0 : document.hidden ? HIDDEN_MS : VISIBLE_MS;
      if (this.state !== "live") this.say({ kind: "live" });
    } catch (error) {
      if (!(error instanceof SourceError)) console.error(error);
      wait = backoffMs(this.attempt++);
      this.say({ kind: "waiting", retryAt: Date.now() + wait });
    } finally {
      this.asking = false;
    }
    if (!this.stopped) this.timer = setTimeout(() => this.retry(), wait);
  }

  private async take(): Promise<boolean> {
    const { messages, more } = await this.ask(this.after);
    for (const message of messages) {
      if (this.stopped || message.id <= this.after) continue;
      this.after = message.id;
      this.listener.arrived(message);
    }
    return more;
  }

  private say(state: LiveState): void {
    this.state = state.kind;
    if (!this.stopped) this.listener.changed(state);
  }
}
