import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../tests/vectors/inbox-locks.json";
import { isLocked } from "../../src/inbox/address.ts";
import { findLock, isKey, makeLock, opens, writeKey } from "../../src/inbox/inbox-lock.ts";

const other = writeKey(new Uint8Array(16).fill(7));

for (const { name, key, local } of vectors.locks) {
  test(`the lock of the vectors opens to its key alone: ${local}`, async () => {
    const lock = findLock(local);
    assert.equal(lock?.name, name);
    assert.ok(lock && (await opens(lock, key)));
    assert.ok(!(await opens(lock, other)));
    assert.ok(!(await opens(lock, key.toUpperCase())));
    assert.ok(isLocked(`${local}@ex.org`));
  });
}

test("another local part has no lock", () => {
  for (const local of [...vectors.no_locks, ...vectors.too_few_digits.map((weak) => weak.local)]) {
    assert.equal(findLock(local), null, local);
    assert.ok(!isLocked(`${local}@ex.org`), local);
  }
  assert.ok(!isLocked("ann@shop-kyvyg36sxzn5s2inf"));
  assert.ok(!isLocked(""));
});

test("a key has one text form", () => {
  for (const { octets, key } of vectors.keys) {
    assert.equal(writeKey(Uint8Array.from(Buffer.from(octets, "hex"))), key);
    assert.ok(isKey(key));
  }
  for (const text of vectors.no_keys) assert.ok(!isKey(text), text);
});

test("what is made opens to its key, and has at least two digits", async () => {
  for (let n = 0; n < 50; n++) {
    const { local, key } = await makeLock("shop");
    const lock = findLock(local);
    assert.ok(lock && isKey(key) && (await opens(lock, key)));
    assert.ok(/^shop-k[a-z2-7]{16}$/.test(local));
  }
});

test("a key whose hash has too few digits is drawn again", async (context) => {
  const weak = vectors.too_few_digits[0]!;
  const good = vectors.locks[0]!;
  const drawn = [weak.key, good.key];
  context.mock.method(crypto, "getRandomValues", (octets: Uint8Array) => {
    octets.set(octetsOf(drawn.shift()!));
    return octets;
  });
  assert.deepEqual(await makeLock("shop"), { local: good.local, key: good.key });
});

function octetsOf(key: string): Uint8Array {
  const bits = [...key].map((letter) =>
    "abcdefghijklmnopqrstuvwxyz234567".indexOf(letter).toString(2).padStart(5, "0"),
  );
  return Uint8Array.from({ length: 16 }, (_, n) => parseInt(bits.join("").slice(n * 8, n * 8 + 8), 2));
}
