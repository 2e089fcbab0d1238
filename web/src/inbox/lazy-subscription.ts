import { backoffMs } from "./backoff.ts";
import type { ArrivalListener, Subscription } from "./source.ts";

/** A subscription whose code is fetched first, again and again until that succeeds. */
export class LazySubscription implements Subscription {
  private subscription: Subscription | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private isFetching = false;
  private stopped = false;

  constructor(
    private readonly fetchCode: () => Promise<() => Subscription>,
    private readonly listener: ArrivalListener,
  ) {
    void this.start();
  }

  retry(): void {
    if (this.subscription) this.subscription.retry();
    else void this.start();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.subscription?.stop();
  }

  private async start(): Promise<void> {
    if (this.isFetching) return;
    clearTimeout(this.timer);
    this.isFetching = true;
    try {
      const subscribe = await this.fetchCode();
      if (!this.stopped) this.subscription = subscribe();
    } catch {
      if (this.stopped) return;
      const delayMs = backoffMs(this.attempt++);
      this.timer = setTimeout(() => void this.start(), delayMs);
      this.listener.changed({ kind: "waiting", retryAt: Date.now() + delayMs });
    } finally {
      this.isFetching = false;
    }
  }
}
