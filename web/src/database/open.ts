import type { MailSource } from "../inbox/source.ts";
import { DatabaseSource } from "./database-source.ts";
import { HranaSocket } from "./hrana-socket.ts";
import { HranaClient } from "./hrana.ts";
import { NearestReplica } from "./nearest-replica.ts";
import { openRaw } from "./open-raw.ts";
import { parseAll } from "./parse.ts";
import { words } from "./words.ts";

/** Make the source that `config.json` describes: `urls`, `token`, `domains`, `maxAgeSeconds`. */
export function openDatabase(config: Record<string, unknown>): MailSource {
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
  const databases = urls.map((url) => new HranaClient(url, token, new HranaSocket(url, token)));
  return new DatabaseSource(
    info,
    { parseHeads: parseAll, open: openRaw },
    (changed) => new NearestReplica(databases, changed),
  );
}

function readUrls(value: unknown): string[] {
  const urls = strings(value).map((url) => url.replace(/^libsql:/, "https:"));
  return urls.every((url) => URL.canParse(url) && /^https?:/.test(url)) ? [...new Set(urls)] : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
