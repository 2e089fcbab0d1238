import { type Progress, SourceError } from "../inbox/source.ts";
import type { Row, Step } from "./hrana.ts";
import type { Read } from "./nearest-replica.ts";
import { LIST_REST, READ_DATA, READ_REST } from "./statements.ts";
import { words } from "./words.ts";

/** Octets asked for at once: a database's answer has a bound, and a reader wants to see something move. */
const PIECE = 1_048_576;

/** Collects one message's octets. A small one takes one request, a large one as many as it has pieces. */
export class Pieces {
  private readonly octets: Uint8Array[] = [];
  private done = 0;
  private whole = 0;

  constructor(
    private readonly read: (steps: Step[], large: boolean) => Promise<Read>,
    private readonly id: number,
    private readonly progress: Progress | undefined,
  ) {}

  async collect(): Promise<ArrayBuffer> {
    const steps = [
      { sql: READ_DATA, args: [1, PIECE, this.id] },
      { sql: LIST_REST, args: [this.id] },
    ];
    const { steps: found, lastId } = await this.read(steps, true);
    const [data, rest] = found as [Row[], Row[]];
    const size = this.sizeOf(data, lastId);
    this.whole = rest.reduce((sum, [, length]) => sum + Number(length), size);
    this.add(data);
    await this.follow(READ_DATA, [this.id], size, PIECE);
    for (const [part, length] of rest)
      await this.follow(READ_REST, [this.id, Number(part)], Number(length), 0);
    return new Blob(this.octets as BlobPart[]).arrayBuffer();
  }

  private async follow(sql: string, which: number[], size: number, from: number): Promise<void> {
    for (let at = from; at < size; at += PIECE) {
      const { steps, lastId } = await this.read([{ sql, args: [at + 1, PIECE, ...which] }], true);
      this.sizeOf(steps[0] ?? [], lastId);
      this.add(steps[0] ?? []);
    }
  }

  private sizeOf(rows: Row[], lastId: number): number {
    if (rows[0]) return Number(rows[0][0]);
    if (lastId >= this.id) throw new SourceError("gone", words.trouble.gone);
    throw new SourceError("broken", words.trouble.behind);
  }

  private add(rows: Row[]): void {
    const piece = rows[0]?.[1];
    if (!(piece instanceof Uint8Array)) return;
    this.octets.push(piece);
    this.done += piece.length;
    if (this.whole > PIECE) this.progress?.(this.done, this.whole);
  }
}
