/** Parses a message, in a thread that the page can terminate. */
import { parseMessage } from "./mime/message.ts";
import type { WorkerAnswer } from "./parsed-mail.ts";

self.onmessage = (event: MessageEvent<ArrayBuffer>) => {
  let answer: WorkerAnswer;
  try {
    answer = { parsed: parseMessage(new Uint8Array(event.data)) };
  } catch (error) {
    answer = { problem: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
};
