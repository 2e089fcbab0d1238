import type { LiveState, Summary } from "./source.ts";

/** What a follower tells the hub, which follows the inboxes of all tabs. */
export type FollowerMessage =
  /**
   * Follow this address from the id `after` on; or, if the hub does so already: still here. `key` opens
   * a locked inbox.
   */
  | { kind: "here"; address: string; after: number; key?: string | undefined }
  /** Connect now instead of waiting. */
  | { kind: "retry" }
  /** The browser says that there is no network. */
  | { kind: "offline" }
  | { kind: "leave" };

/** What the hub tells a follower. A message may come twice. */
export type HubMessage =
  | { kind: "arrived"; message: Summary }
  /** Also the answer to `here`. */
  | { kind: "changed"; state: LiveState }
  /** There is a new hub, which knows no follower: answer with `here`. */
  | { kind: "who" };

/** A follower's line to the hub. */
export interface HubLink {
  send(message: FollowerMessage): void;
  close(): void;
}
