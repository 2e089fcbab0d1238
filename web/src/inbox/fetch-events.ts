/** What a stream of events is to its reader: an `EventSource`, or what stands for one. */
export interface EventLine {
  addEventListener(kind: string, listener: (event: Event) => void): void;
  close(): void;
}

/** Reads server-sent events by `fetch`: an `EventSource` sends no key. It does not connect again. */
export class FetchEvents extends EventTarget {
  private readonly stopper = new AbortController();

  constructor(url: string, keys: string[]) {
    super();
    void this.read(url, keys.join(", "));
  }

  close(): void {
    this.stopper.abort();
  }

  private async read(url: string, keys: string): Promise<void> {
    const { signal } = this.stopper;
    try {
      const headers = { "x-inbox-key": keys, accept: "text/event-stream" };
      const response = await fetch(url, { headers, signal, cache: "no-store" });
      if (!response.ok || !response.body) throw new Error(response.statusText);
      this.dispatchEvent(new Event("open"));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ;) {
        const { done, value } = await reader.read();
        if (done) break;
        const events = (text + value).split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) this.tell(event);
      }
    } catch {
      // Whoever listens hears of it below.
    }
    if (!signal.aborted) this.dispatchEvent(new Event("error"));
  }

  /** The server writes each field on one line. A comment has no data. */
  private tell(event: string): void {
    const fields = new Map(event.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    const data = fields.get("data");
    if (data) this.dispatchEvent(new MessageEvent("message", { data, lastEventId: fields.get("id") ?? "" }));
  }
}
