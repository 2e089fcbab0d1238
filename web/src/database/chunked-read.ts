import { type ProgressCallback, SourceError } from "../inbox/source.ts";
import type { SqlRow, Step } from "./hrana-batch.ts";
import type { ReplicaAnswer } from "./nearest-replica.ts";
import { LIST_REST, READ_DATA, READ_REST } from "./statements.ts";
import { words } from "./words.ts";

/** A database's answer is bounded, and a progress bar needs steps. */
const CHUNK_BYTES = 1_048_576;

/** Reads one message in chunks. A message that fits into one chunk takes one request. */
export class ChunkedRead {
  private readonly chunks: Uint8Array[] = [];
  private doneBytes = 0;
  private totalBytes = 0;

  constructor(
    private readonly read: (steps: Step[], large: boolean) => Promise<ReplicaAnswer>,
    private readonly id: number,
    private readonly progress: ProgressCallback | undefined,
  ) {}

  async collect(): Promise<ArrayBuffer> {
    const steps = [
      { sql: READ_DATA, args: [1, CHUNK_BYTES, this.id] },
      { sql: LIST_REST, args: [this.id] },
    ];
    const { steps: found, lastId } = await this.read(steps, true);
    const [data, rest] = found as [SqlRow[], SqlRow[]];
    const size = this.sizeOf(data, lastId);
    this.totalBytes = rest.reduce((sum, [, length]) => sum + Number(length), size);
    this.add(data);
    await this.readRest(READ_DATA, [this.id], size, CHUNK_BYTES);
    for (const [part, length] of rest)
      await this.readRest(READ_REST, [this.id, Number(part)], Number(length), 0);
    return new Blob(this.chunks as BlobPart[]).arrayBuffer();
  }

  private async readRest(sql: string, key: number[], size: number, from: number): Promise<void> {
    for (let at = from; at < size; at += CHUNK_BYTES) {
      const { steps, lastId } = await this.read([{ sql, args: [at + 1, CHUNK_BYTES, ...key] }], true);
      this.sizeOf(steps[0] ?? [], lastId);
      this.add(steps[0] ?? []);
    }
  }

  private sizeOf(rows: SqlRow[], lastId: number): number {
    if (rows[0]) return Number(rows[0][0]);
    if (lastId >= this.id) throw new SourceError("gone", words.errors.gone);
    throw new SourceError("broken", words.errors.behind);
  }

  private add(rows: SqlRow[]): void {
    const chunk = rows[0]?.[1];
    if (!(chunk instanceof Uint8Array)) return;
    this.chunks.push(chunk);
    this.doneBytes += chunk.length;
    if (this.totalBytes > CHUNK_BYTES) this.progress?.(this.doneBytes, this.totalBytes);
  }
}
