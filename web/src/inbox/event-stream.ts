import { backoffMs } from "./backoff.ts";
import type { ArrivalListener, Subscription, Summary } from "./source.ts";

/**
 * Receives new messages as server-sent events. Reconnects, and continues after the last message.
 */
export class EventStream implements Subscription {
  private events: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private readonly online = () => this.retry();
  private readonly offline = () => this.reconnectLater();

  constructor(
    private readonly url: URL,
    private after: number,
    private readonly listener: ArrivalListener,
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
    events.addEventListener("message", (event) => this.receive(event));
    // The browser would reconnect without telling us, and not at all after a status other than 200.
    events.addEventListener("error", () => this.reconnectLater());
    this.events = events;
  }

  private receive(event: MessageEvent<string>): void {
    const message = JSON.parse(event.data) as Summary;
    if (message.id <= this.after) return;
    this.after = message.id;
    this.listener.arrived(message);
  }

  private reconnectLater(): void {
    this.close();
    const delayMs = backoffMs(this.attempt++);
    this.timer = setTimeout(() => this.connect(), delayMs);
    this.listener.changed({ kind: "waiting", retryAt: Date.now() + delayMs });
  }

  private close(): void {
    clearTimeout(this.timer);
    this.events?.close();
    this.events = null;
  }
}
