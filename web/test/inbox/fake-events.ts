import { mock } from "node:test";
import type { OpenEvents } from "../../src/inbox/shared-stream.ts";

/** An EventSource whose server is the test. */
export class FakeEvents extends EventTarget {
  isClosed = false;

  constructor(
    readonly url: string,
    readonly keys: string[] = [],
  ) {
    super();
  }

  close(): void {
    this.isClosed = true;
  }

  /** What it asked for, as `address after`. */
  get asked(): string[] {
    const query = new URL(this.url).searchParams;
    const after = query.getAll("after");
    return query.getAll("address").map((address, place) => `${address} ${after[place]}`);
  }

  accept(): void {
    this.dispatchEvent(new Event("open"));
  }

  fail(): void {
    this.dispatchEvent(new Event("error"));
  }

  /** Send the message with an id, at a position such as `3,0`. */
  send(id: number, position: string): void {
    if (this.isClosed) return;
    const event = Object.assign(new Event("message"), {
      data: JSON.stringify({ id }),
      lastEventId: position,
    });
    this.dispatchEvent(event);
  }
}

/** Collect the connections that are opened. */
export function fakeServer(): { opened: FakeEvents[]; open: OpenEvents; last: () => FakeEvents } {
  const opened: FakeEvents[] = [];
  const open = (url: string, keys: string[]) => {
    const events = new FakeEvents(url, keys);
    opened.push(events);
    return events;
  };
  return { opened, open, last: () => opened[opened.length - 1] as FakeEvents };
}

export function useFakeTimers(): void {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
}

export function pass(ms: number): void {
  mock.timers.tick(ms);
}
