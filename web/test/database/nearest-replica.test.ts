import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import {
  type BatchAnswer,
  type Database,
  DatabaseError,
  type DatabaseErrorKind,
} from "../../src/database/hrana.ts";
import { NearestReplica } from "../../src/database/nearest-replica.ts";
import type { HostStatus } from "../../src/inbox/source.ts";

let clock = 0;

beforeEach(() => {
  clock = 0;
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => clock);
  Object.assign(globalThis, { document: { hidden: false } });
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

class Fake implements Database {
  error: DatabaseErrorKind | null = null;
  asked = 0;

  constructor(
    readonly host: string,
    public ms: number,
    public lastId = 10,
  ) {}

  run(): Promise<BatchAnswer> {
    this.asked += 1;
    if (this.error) return Promise.reject(new DatabaseError(this.error, `${this.host} ${this.error}`));
    const answer = { steps: [[[this.lastId]], [[this.host]]], elapsedMs: this.ms, isBySocket: false };
    return new Promise((resolve) => setImmediate(resolve, answer));
  }
}

const settled = async () => {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function pass(ms: number): Promise<void> {
  clock += ms;
  mock.timers.tick(ms);
  await settled();
}

function reading(...databases: Fake[]) {
  const statuses: HostStatus[] = [];
  const nearest = new NearestReplica(databases, (status) => statuses.push(status));
  const host = async (needed = 0) => (await nearest.read([{ sql: "" }], { needed })).steps[0]?.[0]?.[0];
  return { nearest, host, status: () => statuses.at(-1) };
}

test("the nearest copy is read once they are measured", async () => {
  const { host, status } = reading(new Fake("far", 100), new Fake("near", 5));
  await host();
  await pass(500);
  assert.deepEqual([await host(), status()?.host, status()?.roundTripMs], ["near", "near", 5]);
});

test("one copy is not measured, for there is no choice", async () => {
  const only = new Fake("only", 5);
  const { host } = reading(only);
  await host();
  await pass(60_000);
  assert.equal(only.asked, 1);
});

test("a copy that is a little nearer is not worth a move", async () => {
  const [first, second] = [new Fake("first", 10), new Fake("second", 9)];
  const { host, status } = reading(first, second);
  await host();
  await pass(500);
  await pass(30_000);
  assert.equal(status()?.host, "first");
});

test("a copy that fails is left at once, said so, and taken again when it is back", async () => {
  const [near, far] = [new Fake("near", 5), new Fake("far", 100)];
  const { host, status } = reading(near, far);
  await host();
  near.error = "unreachable";
  assert.equal(await host(), "far");
  assert.equal(status()?.reason, "near unreachable Reading from far.");
  near.error = null;
  await pass(500);
  assert.deepEqual([await host(), status()?.reason], ["near", "near is nearer. Reading from there."]);
});

test("a copy that lacks what the reader has seen is passed over", async () => {
  const [near, far] = [new Fake("near", 5, 8), new Fake("far", 100, 10)];
  const { host, status } = reading(near, far);
  await host();
  assert.equal(await host(10), "far");
  assert.equal(status()?.reason, "near lags behind. Reading from far.");
});

test("where no copy has come so far, the current one is read on", async () => {
  const { host, status } = reading(new Fake("near", 5), new Fake("far", 100));
  await host();
  assert.deepEqual([await host(999), status()?.host, status()?.reason], ["near", "near", ""]);
});

test("a copy that has stopped following is left, one that is a moment late is not", async () => {
  const [near, far] = [new Fake("near", 5, 10), new Fake("far", 100, 10)];
  const { host, status } = reading(near, far);
  await host();
  await pass(500);
  far.lastId = 11;
  await pass(30_000);
  assert.equal(status()?.host, "near");
  await pass(5_500);
  assert.deepEqual([status()?.host, status()?.reason], ["far", "near lags behind. Reading from far."]);
  near.lastId = 11;
  await pass(30_000);
  assert.equal(status()?.host, "near");
});

test("where all fail, the most specific error is reported, and the next answer ends it", async () => {
  const [one, two] = [new Fake("one", 5), new Fake("two", 9)];
  const { host, status } = reading(one, two);
  [one.error, two.error] = ["unreachable", "expired"];
  await assert.rejects(host(), { kind: "expired" });
  two.error = "unreachable";
  await assert.rejects(host(), { message: "None of the databases can be reached: one, two." });
  assert.deepEqual(
    [status()?.host, status()?.reason],
    ["", "None of the databases can be reached: one, two."],
  );
  two.error = null;
  assert.deepEqual([await host(), status()?.host, status()?.reason], ["two", "two", ""]);
});

test("an answer that is too large is nobody's failure", async () => {
  const [one, two] = [new Fake("one", 5), new Fake("two", 9)];
  const { host } = reading(one, two);
  await host();
  one.error = "tooLarge";
  await assert.rejects(host(), { kind: "tooLarge" });
  assert.equal(two.asked, 1);
});

test("a hidden page measures nothing", async () => {
  const [one, two] = [new Fake("one", 5), new Fake("two", 9)];
  const { host } = reading(one, two);
  await host();
  Object.assign(globalThis, { document: { hidden: true } });
  await pass(60_000);
  assert.equal(two.asked, 1);
});
