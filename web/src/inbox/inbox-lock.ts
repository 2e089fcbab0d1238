/**
 * Locks of inboxes: an address may carry the hash of the key that opens its inbox.
 *
 * `src/edgemail/policy/inbox_lock.py` has the rule; `tests/vectors/inbox-locks.json` binds both.
 */
const CONTEXT = "edgemail-lock-1";
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const KEY_OCTETS = 16;
const HASH_OCTETS = 10;
const LOCAL = /^(.*)-k([a-z2-7]{16})$/s;
/** The last of 26 characters has three bits of the key and two that are zero. */
const KEY = /^[a-z2-7]{25}[aeimquy4]$/;

export interface InboxLock {
  name: string;
  /** The 16 characters of the hash. */
  ending: string;
}

/** Return true if this browser can make keys and hash them: it lets no page do so without TLS. */
export function canLock(): boolean {
  return isSecureContext && typeof crypto.subtle === "object";
}

/** Return the lock of a local part in lower case, or null if it has none. */
export function findLock(local: string): InboxLock | null {
  const [, name = "", ending = ""] = LOCAL.exec(local) ?? [];
  return hasDigits(ending) ? { name, ending } : null;
}

/** Return a local part that begins with a name, and the key that opens its inbox. */
export async function makeLock(name: string): Promise<{ local: string; key: string }> {
  for (;;) {
    const key = writeKey(crypto.getRandomValues(new Uint8Array(KEY_OCTETS)));
    const ending = await hash(name, key);
    if (hasDigits(ending)) return { local: `${name}-k${ending}`, key }; // five times of six
  }
}

/** Return whether a key is the one of a lock. */
export async function opens(lock: InboxLock, key: string): Promise<boolean> {
  return isKey(key) && (await hash(lock.name, key)) === lock.ending;
}

export function isKey(text: string): boolean {
  return KEY.test(text);
}

/** Return the text form of a key, or of a hash: base32 in lower case (RFC 4648) without padding. */
export function writeKey(octets: Uint8Array): string {
  let text = "";
  let bits = 0;
  let pending = 0;
  for (const octet of octets) {
    pending = (pending << 8) | octet;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(pending >> (bits - 5)) & 31];
    pending &= (1 << bits) - 1;
  }
  return bits ? text + ALPHABET[(pending << (5 - bits)) & 31] : text;
}

async function hash(name: string, key: string): Promise<string> {
  const octets = new TextEncoder().encode(`${CONTEXT}\0${name}\0${key}`);
  return writeKey(new Uint8Array(await crypto.subtle.digest("SHA-256", octets)).subarray(0, HASH_OCTETS));
}

function hasDigits(ending: string): boolean {
  return /\d.*\d/.test(ending);
}
