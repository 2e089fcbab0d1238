/**
 * The part of `Blob` that postal-mime uses, kept in this thread's memory.
 *
 * Reading a real `Blob` asks another process, which takes about 0.5 ms each time. A message of
 * 20,000 parts took more than 10 s that way, and takes 1 s this way.
 */
export class MemoryBlob {
  private readonly chunks: Uint8Array[];

  constructor(chunks: (Uint8Array | ArrayBuffer | string)[]) {
    this.chunks = chunks.map((chunk) => {
      if (typeof chunk === "string") return new TextEncoder().encode(chunk);
      return chunk instanceof Uint8Array ? chunk : new Uint8Array(chunk);
    });
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const joined = new Uint8Array(this.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of this.chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined.buffer;
  }
}
