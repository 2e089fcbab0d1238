import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { EventStream } from "../../src/inbox/event-stream.ts";
import type { HubWay } from "../../src/inbox/hub-links.ts";
import type { FollowerMessage, HubMessage } from "../../src/inbox/hub-messages.ts";
import type { Summary } from "../../src/inbox/source.ts";
import { pass, useFakeTimers } from "./fake-events.ts";

const page = Object.assign(new EventTarget(), { hidden: false });

beforeEach(() => {
  useFakeTimers();
  page.hidden = false;
  const window = new EventTarget();
  Object.assign(globalThis, {
    document: page,
    addEventListener: window.addEventListener.bind(window),
    removeEventListener: window.removeEventListener.bind(window),
    dispatchEvent: window.dispatchEvent.bind(window),
  });
});
afterEach(() => mock.timers.reset());

/** A way whose hub is the test: it collects what it hears, and answers `here` if `answers`. */
function way(name: string, log: string[], answers: boolean) {
  let hub = { receive: (_: HubMessage) => undefined as void, lost: () => undefined as void };
  const made: HubWay = {
    connect(events, isSilent) {
      hub = events;
      log.push(`${name} ${isSilent ? "again" : "opened"}`);
      return {
        send: (message: FollowerMessage) => {
          log.push(`${name} ${message.kind}${message.kind === "here" ? ` ${message.after}` : ""}`);
          if (answers && message.kind === "here")
            queueMicrotask(() => events.receive({ kind: "changed", state: { kind: "live" } }));
        },
        close: () => void log.push(`${name} closed`),
      };
    },
  };
  return { made, say: (message: HubMessage) => hub.receive(message), lose: () => hub.lost() };
}

const arrival = (id: number): HubMessage => ({ kind: "arrived", message: { id } as Summary });
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function passSlowly(...times: number[]): Promise<void> {
  for (const ms of times) {
    pass(ms);
    await settled();
  }
}

function follow(log: string[], ...ways: { made: HubWay }[]) {
  return new EventStream(
    ways.map(({ made }) => made),
    "ann@ex.org",
    4,
    { arrived: ({ id }) => log.push(`message ${id}`), changed: ({ kind }) => log.push(kind) },
  );
}

test("each message is told once, and a new hub continues after the last one", async () => {
  const log: string[] = [];
  const hub = way("hub", log, true);
  const stream = follow(log, hub);
  await settled();
  for (const id of [4, 5, 5, 6]) hub.say(arrival(id));
  hub.say({ kind: "who" });
  await settled();
  stream.stop();
  hub.say(arrival(7));
  const expected = ["connecting", "hub opened", "hub here 4", "live", "message 5", "message 6"];
  assert.deepEqual(log, [...expected, "hub here 6", "live", "hub leave", "hub closed"]);
  await passSlowly(60_000);
  assert.equal(log.at(-1), "hub closed");
});

test("a way without a hub is left for the next one: at an error, or without an answer", async () => {
  const log: string[] = [];
  const [worker, elected, own] = [
    way("worker", log, false),
    way("elected", log, false),
    way("own", log, true),
  ];
  const stream = follow(log, worker, elected, own);
  worker.lose();
  worker.lose();
  await passSlowly(9_999);
  assert.deepEqual(
    log.filter((line) => line.endsWith("opened")),
    ["worker opened", "elected opened"],
  );
  await passSlowly(1);
  assert.equal(log.at(-1), "live");
  assert.ok(log.includes("own opened"));
  stream.stop();
});

test("a way that the browser forbids is left at once, and the last one is tried again", async () => {
  mock.method(console, "error", () => undefined);
  const log: string[] = [];
  const forbidden = {
    made: {
      connect: () => {
        throw new Error("forbidden");
      },
    },
  };
  const own = way("own", log, false);
  const stream = follow(log, forbidden, own);
  own.lose();
  await passSlowly(10_000);
  assert.equal(log.filter((line) => line === "own opened").length, 2);
  stream.stop();
});

test("a hub that falls silent is found out in a minute, and taken over", async () => {
  const log: string[] = [];
  const hub = way("hub", log, true);
  const stream = follow(log, hub);
  await passSlowly(20_000, 20_000, 20_000, 20_000, 20_000);
  assert.ok(!log.includes("hub again"));
  mock.method(globalThis, "queueMicrotask", () => undefined); // it answers no more
  await passSlowly(20_000, 20_000, 20_000);
  assert.equal(log.filter((line) => line === "hub again").length, 1);
  stream.stop();
});

test("the hub hears of the network, of who looks, and of tabs that are put aside", async () => {
  const log: string[] = [];
  const stream = follow(log, way("hub", log, true));
  await settled();
  log.length = 0;
  const dispatch = (name: string) => globalThis.dispatchEvent(new Event(name));
  dispatch("offline");
  dispatch("online");
  page.hidden = true;
  page.dispatchEvent(new Event("visibilitychange"));
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  dispatch("pagehide");
  dispatch("pageshow");
  assert.deepEqual(log, ["hub offline", "hub retry", "hub retry", "hub leave", "hub here 4"]);
  stream.stop();
});
