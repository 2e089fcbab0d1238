import { EventStream } from "./event-stream.ts";
import { hubWays } from "./hub-links.ts";
import type { MailSource } from "./source.ts";

/** Return a function that follows an inbox of the API at `base`, together with all tabs. */
export function followInboxes(base: string, workerUrl: string | undefined): MailSource["subscribe"] {
  const ways = hubWays(new URL("api/events", base).href, workerUrl);
  return (address, after, listener) => new EventStream(ways, address, after, listener);
}
