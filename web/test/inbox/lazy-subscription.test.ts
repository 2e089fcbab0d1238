import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { LazySubscription } from "../../src/inbox/lazy-subscription.ts";
import { pass, useFakeTimers } from "./fake-events.ts";

beforeEach(useFakeTimers);
afterEach(() => mock.timers.reset());

const settled = () => new Promise((resolve) => setImmediate(resolve));

function started(...answers: ("fails" | "succeeds")[]) {
  const log: string[] = [];
  const lazy = new LazySubscription(
    () => {
      log.push("fetch");
      if (answers.shift() === "fails") return Promise.reject(new Error("not there"));
      return Promise.resolve(() => {
        log.push("subscribe");
        return { retry: () => log.push("retry"), stop: () => log.push("stop") };
      });
    },
    { arrived: () => undefined, changed: ({ kind }) => log.push(kind) },
  );
  return { lazy, log };
}

test("the code is fetched until it is there, and once", async () => {
  const { lazy, log } = started("fails", "fails", "succeeds");
  await settled();
  pass(1_000);
  await settled();
  lazy.retry();
  lazy.retry();
  await settled();
  pass(60_000);
  lazy.retry();
  lazy.stop();
  const fetched = ["fetch", "waiting", "fetch", "waiting", "fetch", "subscribe"];
  assert.deepEqual(log, [...fetched, "retry", "stop"]);
});

test("nothing is subscribed to after the end", async () => {
  for (const answer of ["fails", "succeeds"] as const) {
    const { lazy, log } = started(answer);
    lazy.stop();
    await settled();
    pass(60_000);
    assert.deepEqual(log, ["fetch"]);
  }
});
