import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "../../src/inbox/backoff.ts";
import { randomName } from "../../src/app/random-name.ts";
import { formatBytes } from "../../src/ui/size.ts";
import { formatAge, formatTimeLeft } from "../../src/ui/time.ts";
import { senderName } from "../../src/inbox/sender.ts";
import type { Summary } from "../../src/inbox/source.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

test("an formatAge is said in its largest whole unit", () => {
  assert.equal(formatAge(ago(5), NOW), "now");
  assert.equal(formatAge(ago(119), NOW), "1 min");
  assert.equal(formatAge(ago(7300), NOW), "2 h");
  assert.equal(formatAge(ago(6 * 86400), NOW), "6 d");
  assert.match(formatAge(ago(30 * 86400), NOW), /Jan|1/);
});

test("a clock that runs ahead is now, and no date says nothing", () => {
  assert.equal(formatAge(ago(-90), NOW), "now");
  assert.equal(formatAge("yesterday", NOW), "");
});

test("what is left of a message's life ends at its formatAge limit", () => {
  assert.equal(formatTimeLeft(ago(86400), 7 * 86400, NOW), "6 d");
  assert.equal(formatTimeLeft(ago(1), 7 * 86400, NOW), "7 d");
  assert.equal(formatTimeLeft(ago(90000), 2 * 86400, NOW), "23 h");
  assert.equal(formatTimeLeft(ago(8 * 86400), 7 * 86400, NOW), "< 1 min");
  assert.equal(formatTimeLeft(ago(86400), null, NOW), null);
});

test("octets are said with two digits", () => {
  assert.deepEqual([0, 999, 1000, 9_940, 12_345, 999_499, 999_500, 26_214_400].map(formatBytes), [
    "0 B",
    "999 B",
    "1.0 kB",
    "9.9 kB",
    "12 kB",
    "999 kB",
    "1.0 MB",
    "26 MB",
  ]);
});

test("waiting doubles up to half a minute, with jitter below it", () => {
  assert.equal(
    backoffMs(0, () => 1),
    1000,
  );
  assert.equal(
    backoffMs(3, () => 1),
    8000,
  );
  assert.equal(
    backoffMs(50, () => 1),
    30_000,
  );
  assert.equal(
    backoffMs(50, () => 0),
    22_500,
  );
});

test("a random name is adjective, animal and year", () => {
  for (let count = 0; count < 100; count += 1) assert.match(randomName(), /^[a-z]+_[a-z]+_(?:19|20)\d\d$/);
});

test("a sender is shown by the name it gives, else by its address", () => {
  const named = (from: string, sender = "b@x.org") => senderName({ from, sender } as Summary);
  assert.equal(named('"Ann B." <a@x.org>'), "Ann B.");
  assert.equal(named("Ann <a@x.org>"), "Ann");
  assert.equal(named("<a@x.org>"), "a@x.org");
  assert.equal(named("a@x.org"), "a@x.org");
  assert.equal(named(""), "b@x.org");
});
