import { createHash, randomBytes } from "node:crypto";

/** The header field that carries a key. It is never in a URL, which servers and proxies log. */
export const KEY_FIELD = "X-Inbox-Key";

const CONTEXT = "edgemail-lock-1";
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const KEY_OCTETS = 16;
const HASH_OCTETS = 10;

/** Return a local part that begins with a name, in lower case, and the key that opens its inbox. */
export function makeLock(name: string): { local: string; key: string } {
  const stored = name.toLowerCase();
  for (;;) {
    const key = writeBase32(randomBytes(KEY_OCTETS));
    const hash = createHash("sha256").update(`${CONTEXT}\0${stored}\0${key}`).digest();
    const ending = writeBase32(hash.subarray(0, HASH_OCTETS));
    // An ending with fewer than two digits is no lock. Five of six have them.
    if (/\d.*\d/.test(ending)) return { local: `${stored}-k${ending}`, key };
  }
}

/** Write octets as base32 (RFC 4648) in lower case, without padding. */
function writeBase32(octets: Uint8Array): string {
  const bits = [...octets].map((octet) => octet.toString(2).padStart(8, "0")).join("");
  return bits.replace(/.{1,5}/g, (five) => ALPHABET[Number.parseInt(five.padEnd(5, "0"), 2)] ?? "");
}
