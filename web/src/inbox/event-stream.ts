import { backoffMs } from "./backoff.ts";
import type { Listener, Subscription, Summary } from "./source.ts";

/** Live arrivals by server-sent events; comes back by itself, from the last message it heard of. */
export class Stream implements Subscription {
  private events: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private readonly online = () => this.retry();
  private readonly offline = () => this.lose();

  constructor(
    private readonly url: URL,
    private after: number,
    private readonly listener: Listener,
  ) {
    addEventListener("online", this.online);
    addEventListener("offline", this.offline);
    this.connect();
  }

  retry(): void {
    if (this.events) return;
    this.connect();
  }

  stop(): void {
    removeEventListener("online", this.online);
    removeEventListener("offline", this.offline);
    this.close();
  }

  private connect(): void {
    this.close();
    this.listener.changed({ kind: "connecting" });
    const url = new URL(this.url);
    url.searchParams.set("after", String(this.after));
    const events = new EventSource(url);
    events.addEventListener("open", () => {
      this.attempt = 0;
      this.listener.changed({ kind: "live" });
    });
    events.addEventListener("message", (event) => this.take(event));
    // The browser would come back by itself, but unseen, and not at all after an answer other than 200.
    events.addEventListener("error", () => this.lose());
    this.events = events;
  }

  private take(event: MessageEvent<string>): void {
    const message = JSON.parse(event.data) as Summary;
    if (message.id <= this.after) return;
    this.after = message.id;
    this.listener.arrived(message);
  }

  private lose(): void {
    this.close();
    const delay = backoffMs(this.attempt++);
    this.timer = setTimeout(() => this.connect(), delay);
    this.listener.changed({ kind: "waiting", retryAt: Date.now() + delay });
  }

  private close(): void {
    clearTimeout(this.timer);
    this.events?.close();
    this.events = null;
  }
}
