/** Parses a message, in a thread that the page can terminate. */
import { parseMessage } from "./mime/message.ts";
import { listParts } from "./mime/part-list.ts";
import type { WorkerAnswer, WorkerQuestion } from "./parsed-mail.ts";

self.onmessage = ({ data: { raw, wants } }: MessageEvent<WorkerQuestion>) => {
  let answer: WorkerAnswer;
  try {
    const octets = new Uint8Array(raw);
    answer = { found: wants === "mail" ? parseMessage(octets) : listParts(octets) };
  } catch (error) {
    answer = { problem: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
};
