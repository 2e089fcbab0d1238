import { FetchEvents } from "./fetch-events.ts";
import type { FollowerMessage, HubMessage } from "./hub-messages.ts";
import { type OpenEvents, SharedStream } from "./shared-stream.ts";
import type { LiveState, Summary } from "./source.ts";

/** A browser has six connections to a host over HTTP/1.1, for everything. */
const MAX_STREAMS = 3;
const SWEEP_MS = 20_000;
/** Hidden tabs say that they are here once a minute, as browsers slow their timers. */
const MAX_SILENT_SWEEPS = 6;
const NO_ROOM_MS = 30_000;

type HereMessage = Extract<FollowerMessage, { kind: "here" }>;
type SendToFollower = (message: HubMessage) => void;

interface Follower {
  address: string;
  send: SendToFollower;
  silentSweeps: number;
}

/**
 * Follows the addresses of all tabs by as few connections as possible.
 *
 * A tab that is silent for too long is forgotten. If it was only asleep, it says later that it is
 * here, and continues after its last message. If the tabs have more addresses than the connections
 * have room for, those that somebody looked at last are followed.
 */
export class EventHub {
  /** By whatever identifies a follower; who looked last is last. */
  private readonly followers = new Map<unknown, Follower>();
  private readonly streams = new Set<SharedStream>();
  private timer: ReturnType<typeof setInterval> | undefined;

  /** `url` is that of `api/events`. */
  constructor(
    private readonly url: string,
    private readonly open: OpenEvents = (at, keys) =>
      keys.length > 0 ? new FetchEvents(at, keys) : new EventSource(at),
  ) {}

  /** Take a follower's message. `key` is the same for all of its messages. */
  receive(key: unknown, send: SendToFollower, message: FollowerMessage): void {
    if (message.kind === "here") this.hear(key, send, message);
    else if (message.kind === "retry") this.retry(key, send);
    else if (message.kind === "offline") for (const stream of this.streams) stream.lose();
    else this.forget(key);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    for (const stream of this.streams) stream.stop();
    this.streams.clear();
    this.followers.clear();
  }

  private hear(key: unknown, send: SendToFollower, { address, after, key: opener }: HereMessage): void {
    const known = this.followers.get(key);
    if (known) known.silentSweeps = 0;
    else this.followers.set(key, { address, send, silentSweeps: 0 });
    this.timer ??= setInterval(() => this.sweep(), SWEEP_MS);
    let stream = this.streamOf(address) ?? this.findRoom(address);
    if (!stream && !known) {
      this.makeRoom();
      stream = this.findRoom(address);
    }
    if (!known || !stream?.has(address)) stream?.add(address, after, opener);
    send({ kind: "changed", state: this.stateOf(address) });
  }

  private retry(key: unknown, send: SendToFollower): void {
    const follower = this.followers.get(key);
    if (!follower) return send({ kind: "who" });
    this.followers.delete(key);
    this.followers.set(key, follower);
    const stream = this.streamOf(follower.address);
    if (stream) return stream.retry();
    if (!this.findRoom(follower.address)) this.makeRoom();
    send({ kind: "who" }); // its answer says where to continue
  }

  private forget(key: unknown): void {
    const follower = this.followers.get(key);
    if (!follower) return;
    this.followers.delete(key);
    if (this.followersOf(follower.address).length === 0) this.unfollow(follower.address);
    if (this.followers.size === 0) return this.stop();
    const waiting = [...this.followers.values()].reverse().find(({ address }) => !this.streamOf(address));
    waiting?.send({ kind: "who" });
  }

  private sweep(): void {
    for (const [key, follower] of [...this.followers]) {
      if (++follower.silentSweeps > MAX_SILENT_SWEEPS) this.forget(key);
    }
  }

  private streamOf(address: string): SharedStream | undefined {
    return [...this.streams].find((stream) => stream.has(address));
  }

  /** Return a stream that can take one more address. */
  private findRoom(address: string): SharedStream | undefined {
    const found = [...this.streams].find((stream) => stream.hasRoomFor(address));
    if (found || this.streams.size === MAX_STREAMS) return found;
    const stream: SharedStream = new SharedStream(
      this.url,
      { arrived: (to, message) => this.deliver(to, message), changed: () => this.tellState(stream) },
      this.open,
    );
    this.streams.add(stream);
    return stream;
  }

  /** Follow no longer the address that nobody has looked at for longest. */
  private makeRoom(): void {
    for (const { address } of this.followers.values()) {
      if (!this.streamOf(address)) continue;
      this.unfollow(address);
      const state = this.stateOf(address);
      for (const { send } of this.followersOf(address)) send({ kind: "changed", state });
      return;
    }
  }

  private unfollow(address: string): void {
    const stream = this.streamOf(address);
    stream?.remove(address);
    if (stream?.isEmpty) this.streams.delete(stream);
  }

  private stateOf(address: string): LiveState {
    return this.streamOf(address)?.stateOf(address) ?? { kind: "waiting", retryAt: Date.now() + NO_ROOM_MS };
  }

  private followersOf(address: string): Follower[] {
    return [...this.followers.values()].filter((follower) => follower.address === address);
  }

  private deliver(address: string, message: Summary): void {
    for (const { send } of this.followersOf(address)) send({ kind: "arrived", message });
  }

  private tellState(stream: SharedStream): void {
    for (const { address, send } of this.followers.values()) {
      if (stream.has(address)) send({ kind: "changed", state: stream.stateOf(address) });
    }
  }
}
