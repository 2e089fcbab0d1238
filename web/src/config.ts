import { ApiSource } from "./api.ts";
import type { MailSource } from "./source.ts";

/** The source that `config.json` beside the page names; the API where there is no such file. */
export async function loadSource(): Promise<MailSource> {
  const source = await readConfig();
  if (source !== "api") throw new Error(`config.json names a source that this page does not know: ${source}`);
  return new ApiSource(document.baseURI);
}

async function readConfig(): Promise<string> {
  const response = await fetch("config.json", { cache: "no-store" });
  if (response.status === 404) return "api";
  if (!response.ok) throw new Error(`config.json: ${response.status} ${response.statusText}`);
  const config = (await response.json()) as { source?: unknown };
  return typeof config.source === "string" ? config.source : "api";
}
