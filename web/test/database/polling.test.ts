import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { type Arrivals, Polling } from "../../src/database/polling.ts";
import { type LiveState, SourceError, type Summary } from "../../src/inbox/source.ts";

const page = Object.assign(new EventTarget(), { hidden: false });

beforeEach(() => {
  page.hidden = false;
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const window = new EventTarget();
  Object.assign(globalThis, {
    document: page,
    addEventListener: window.addEventListener.bind(window),
    removeEventListener: window.removeEventListener.bind(window),
    dispatchEvent: window.dispatchEvent.bind(window),
  });
});

afterEach(() => {
  mock.timers.reset();
  Reflect.deleteProperty(globalThis, "Notification");
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms);
  await settled();
}

function arrivals(ids: number[], more = false, isQuick = false): Arrivals {
  return { messages: ids.map((id) => ({ id }) as Summary), more, summarised: [], isQuick };
}

function polling(...answers: (Arrivals | Error | Promise<Arrivals>)[]) {
  const asked: number[] = [];
  const arrived: number[] = [];
  const states: LiveState["kind"][] = [];
  const ask = async (after: number) => {
    asked.push(after);
    const answer = answers.shift() ?? arrivals([]);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const poll = new Polling(ask, 4, {
    arrived: ({ id }) => arrived.push(id),
    changed: ({ kind }) => states.push(kind),
  });
  return { poll, asked, arrived, states };
}

test("it asks every 2 s while somebody looks, from the last message on, each message once", async () => {
  const { poll, asked, arrived, states } = polling(arrivals([5, 6]), arrivals([6, 7]));
  await settled();
  await pass(1_999);
  assert.deepEqual(asked, [4]);
  await pass(1);
  await pass(2_000);
  assert.deepEqual(
    [asked, arrived, states],
    [
      [4, 6, 7],
      [5, 6, 7],
      ["connecting", "live"],
    ],
  );
  poll.stop();
});

test("it asks nothing while nobody looks, and at once when somebody does", async () => {
  page.hidden = true;
  const { poll, asked } = polling();
  await settled();
  await pass(600_000);
  assert.equal(asked.length, 1);
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  assert.equal(asked.length, 2);
  await settled();
  dispatchEvent(new Event("focus"));
  await settled();
  dispatchEvent(new Event("online"));
  assert.equal(asked.length, 4);
  poll.stop();
});

test("it asks every 15 s while nobody looks who may be notified", async () => {
  Object.assign(globalThis, { Notification: { permission: "granted" } });
  page.hidden = true;
  const { poll, asked } = polling();
  await settled();
  await pass(14_999);
  assert.equal(asked.length, 1);
  await pass(1);
  assert.equal(asked.length, 2);
  poll.stop();
});

test("by a socket it asks four times a second while the page is used, and less often after that", async () => {
  const quick = Array.from({ length: 2_000 }, () => arrivals([], false, true));
  const { poll, asked } = polling(...quick);
  const askedIn = async (ms: number) => {
    const before = asked.length;
    for (let passed = 0; passed < ms; passed += 250) await pass(250);
    return asked.length - before;
  };
  await settled();
  assert.equal(await askedIn(29_750), 119);
  assert.equal(await askedIn(10_000), 20);
  await askedIn(90_000);
  assert.equal(await askedIn(10_000), 10);
  await askedIn(600_000);
  assert.equal(await askedIn(10_000), 5);
  dispatchEvent(new Event("keydown"));
  await settled();
  assert.equal(await askedIn(10_000), 40);
  poll.stop();
});

test("one question is on its way at a time", async () => {
  const { poll, asked } = polling(new Promise(() => undefined));
  await pass(60_000);
  dispatchEvent(new Event("focus"));
  poll.retry();
  assert.equal(asked.length, 1);
  poll.stop();
});

test("more than fits into one answer is asked for at once", async () => {
  const { poll, asked, arrived } = polling(arrivals([5], true), arrivals([6]));
  await settled();
  await pass(0);
  assert.deepEqual(
    [asked, arrived],
    [
      [4, 5],
      [5, 6],
    ],
  );
  poll.stop();
});

test("after a failure it waits longer each time, and says until when", async () => {
  const away = new SourceError("unreachable", "away");
  const { poll, asked, states } = polling(away, away, away);
  await settled();
  await pass(700);
  assert.equal(asked.length, 1);
  await pass(300);
  await pass(1_400);
  assert.equal(asked.length, 2);
  await pass(600);
  assert.equal(asked.length, 3);
  await pass(4_000);
  assert.equal(states.at(-1), "live");
  poll.stop();
});

test("it stops when it is told to, even with an answer on its way", async () => {
  let answer: (arrivals: Arrivals) => void = () => undefined;
  const { poll, asked, arrived } = polling(new Promise((resolve) => (answer = resolve)));
  poll.stop();
  answer(arrivals([5]));
  await settled();
  await pass(60_000);
  dispatchEvent(new Event("focus"));
  assert.deepEqual([asked.length, arrived], [1, []]);
});
