/** The server takes a path of 512 octets, with its angle brackets. */
const MAX_LENGTH = 510;

/** Stands for the mail of all inboxes, where an address stands for one. */
export const ALL_MAIL = "";

/** Return the address as the server spells it, or null if the text is not an address. */
export function normalizeAddress(text: string): string | null {
  const address = text.trim().toLowerCase();
  return /^[^\s@<>]+@[^\s@<>]+$/.test(address) && address.length <= MAX_LENGTH ? address : null;
}

/** Return the link to an inbox or to all mail, or to one message in it. */
export function inboxHash(address: string, id?: number): string {
  const name = address === ALL_MAIL ? "all" : encodeURIComponent(address).replaceAll("%40", "@");
  return id === undefined ? `#/${name}` : `#/${name}/${id}`;
}

/** Return true if the address has a lock: `inbox-lock.ts` has the whole rule. */
export function isLocked(address: string): boolean {
  return /-k(?=[a-z]*\d[a-z]*\d)[a-z2-7]{16}@/.test(address);
}
