import type { Summary } from "./source.ts";
import { load, save } from "../ui/storage.ts";

const INBOXES_KEPT = 30;
const MESSAGES_KEPT = 2_000;

type Book = Record<string, string[]>;

/** The date goes in as well: a server with a new database counts from 1 again. */
function nameOf(message: Summary): string {
  return `${message.id} ${message.date}`;
}

/** Which messages of one inbox this browser has opened. Tabs share it. */
export class ReadMarks {
  private names: Set<string>;

  constructor(
    private readonly address: string,
    private readonly changed: () => void,
  ) {
    this.names = this.stored();
    addEventListener("storage", this.refresh);
  }

  has(message: Summary): boolean {
    return this.names.has(nameOf(message));
  }

  add(message: Summary): void {
    if (this.has(message)) return;
    this.names = this.stored().add(nameOf(message));
    const book = load<Book>("read", {});
    delete book[this.address];
    book[this.address] = [...this.names].slice(-MESSAGES_KEPT);
    save("read", Object.fromEntries(Object.entries(book).slice(-INBOXES_KEPT)));
    this.changed();
  }

  stop(): void {
    removeEventListener("storage", this.refresh);
  }

  private readonly refresh = () => {
    this.names = this.stored();
    this.changed();
  };

  private stored(): Set<string> {
    return new Set(load<Book>("read", {})[this.address] ?? []);
  }
}
