import { normalizeAddress } from "../inbox/address.ts";
import { keepKey } from "../inbox/inbox-keys.ts";
import { isKey } from "../inbox/inbox-lock.ts";

/**
 * Keep the key that the page's link has behind its address, and take it out of the address bar and
 * of the history. What is no key is dropped.
 */
export function takeKey(): void {
  const [, route = "", key = ""] = /^(.*?)\?key=(.*)$/s.exec(location.hash) ?? [];
  history.replaceState(null, "", route || "#/");
  const address = normalizeAddress(decode(route.replace(/^#?\/?/, "").split("/")[0] ?? ""));
  if (address !== null && isKey(key)) keepKey(address, key);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
