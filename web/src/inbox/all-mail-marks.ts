import type { MailSource, Summary } from "./source.ts";

/** Which messages are read in the list of all mail: the server keeps it, for all readers. */
export class AllMailMarks {
  private readonly opened = new Set<number>();

  constructor(
    private readonly source: MailSource,
    private readonly changed: () => void,
  ) {}

  has({ id, read }: Summary): boolean {
    return read === true || this.opened.has(id);
  }

  add(message: Summary): void {
    if (this.has(message)) return;
    this.opened.add(message.id);
    this.source.markRead?.(message.id).catch(() => undefined); // it is only unread again elsewhere
    this.changed();
  }

  stop(): void {}
}
