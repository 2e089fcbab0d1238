import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes } from "../../src/ui/size.ts";
import { formatAge, formatTimeLeft } from "../../src/ui/time.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

test("an age is said in its largest whole unit", () => {
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

test("what is left of a message's life ends at its age limit", () => {
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
