import type { OpenMessage } from "../inbox/source.ts";
import { causeOf } from "../ui/cause.ts";
import { parse } from "./parse.ts";
import type { ParsedMail } from "./parsed-mail.ts";

/** Open a message whose octets this page has. */
export async function openRaw(raw: ArrayBuffer, signal: AbortSignal): Promise<OpenMessage> {
  let parsed: ParsedMail | null = null;
  let problem = "";
  try {
    parsed = await parse(raw, "mail", signal);
  } catch (error) {
    problem = causeOf(error);
  }
  const octetsOf = (index: number) => parsed?.parts[index] ?? new ArrayBuffer(0);
  return {
    content: parsed?.content ?? problem,
    raw: () => Promise.resolve(new Blob([raw])),
    part: (index) => Promise.resolve(new Blob([octetsOf(index)])),
    structure: (stop) => parse(raw, "parts", stop),
    attached: (index, stop) => openRaw(octetsOf(index), stop),
  };
}
