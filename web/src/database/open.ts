import type { MailSource } from "../inbox/source.ts";
import { DatabaseSource } from "./database-source.ts";
import type { HranaSocket } from "./hrana-socket.ts";
import { HranaClient } from "./hrana.ts";
import { NearestReplica } from "./nearest-replica.ts";
import { openRaw } from "./open-raw.ts";
import { parseAll } from "./parse.ts";
import { words } from "./words.ts";

declare global {
  /** The sockets that `early-sockets.ts` has opened, by the database's URL. */
  var edgemailSockets: Map<string, HranaSocket> | undefined;
}

/** Make the source that `config.json` describes: `urls`, `token`, `domains`, `maxAgeSeconds`. */
export async function openDatabase(config: Record<string, unknown>): Promise<MailSource> {
  const { token, domains, maxAgeSeconds } = config;
  const urls = readUrls(config["urls"]);
  if (urls.length === 0) throw new Error(words.config.urls);
  if (typeof token !== "string" || !token) throw new Error(words.config.token);
  const info = {
    version: "",
    domains: strings(domains),
    maxAgeSeconds: typeof maxAgeSeconds === "number" ? maxAgeSeconds : null,
    smtp: [],
  };
  const sockets = await Promise.all(urls.map((url) => socketTo(url, token)));
  // The first one whose answer is there is read from. So begin with the one that answered soonest.
  const databases = sockets
    .sort((a, b) => aheadMs(a) - aheadMs(b))
    .map((socket) => new HranaClient(socket.url, token, socket));
  return new DatabaseSource(
    info,
    { parseHeads: parseAll, open: openRaw },
    (changed) => new NearestReplica(databases, changed),
  );
}

/** Take over the socket that was opened while the page loaded, or make one. */
async function socketTo(url: string, token: string): Promise<HranaSocket> {
  const early = globalThis.edgemailSockets?.get(url);
  if (early?.token === token) return early;
  early?.close();
  return new (await import("./hrana-socket.ts")).HranaSocket(url, token);
}

function aheadMs(socket: HranaSocket): number {
  return socket.aheadMs ?? Number.MAX_VALUE;
}

function readUrls(value: unknown): string[] {
  const urls = strings(value).map((url) => url.replace(/^libsql:/, "https:"));
  return urls.every((url) => URL.canParse(url) && /^https?:/.test(url)) ? [...new Set(urls)] : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
