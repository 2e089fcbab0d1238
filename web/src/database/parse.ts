import { workerUrl } from "../reader/trusted-types.ts";
import type { ParsedMail, WorkerAnswer, WorkerQuestion, WorkerResults } from "./parsed-mail.ts";
import { words } from "./words.ts";

const MAX_BYTES = 32 * 1024 * 1024;
const KILL_AFTER_MS = 10_000;
const PARALLEL_WORKERS = 2;

/**
 * Parse a raw message in a worker of its own, so that the page never blocks.
 *
 * Rejects with a reason for the reader if the message is too large, takes too long, or is broken.
 */
export function parse<Kind extends keyof WorkerResults>(
  raw: ArrayBuffer,
  wants: Kind,
  signal: AbortSignal,
): Promise<WorkerResults[Kind]> {
  if (raw.byteLength > MAX_BYTES) return Promise.reject(new Error(words.reading.tooLarge));
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerUrl());
    const stop = () => {
      clearTimeout(timer);
      worker.terminate();
    };
    const fail = (reason: string) => {
      stop();
      reject(new Error(reason));
    };
    const timer = setTimeout(() => fail(words.reading.tooSlow), KILL_AFTER_MS);
    signal.addEventListener("abort", stop);
    worker.onerror = () => fail(words.reading.broken);
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      if ("problem" in data) return fail(data.problem || words.reading.broken);
      stop();
      resolve(data.found as WorkerResults[Kind]);
    };
    worker.postMessage({ raw, wants } satisfies WorkerQuestion);
  });
}

/** Parse several messages, `PARALLEL_WORKERS` at once. Return null for each that fails. */
export async function parseAll(raws: Uint8Array[]): Promise<(ParsedMail | null)[]> {
  const parsed: (ParsedMail | null)[] = raws.map(() => null);
  const { signal } = new AbortController();
  let next = 0;
  const work = async () => {
    while (next < raws.length) {
      const at = next++;
      const octets = (raws[at] as Uint8Array).slice().buffer;
      parsed[at] = await parse(octets, "mail", signal).catch(() => null);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_WORKERS }, work));
  return parsed;
}
