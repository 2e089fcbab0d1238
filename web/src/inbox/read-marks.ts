import type { Summary } from "./source.ts";
import { load, save } from "../ui/storage.ts";

const INBOXES_KEPT = 30;
const MESSAGES_KEPT = 2_000;

type StoredMarks = Record<string, string[]>;

/** Return a message's key. The date is part of it: ids start at 1 again in a new database. */
function keyOf(message: Summary): string {
  return `${message.id} ${message.date}`;
}

/** The messages of one inbox that this browser has opened. All tabs share them. */
export class ReadMarks {
  private keys: Set<string>;

  constructor(
    private readonly address: string,
    private readonly changed: () => void,
  ) {
    this.keys = this.loadKeys();
    addEventListener("storage", this.refresh);
  }

  has(message: Summary): boolean {
    return this.keys.has(keyOf(message));
  }

  add(message: Summary): void {
    if (this.has(message)) return;
    this.keys = this.loadKeys().add(keyOf(message));
    const stored = load<StoredMarks>("read", {});
    delete stored[this.address];
    stored[this.address] = [...this.keys].slice(-MESSAGES_KEPT);
    save("read", Object.fromEntries(Object.entries(stored).slice(-INBOXES_KEPT)));
    this.changed();
  }

  stop(): void {
    removeEventListener("storage", this.refresh);
  }

  private readonly refresh = () => {
    this.keys = this.loadKeys();
    this.changed();
  };

  private loadKeys(): Set<string> {
    return new Set(load<StoredMarks>("read", {})[this.address] ?? []);
  }
}
