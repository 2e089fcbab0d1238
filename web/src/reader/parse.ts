import { words } from "./words.ts";
import type { Answer, Parsed } from "./parsed-message.ts";
import { workerUrl } from "./trusted-types.ts";

const LARGEST_BYTES = 32 * 1024 * 1024;
const KILL_AFTER_MS = 10_000;
const AT_ONCE = 2;

/**
 * Take a raw message apart in a worker of its own.
 *
 * A message that is too large, too slow or broken rejects with a reason that a person can read; the page
 * itself is never held up.
 */
export function parse(raw: ArrayBuffer, signal: AbortSignal): Promise<Parsed> {
  if (raw.byteLength > LARGEST_BYTES) return Promise.reject(new Error(words.tooLarge));
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerUrl());
    const end = () => {
      clearTimeout(timer);
      worker.terminate();
    };
    const fail = (reason: string) => {
      end();
      reject(new Error(reason));
    };
    const timer = setTimeout(() => fail(words.tooSlow), KILL_AFTER_MS);
    signal.addEventListener("abort", end);
    worker.onerror = () => fail(words.broken);
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if ("problem" in data) return fail(data.problem || words.broken);
      end();
      resolve(data.parsed);
    };
    worker.postMessage(raw);
  });
}

/** Take several apart, a few at once; null for one that cannot be. */
export async function parseAll(raws: Uint8Array[]): Promise<(Parsed | null)[]> {
  const parsed: (Parsed | null)[] = raws.map(() => null);
  const { signal } = new AbortController();
  let next = 0;
  const work = async () => {
    while (next < raws.length) {
      const at = next++;
      const octets = (raws[at] as Uint8Array).slice().buffer;
      parsed[at] = await parse(octets, signal).catch(() => null);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return parsed;
}
