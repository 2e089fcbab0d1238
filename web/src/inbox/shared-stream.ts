import { ALL_MAIL } from "./address.ts";
import { backoffMs } from "./backoff.ts";
import type { EventLine } from "./fetch-events.ts";
import type { LiveState, Summary } from "./source.ts";

const MAX_ADDRESSES = 20;
/** Proxies take URLs of at least 8,000 characters. */
const MAX_QUERY_CHARS = 6_000;
/** The digits of an id, and `&address=&after=`. */
const CHARS_PER_ADDRESS = 32;
/** Tabs that open together share one connection from the start. */
const ADDED_MS = 20;
const REMOVED_MS = 2_000;
const LIVE: LiveState = { kind: "live" };
const CONNECTING: LiveState = { kind: "connecting" };

interface StreamEvents {
  arrived(address: string, message: Summary): void;
  /** The state of some addresses may have changed. */
  changed(): void;
}

/** `keys` open the locked inboxes of the URL. */
export type OpenEvents = (url: string, keys: string[]) => EventLine;

/** One connection: what it follows, and the last id that it brought for each address. */
interface Connection {
  events: EventLine;
  positions: Map<string, number>;
}

/**
 * Follows several addresses by one connection. Reconnects, and continues each after its last
 * message.
 *
 * When the addresses change, the connection is replaced once its successor is open: the others go
 * on meanwhile.
 */
export class SharedStream {
  /** The id after which each address continues. */
  private readonly positions = new Map<string, number>();
  private readonly keys = new Map<string, string>();
  private current: Connection | null = null;
  private next: Connection | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isWaiting = false;
  private attempt = 0;
  private state: LiveState = CONNECTING;

  constructor(
    private readonly url: string,
    private readonly listener: StreamEvents,
    private readonly open: OpenEvents,
  ) {}

  get isEmpty(): boolean {
    return this.positions.size === 0;
  }

  has(address: string): boolean {
    return this.positions.has(address);
  }

  /** A stream of all mail follows nothing else. */
  hasRoomFor(address: string): boolean {
    if (!this.isEmpty && (address === ALL_MAIL || this.has(ALL_MAIL))) return false;
    if (this.positions.size === MAX_ADDRESSES) return false;
    let chars = 0;
    for (const one of [...this.positions.keys(), address]) {
      chars += encodeURIComponent(one).length + CHARS_PER_ADDRESS;
    }
    return this.isEmpty || chars <= MAX_QUERY_CHARS;
  }

  stateOf(address: string): LiveState {
    return this.current?.positions.has(address) ? LIVE : this.state;
  }

  /** Follow an address from an id on. Another follower of it may then get messages twice. */
  add(address: string, after: number, key?: string): void {
    if (key !== undefined) this.keys.set(address, key);
    const known = this.positions.get(address);
    if (known !== undefined && known <= after) return;
    // A connection that has passed this id would bring later messages before those in between.
    if (isPast(this.next, address, after)) this.next = close(this.next);
    if (isPast(this.current, address, after)) this.current = close(this.current);
    this.positions.set(address, after);
    this.connectIn(ADDED_MS);
  }

  remove(address: string): void {
    this.keys.delete(address);
    if (!this.positions.delete(address)) return;
    if (this.isEmpty) this.stop();
    else if (!this.timer) this.connectIn(REMOVED_MS);
  }

  /** Connect now instead of waiting. */
  retry(): void {
    if (this.isWaiting) this.connect();
  }

  /** Take the connection for lost, as the browser says that there is no network. */
  lose(): void {
    if (this.isWaiting || this.isEmpty) return;
    this.current = close(this.current);
    this.next = close(this.next);
    this.wait();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isWaiting = false;
    this.current = close(this.current);
    this.next = close(this.next);
  }

  private connectIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), ms);
    if (!this.isWaiting) this.state = CONNECTING;
  }

  private connect(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isWaiting = false;
    close(this.next);
    const query = new URLSearchParams();
    for (const [address, after] of this.positions) {
      if (address !== ALL_MAIL) query.append("address", address);
      query.append("after", String(after));
    }
    const events = this.open(`${this.url}?${query}`, [...this.keys.values()]);
    const connection: Connection = { events, positions: new Map(this.positions) };
    this.next = connection;
    events.addEventListener("open", () => this.replace(connection));
    events.addEventListener("message", (event) => this.receive(connection, event as MessageEvent<string>));
    // The browser would reconnect without telling us, and not at all after a status other than 200.
    events.addEventListener("error", () => this.fail(connection));
    this.state = CONNECTING;
    this.listener.changed();
  }

  private replace(connection: Connection): void {
    if (connection !== this.next) return;
    close(this.current);
    this.current = connection;
    this.next = null;
    this.attempt = 0;
    this.listener.changed();
  }

  private fail(connection: Connection): void {
    close(connection);
    if (connection === this.next) {
      this.next = null;
      this.wait();
    } else if (connection === this.current) {
      this.current = null;
      if (this.next || this.timer) this.listener.changed();
      else this.wait();
    }
  }

  private wait(): void {
    const delayMs = backoffMs(this.attempt++);
    this.connectIn(delayMs);
    this.isWaiting = true;
    this.state = { kind: "waiting", retryAt: Date.now() + delayMs };
    this.listener.changed();
  }

  /** The id of an event has the position in each inbox: those that moved are its message's. */
  private receive({ positions }: Connection, event: MessageEvent<string>): void {
    const ids = event.lastEventId.split(",").map(Number);
    let message: Summary | null = null;
    let place = 0;
    for (const [address, last] of positions) {
      const id = ids[place++] ?? 0;
      if (!(id > last)) continue;
      positions.set(address, id);
      const seen = this.positions.get(address);
      if (seen === undefined || id <= seen) continue;
      this.positions.set(address, id);
      this.listener.arrived(address, (message ??= JSON.parse(event.data) as Summary));
    }
  }
}

function isPast(connection: Connection | null, address: string, after: number): boolean {
  return (connection?.positions.get(address) ?? after) > after;
}

function close(connection: Connection | null): null {
  connection?.events.close();
  return null;
}
