import { ApiSource, type ServerBody } from "../inbox/api.ts";
import type { MailSource } from "../inbox/source.ts";
import { fetchConfig } from "./fetch-config.ts";
import { words } from "../languages/dictionary.ts";

/**
 * Make the source that `config.json` beside the page describes, or the API if there is no such
 * file.
 */
export async function loadSource(): Promise<MailSource> {
  const config = await readConfig();
  const source = config["source"] ?? "api";
  if (source === "api") {
    const workerUrl = async () => (await import("../reader/trusted-types.ts")).eventsWorkerUrl();
    return new ApiSource(document.baseURI, workerUrl, config["server"] as ServerBody | undefined);
  }
  if (source === "database") return (await import("../database/open.ts")).openDatabase(config);
  throw new Error(words.errors.unknownSource(String(source)));
}

async function readConfig(): Promise<Record<string, unknown>> {
  const response = await (globalThis.edgemailConfig ?? fetchConfig());
  if (response.status === 404) return {};
  if (!response.ok) throw new Error(`config.json: ${response.status} ${response.statusText}`);
  return response.json() as Promise<Record<string, unknown>>;
}
