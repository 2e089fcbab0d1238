/** The keys of locked inboxes that this browser keeps. They are never in a URL that a server sees. */
import { load, save } from "../ui/storage.ts";

export function keyOf(address: string): string | undefined {
  return load<Record<string, string>>("keys", {})[encodeURIComponent(address)];
}

export function keepKey(address: string, key: string): void {
  save("keys", { ...load<Record<string, string>>("keys", {}), [encodeURIComponent(address)]: key });
}

/** Return what follows an inbox's hash route in a link that opens it elsewhere. */
export function keyInLink(address: string): string {
  const key = keyOf(address);
  return key === undefined ? "" : `?key=${key}`;
}
