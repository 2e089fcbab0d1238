import { ALL_MAIL, normalizeAddress } from "../inbox/address.ts";

/** A view, from the URL's hash: such routes work in any folder of any static host. */
export type Route =
  /** All mail where the reader may list it, else the landing page. */
  { view: "home" } | { view: "landing" } | { view: "inbox"; address: string; id: number | null };

/** What stands in a link between an address and its key. */
export const KEY_MARK = "?key=";

/** Return the view that a hash names; the home view if the hash is not valid. */
export function parseRoute(hash: string): Route {
  const [address = "", id = ""] = hash
    .replace(/^#?\/?/, "")
    .split("/")
    .map(decode);
  if (address === "new") return { view: "landing" };
  const clean = address === "all" ? ALL_MAIL : normalizeAddress(address);
  if (clean === null) return { view: "home" };
  return { view: "inbox", address: clean, id: /^[1-9]\d{0,15}$/.test(id) ? Number(id) : null };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
