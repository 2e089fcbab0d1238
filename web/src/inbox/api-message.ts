import { words } from "../languages/dictionary.ts";
import {
  type HtmlCheck,
  type LinkCheck,
  type MessageChecks,
  type MessageContent,
  type OpenMessage,
  type PartList,
  type ProgressCallback,
  SourceError,
} from "./source.ts";

/** A smaller answer needs no progress bar. */
const PROGRESS_ABOVE_BYTES = 1_000_000;

/** Asks the API; rejects with a `SourceError`. */
type ApiRequest = (path: string, init: RequestInit) => Promise<Response>;

/**
 * Open a message at its path in the API.
 *
 * `at` names one that is attached to it: `1.0` is number 0 in the message that is attachment number 1.
 */
export async function openMessage(
  request: ApiRequest,
  path: string,
  signal: AbortSignal,
  progress?: ProgressCallback,
  at = "",
): Promise<OpenMessage> {
  const attached = `${path}/attachments/${at}`;
  const within = (index: number) => (at ? `${at}.${index}` : `${index}`);
  const octets = (from: string, stop: AbortSignal, report?: ProgressCallback) =>
    load(request, from, (response) => response.blob(), stop, report);
  const read = (response: Response) => response.json() as Promise<MessageContent>;
  return {
    content: await load(request, at ? `${attached}/message` : path, read, signal, progress),
    raw: (stop, report) => octets(at ? attached : `${path}/raw`, stop, report),
    part: (index, stop) => octets(`${path}/attachments/${within(index)}`, stop),
    structure: async (stop) => {
      const list = (response: Response) => response.json() as Promise<PartList>;
      return partsBelow(await load(request, `${path}/structure`, list, stop), at);
    },
    rawPath: at ? attached : `${path}/raw`,
    ...(at ? {} : { checks: () => listChecks(request, path) }),
    attached: (index, stop) => openMessage(request, path, stop, undefined, within(index)),
  };
}

interface ChecksConfig {
  html_check?: boolean;
  link_check?: boolean;
}

let offered: Promise<ChecksConfig> | null = null;

/** Return the checks that `config.json` says the server offers. It is asked once. */
async function listChecks(request: ApiRequest, path: string): Promise<MessageChecks> {
  offered ??= request("config.json", {})
    .then((response) => response.json() as Promise<ChecksConfig>)
    .catch(() => {
      offered = null; // the next message asks again
      return {};
    });
  const { html_check, link_check } = await offered;
  const checks: MessageChecks = {};
  if (html_check)
    checks.html = (signal) =>
      load(request, `${path}/html-check`, (response) => response.json() as Promise<HtmlCheck>, signal);
  if (link_check)
    checks.links = async (signal) =>
      (await request(`${path}/link-check`, { method: "POST", signal })).json() as Promise<LinkCheck>;
  return checks;
}

/** Return the parts of the message that is attached at `at`, numbered as its own. */
export function partsBelow({ parts, complete }: PartList, at: string): PartList {
  const top = at ? parts.findIndex(({ attachment }) => attachment === at) : -1;
  const holder = parts[top];
  if (!holder) return { parts: at ? [] : parts, complete };
  const inner = parts.slice(top + 1);
  const end = inner.findIndex(({ level }) => level <= holder.level);
  return {
    parts: inner.slice(0, end < 0 ? undefined : end).map((part) => ({
      ...part,
      number: part.number.slice(holder.number.length + 1),
      level: part.level - holder.level - 1,
      attachment: part.attachment && part.attachment.slice(at.length + 1),
    })),
    complete,
  };
}

async function load<T>(
  request: ApiRequest,
  path: string,
  read: (response: Response) => Promise<T>,
  signal: AbortSignal,
  progress?: ProgressCallback,
): Promise<T> {
  const response = await request(path, { signal });
  const totalBytes = Number(response.headers.get("content-length"));
  const reported =
    progress && totalBytes > PROGRESS_ABOVE_BYTES
      ? countBytes(response, (loadedBytes) => progress(loadedBytes, totalBytes))
      : response;
  try {
    return await read(reported);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new SourceError("unreachable", words.errors.unreachable);
  }
}

/** Return the same response. It calls `report` with the bytes that have arrived. */
function countBytes(response: Response, report: (loadedBytes: number) => void): Response {
  let loadedBytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, out) {
      loadedBytes += chunk.length;
      report(loadedBytes);
      out.enqueue(chunk);
    },
  });
  return new Response(response.body?.pipeThrough(counter));
}
