import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { EventHub } from "../../src/inbox/event-hub.ts";
import type { FollowerMessage } from "../../src/inbox/hub-messages.ts";
import { fakeServer, pass, useFakeTimers } from "./fake-events.ts";

beforeEach(useFakeTimers);
afterEach(() => mock.timers.reset());

function started() {
  const server = fakeServer();
  const hub = new EventHub("https://ex.org/api/events", server.open);
  /** Make a tab; `heard` has ids, states and questions. */
  const tab = (address: string, after: number) => {
    const heard: (string | number)[] = [];
    const key = {};
    const say = (message: FollowerMessage) =>
      hub.receive(
        key,
        (answer) => {
          if (answer.kind === "arrived") heard.push(answer.message.id);
          else heard.push(answer.kind === "who" ? "who" : answer.state.kind);
        },
        message,
      );
    const here = (last = after) => say({ kind: "here", address, after: last });
    here();
    return { heard, say, here };
  };
  return { ...server, hub, tab };
}

test("each tab hears of its own address, and of the state of the connection", () => {
  const { tab, last } = started();
  const [ann, ben, other] = [tab("ann", 0), tab("ben", 3), tab("ann", 0)];
  pass(20);
  assert.deepEqual(last().asked, ["ann 0", "ben 3"]);
  last().accept();
  last().send(4, "4,3");
  last().send(5, "4,5");
  last().fail();
  assert.deepEqual(ann.heard, ["connecting", "connecting", "live", 4, "waiting"]);
  assert.deepEqual(other.heard, ann.heard);
  assert.deepEqual(ben.heard, ["connecting", "connecting", "live", 5, "waiting"]);
});

test("a tab that goes takes its address with it, unless another has it too", () => {
  const { tab, last, opened } = started();
  const [ann, ben, other] = [tab("ann", 0), tab("ben", 0), tab("ann", 0)];
  pass(20);
  last().accept();
  ann.say({ kind: "leave" });
  pass(5_000);
  assert.equal(opened.length, 1);
  other.say({ kind: "leave" });
  pass(5_000);
  assert.deepEqual(last().asked, ["ben 0"]);
  ben.say({ kind: "leave" });
  assert.ok(last().isClosed);
});

test("a tab that is silent for two minutes is forgotten; one that was asleep continues where it was", () => {
  const { tab, last } = started();
  const [awake, asleep] = [tab("ann", 0), tab("ben", 0)];
  pass(20);
  last().accept();
  for (let minute = 0; minute < 3; minute++) {
    pass(60_000);
    awake.here();
    last().accept();
  }
  pass(2_000);
  assert.deepEqual(last().asked, ["ann 0"]);
  asleep.here(2);
  pass(20);
  assert.deepEqual(last().asked, ["ann 0", "ben 2"]);
  last().accept();
  last().send(3, "0,3");
  assert.equal(asleep.heard.at(-1), 3);
});

test("a tab that says that it is here is not given anything twice", () => {
  const { tab, last, opened } = started();
  const ann = tab("ann", 0);
  pass(20);
  last().accept();
  last().send(4, "4");
  ann.here(0); // said before it heard of the message
  pass(60_000);
  assert.deepEqual([opened.length, ann.heard], [1, ["connecting", "connecting", "live", 4, "live"]]);
});

test("a hub that does not know a tab asks who it is", () => {
  const { tab } = started();
  const ann = tab("ann", 0);
  ann.say({ kind: "leave" });
  ann.say({ kind: "retry" });
  assert.equal(ann.heard.at(-1), "who");
});

test("the 21st address gets another connection, and there are three at most", () => {
  const { tab, opened } = started();
  const tabs = Array.from({ length: 60 }, (_, number) => tab(`t${number}`, 0));
  pass(20);
  assert.deepEqual(
    opened.map(({ asked }) => asked.length),
    [20, 20, 20],
  );
  for (const events of opened) events.accept();
  const more = tab("more", 0);
  assert.equal(tabs[0]!.heard.at(-1), "waiting");
  pass(20);
  const replaced = opened.at(-1)!;
  assert.deepEqual([opened.length, replaced.asked.length, replaced.asked.at(-1)], [4, 20, "more 0"]);
  replaced.accept();
  assert.equal(more.heard.at(-1), "live");

  // Somebody looks at the tab that has no place: now the tab after it has none.
  tabs[0]!.here();
  assert.equal(tabs[0]!.heard.at(-1), "waiting");
  tabs[0]!.say({ kind: "retry" });
  assert.equal(tabs[0]!.heard.at(-1), "who");
  tabs[0]!.here();
  assert.equal(tabs[0]!.heard.at(-1), "connecting");
  assert.equal(tabs[1]!.heard.at(-1), "waiting");
  assert.equal(opened.filter(({ isClosed }) => !isClosed).length, 3);

  // A tab closes: there is a place again.
  tabs[30]!.say({ kind: "leave" });
  assert.equal(tabs[1]!.heard.at(-1), "who");
  tabs[1]!.here();
  assert.equal(tabs[1]!.heard.at(-1), "connecting");
});

test("a tab's key is given with its address", () => {
  const { hub, last, tab } = started();
  tab("ann", 0);
  hub.receive({}, () => undefined, { kind: "here", address: "locked", after: 3, key: "its key" });
  pass(20);
  assert.deepEqual([last().asked, last().keys], [["ann 0", "locked 3"], ["its key"]]);
});
