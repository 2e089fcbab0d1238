import type { HubWay } from "./hub-links.ts";
import type { HubLink, HubMessage } from "./hub-messages.ts";
import { keyOf } from "./inbox-keys.ts";
import type { ArrivalListener, Subscription } from "./source.ts";

/** A hub answers at once, if there is one. */
const FIRST_ANSWER_MS = 10_000;
const HERE_MS = 20_000;
const MAX_SILENT_TICKS = 2;

/**
 * Receives new messages of an inbox from the hub of all tabs. Finds another hub if that one is gone,
 * and continues after the last message.
 */
export class EventStream implements Subscription {
  private link: HubLink | null = null;
  private way = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hasAnswered = false;
  private silentTicks = 0;
  private readonly sayHere = () =>
    this.link?.send({ kind: "here", address: this.address, after: this.after, key: keyOf(this.address) });
  private readonly leave = () => this.link?.send({ kind: "leave" });
  private readonly lookAgain = () => {
    if (!document.hidden) this.retry();
  };
  private readonly online = () => this.retry();
  private readonly offline = () => this.link?.send({ kind: "offline" });

  constructor(
    private readonly ways: HubWay[],
    private readonly address: string,
    private after: number,
    private readonly listener: ArrivalListener,
  ) {
    addEventListener("online", this.online);
    addEventListener("offline", this.offline);
    addEventListener("pagehide", this.leave);
    addEventListener("pageshow", this.sayHere);
    document.addEventListener("visibilitychange", this.lookAgain);
    this.connect(false);
  }

  retry(): void {
    this.link?.send({ kind: "retry" });
  }

  stop(): void {
    removeEventListener("online", this.online);
    removeEventListener("offline", this.offline);
    removeEventListener("pagehide", this.leave);
    removeEventListener("pageshow", this.sayHere);
    document.removeEventListener("visibilitychange", this.lookAgain);
    this.disconnect();
  }

  private connect(isSilent: boolean): void {
    this.disconnect();
    this.listener.changed({ kind: "connecting" });
    this.hasAnswered = false;
    this.silentTicks = 0;
    this.timer = setTimeout(() => this.tick(), FIRST_ANSWER_MS);
    try {
      const link: HubLink = this.ways[this.way]!.connect(
        {
          receive: (message) => link === this.link && this.receive(message),
          lost: () => link === this.link && this.tryNextWay(),
        },
        isSilent,
      );
      this.link = link;
      this.sayHere();
    } catch (error) {
      console.error(error); // the browser forbids this way
      this.tryNextWay();
    }
  }

  private disconnect(): void {
    clearTimeout(this.timer);
    this.leave();
    this.link?.close();
    this.link = null;
  }

  private tryNextWay(): void {
    if (this.way + 1 < this.ways.length) {
      this.way++;
      this.connect(false);
    } else {
      this.hasAnswered = false; // the last way is tried again at the next tick
    }
  }

  private tick(): void {
    if (!this.hasAnswered) {
      if (this.way + 1 < this.ways.length) this.way++;
      return this.connect(false);
    }
    if (this.silentTicks++ === MAX_SILENT_TICKS) return this.connect(true);
    this.sayHere();
    this.timer = setTimeout(() => this.tick(), HERE_MS);
  }

  private receive(message: HubMessage): void {
    this.silentTicks = 0;
    if (!this.hasAnswered) {
      this.hasAnswered = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.tick(), HERE_MS);
    }
    if (message.kind === "who") this.sayHere();
    else if (message.kind === "changed") this.listener.changed(message.state);
    else if (message.message.id > this.after) {
      this.after = message.message.id;
      this.listener.arrived(message.message);
    }
  }
}
