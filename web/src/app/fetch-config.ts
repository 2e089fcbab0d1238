declare global {
  /** What `early-sockets.ts` has asked for. */
  var edgemailConfig: Promise<Response> | undefined;
}

/** Ask for the `config.json` beside the page. A host may let browsers keep files: never an old one. */
export function fetchConfig(): Promise<Response> {
  return fetch("config.json", { cache: "no-store" });
}
