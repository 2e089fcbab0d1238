import { normalizeAddress } from "../inbox/address.ts";

/** A view, from the URL's hash: such routes work in any folder of any static host. */
export type Route = { view: "landing" } | { view: "inbox"; address: string; id: number | null };

/** Return the view that a hash names; the landing page if the hash is not valid. */
export function parseRoute(hash: string): Route {
  const [address = "", id = ""] = hash
    .replace(/^#?\/?/, "")
    .split("/")
    .map(decode);
  const clean = normalizeAddress(address);
  if (!clean) return { view: "landing" };
  return { view: "inbox", address: clean, id: /^[1-9]\d{0,15}$/.test(id) ? Number(id) : null };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
