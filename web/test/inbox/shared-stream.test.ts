import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { SharedStream } from "../../src/inbox/shared-stream.ts";
import { fakeServer, pass, useFakeTimers } from "./fake-events.ts";

beforeEach(useFakeTimers);
afterEach(() => mock.timers.reset());

function started() {
  const server = fakeServer();
  const told: string[] = [];
  const stream = new SharedStream(
    "https://ex.org/api/events",
    { arrived: (address, { id }) => told.push(`${address} ${id}`), changed: () => undefined },
    server.open,
  );
  return { ...server, told, stream };
}

/** Return a stream that is live, with two addresses. */
function live() {
  const all = started();
  all.stream.add("a", 5);
  all.stream.add("b", 7);
  pass(20);
  all.last().accept();
  return all;
}

test("addresses that come together share one connection from the start", () => {
  const { opened, last, stream } = live();
  assert.deepEqual([opened.length, last().asked], [1, ["a 5", "b 7"]]);
  assert.equal(stream.stateOf("a").kind, "live");
});

test("a message goes to the addresses whose position moved, each once", () => {
  const { last, told } = live();
  last().send(8, "8,7");
  last().send(9, "9,9");
  last().send(9, "9,9");
  last().send(4, "4,9");
  assert.deepEqual(told, ["a 8", "a 9", "b 9"]);
});

test("a lost connection continues each address after its last message", () => {
  const { opened, last, told, stream } = live();
  last().send(8, "8,7");
  last().fail();
  assert.equal(stream.stateOf("a").kind, "waiting");
  pass(1_000);
  assert.deepEqual([opened.length, last().asked], [2, ["a 8", "b 7"]]);
  last().accept();
  last().send(11, "8,11");
  assert.deepEqual(told, ["a 8", "b 11"]);
});

test("the wait grows while the server is away, and ends at once if somebody asks", () => {
  const { opened, last, stream } = live();
  last().fail();
  pass(1_000);
  last().fail();
  pass(1_000);
  assert.equal(opened.length, 2);
  pass(1_000);
  assert.equal(opened.length, 3);
  last().fail();
  stream.retry();
  assert.equal(opened.length, 4);
  stream.retry();
  assert.equal(opened.length, 4);
});

test("a connection is replaced once its successor is open, and nothing is missed or told twice", () => {
  const { opened, told, stream } = live();
  const first = opened[0]!;
  stream.add("c", 1);
  pass(20);
  const second = opened[1]!;
  first.send(8, "8,7");
  assert.deepEqual([stream.stateOf("a").kind, stream.stateOf("c").kind], ["live", "connecting"]);
  second.accept();
  assert.ok(first.isClosed);
  assert.equal(stream.stateOf("c").kind, "live");
  second.send(8, "8,7,1");
  second.send(2, "8,7,2");
  assert.deepEqual(told, ["a 8", "c 2"]);
});

test("if the successor is refused the others go on, and it is tried again", () => {
  const { opened, told, stream } = live();
  stream.add("c", 1);
  pass(20);
  opened[1]!.fail();
  opened[0]!.send(8, "8,7");
  assert.deepEqual([stream.stateOf("a").kind, stream.stateOf("c").kind], ["live", "waiting"]);
  pass(1_000);
  assert.deepEqual(opened[2]!.asked, ["a 8", "b 7", "c 1"]);
  assert.deepEqual(told, ["a 8"]);
});

test("whoever is behind the connection gets what is in between first", () => {
  const { opened, told, stream } = live();
  opened[0]!.send(9, "9,7");
  stream.add("a", 6);
  opened[0]!.send(10, "10,7"); // it would hide what came between 6 and 9
  pass(20);
  assert.deepEqual(opened[1]!.asked, ["a 6", "b 7"]);
  opened[1]!.accept();
  for (const id of [8, 9, 10]) opened[1]!.send(id, `${id},7`);
  assert.deepEqual(told, ["a 9", "a 8", "a 9", "a 10"]);
});

test("the same holds for an address that goes and comes back, before and while its successor opens", () => {
  for (const ms of [0, 2_000]) {
    const { opened, last, told, stream } = live();
    opened[0]!.send(9, "9,7");
    stream.remove("a");
    pass(ms);
    stream.add("a", 6);
    opened[0]!.send(10, "10,7");
    for (const events of opened) events.accept();
    pass(20);
    assert.deepEqual(last().asked.sort(), ["a 6", "b 7"]);
    told.length = 0;
    last().accept();
    const isFirst = last().asked[0] === "a 6";
    for (const id of [8, 9]) last().send(id, isFirst ? `${id},7` : `7,${id}`);
    assert.deepEqual(told, ["a 8", "a 9"]);
  }
});

test("an address that nobody follows is told no more, and left out a moment later", () => {
  const { opened, last, told, stream } = live();
  stream.remove("a");
  opened[0]!.send(8, "8,7");
  opened[0]!.send(9, "8,9");
  assert.deepEqual(told, ["b 9"]);
  pass(2_000);
  assert.deepEqual(last().asked, ["b 9"]);
  stream.remove("b");
  assert.ok(last().isClosed);
  pass(60_000);
  assert.equal(opened.length, 2);
});

test("the browser's word that there is no network ends the connection once", () => {
  const { opened, stream } = live();
  for (let tab = 0; tab < 8; tab++) stream.lose();
  assert.ok(opened[0]!.isClosed);
  assert.equal(stream.stateOf("a").kind, "waiting");
  pass(1_000);
  assert.equal(opened.length, 2);
});

test("a stream takes 20 addresses, and fewer where they are long", () => {
  const { stream } = started();
  for (let number = 0; number < 20; number++) {
    assert.ok(stream.hasRoomFor(`${number}@ex.org`));
    stream.add(`${number}@ex.org`, 0);
  }
  assert.ok(!stream.hasRoomFor("more@ex.org"));
  stream.stop();

  const { stream: other, last } = started();
  let count = 0;
  const long = () => `${count}${"ü".repeat(300)}@ex.org`;
  for (; other.hasRoomFor(long()); count++) other.add(long(), 2 ** 40);
  pass(20);
  assert.ok(count >= 2 && count < 20);
  assert.ok(last().url.length < 8_000);
});

test("the keys of locked inboxes go with each connection, until their inbox is left", () => {
  const { last, stream } = live();
  assert.deepEqual(last().keys, []);
  stream.add("locked", 0, "its key");
  pass(20);
  last().accept();
  assert.deepEqual([last().asked, last().keys], [["a 5", "b 7", "locked 0"], ["its key"]]);
  last().fail();
  pass(1_000);
  assert.deepEqual(last().keys, ["its key"]);
  last().accept();
  stream.remove("locked");
  pass(5_000);
  assert.deepEqual(last().keys, []);
});
