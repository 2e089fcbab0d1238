import assert from "node:assert/strict";
import { test } from "node:test";
import { Inbox, type InboxState, merge } from "../../src/inbox/inbox.ts";
import {
  type ArrivalListener,
  type MailSource,
  type MessagePage,
  type ListQuery,
  SourceError,
  type Summary,
} from "../../src/inbox/source.ts";

function message(id: number): Summary {
  const date = new Date(id * 1000).toISOString();
  const nothing = { attachments: [], codes: [], links: [], events: [], recipients: [] };
  return { id, date, sender: "", from: "", subject: `no ${id}`, preview: "", size: 1, ...nothing };
}

class Fake implements MailSource {
  listener: ArrivalListener | null = null;
  after = -1;
  answers: (MessagePage | Promise<MessagePage> | Error)[] = [];
  asked: ListQuery[] = [];

  server() {
    return Promise.reject(new Error("not asked for"));
  }

  open() {
    return Promise.reject(new Error("not asked for"));
  }

  list(_address: string, range: ListQuery): Promise<MessagePage> {
    this.asked.push(range);
    const answer = this.answers.shift() ?? { messages: [], nextBefore: null };
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }

  subscribe(_address: string, after: number, listener: ArrivalListener) {
    this.after = after;
    this.listener = listener;
    return { retry: () => undefined, stop: () => undefined };
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function openInbox(answers: (MessagePage | Error)[]) {
  const source = new Fake();
  source.answers = answers;
  const arrivals: number[] = [];
  const states: InboxState[] = [];
  const inbox = new Inbox("ann@ex.org", source, {
    changed: (state) => states.push(state),
    arrived: ({ id }) => arrivals.push(id),
  });
  await settled();
  return { source, inbox, arrivals, states };
}

const ids = (inbox: Inbox) => inbox.state.messages.map(({ id }) => id);

test("it listens from the newest message that was listed", async () => {
  const { source, inbox } = await openInbox([{ messages: [message(9), message(4)], nextBefore: null }]);
  assert.equal(source.after, 9);
  inbox.stop();
});

test("an arrival goes on top and is announced", async () => {
  const { source, inbox, arrivals } = await openInbox([{ messages: [message(4)], nextBefore: null }]);
  source.listener?.arrived(message(5));
  assert.deepEqual(ids(inbox), [5, 4]);
  assert.deepEqual(arrivals, [5]);
  inbox.stop();
});

test("a reload drops what is gone and keeps what arrives meanwhile", async () => {
  const { source, inbox } = await openInbox([{ messages: [message(3), message(2)], nextBefore: null }]);
  source.answers = [{ messages: [message(3)], nextBefore: null }];
  inbox.reload();
  source.listener?.arrived(message(4));
  await settled();
  assert.deepEqual(ids(inbox), [4, 3]);
  inbox.stop();
});

/** Return an answer that is given later. */
function later() {
  let give: (page: MessagePage) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const answer = new Promise<MessagePage>((resolve, reject) => {
    [give, fail] = [resolve, reject];
  });
  return { answer, give, fail };
}

test("of two reloads the last one counts, whichever is answered first", async () => {
  const { source, inbox } = await openInbox([{ messages: [message(3)], nextBefore: null }]);
  const [first, second] = [later(), later()];
  source.answers = [first.answer, second.answer];
  inbox.reload();
  inbox.reload();
  second.give({ messages: [message(2)], nextBefore: null });
  await settled();
  first.give({ messages: [message(3)], nextBefore: 3 });
  await settled();
  assert.deepEqual(ids(inbox), [2]);
  assert.equal(inbox.state.nextBefore, null);
  inbox.stop();
});

test("a reload that fails late does not hide what a newer one has listed", async () => {
  const { source, inbox } = await openInbox([{ messages: [message(3)], nextBefore: null }]);
  const first = later();
  source.answers = [first.answer, { messages: [message(3)], nextBefore: null }];
  inbox.reload();
  inbox.reload();
  await settled();
  first.fail(new SourceError("unreachable", "no server"));
  await settled();
  assert.equal(inbox.state.phase.kind, "ready");
  inbox.stop();
});

for (const [name, change] of [
  ["deleted", (inbox: Inbox) => inbox.forgetAll()],
  ["listed again", (inbox: Inbox) => inbox.reload()],
] as const) {
  test(`older messages do not come back to an inbox that was ${name} meanwhile`, async () => {
    const { source, inbox } = await openInbox([{ messages: [message(9)], nextBefore: 9 }]);
    const older = later();
    source.answers = [older.answer];
    void inbox.loadOlder();
    change(inbox); // nothing is there any more
    await settled();
    older.give({ messages: [message(8)], nextBefore: 8 });
    await settled();
    assert.deepEqual(ids(inbox), []);
    assert.deepEqual([inbox.state.nextBefore, inbox.state.loadingOlder], [null, false]);
    inbox.stop();
  });
}

test("an inbox that is emptied while it loads is listed again", async () => {
  const source = new Fake();
  const first = later();
  source.answers = [first.answer];
  const events = { changed: () => undefined, arrived: () => undefined };
  const inbox = new Inbox("ann@ex.org", source, events);
  inbox.forgetAll();
  first.give({ messages: [message(3)], nextBefore: null });
  await settled();
  assert.deepEqual([inbox.state.phase.kind, ids(inbox)], ["ready", []]);
  inbox.stop();
});

test("older messages go below, and the end is known", async () => {
  const { source, inbox } = await openInbox([{ messages: [message(9)], nextBefore: 9 }]);
  source.answers = [{ messages: [message(8), message(7)], nextBefore: null }];
  await inbox.loadOlder();
  await inbox.loadOlder();
  assert.deepEqual(ids(inbox), [9, 8, 7]);
  assert.deepEqual(source.asked, [{}, { before: 9, limit: 200 }]);
  inbox.stop();
});

test("a failure says its cause and when it will be tried again", async () => {
  const { inbox } = await openInbox([new SourceError("unreachable", "The server cannot be reached.")]);
  const { phase } = inbox.state;
  assert.equal(phase.kind, "failed");
  assert.ok(phase.kind === "failed" && phase.retryAt > Date.now() && phase.cause.includes("reached"));
  inbox.stop();
});

test("a message that no listing brought is fetched by its id, outside the list", async () => {
  const { source, inbox } = await openInbox([{ messages: [message(90)], nextBefore: 90 }]);
  source.answers = [{ messages: [message(7)], nextBefore: 7 }];
  assert.equal(await inbox.fetch(7), true);
  assert.equal(inbox.find(7)?.subject, "no 7");
  assert.deepEqual(ids(inbox), [90]);
  inbox.stop();
});

test("the next older message is not taken for one that is gone", async () => {
  const { source, inbox } = await openInbox([{ messages: [], nextBefore: null }]);
  source.answers = [{ messages: [message(6)], nextBefore: null }];
  assert.equal(await inbox.fetch(7), false);
  inbox.stop();
});

test("merging keeps one of each id, newest first", () => {
  const later = { ...message(2), subject: "later" };
  const merged = merge([message(3), message(2)], [later, message(5)]);
  assert.deepEqual(
    merged.map(({ id }) => id),
    [5, 3, 2],
  );
  assert.equal(merged[2]?.subject, "later");
});

test("an order that needs everything loads all of it, and stops where it does not get on", async () => {
  const { source, inbox } = await openInbox([{ messages: [message(9)], nextBefore: 9 }]);
  source.answers = [
    { messages: [message(8)], nextBefore: 8 },
    { messages: [message(7)], nextBefore: null },
  ];
  await inbox.loadAll();
  assert.deepEqual(ids(inbox), [9, 8, 7]);
  inbox.stop();
  const other = await openInbox([{ messages: [message(9)], nextBefore: 9 }]);
  other.source.answers = [new SourceError("unreachable", "away")];
  await other.inbox.loadAll();
  assert.equal(other.source.asked.length, 2);
  other.inbox.stop();
});

test("a search waits for a pause in typing, and goes on page by page", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { source, inbox } = await openInbox([{ messages: [message(9)], nextBefore: 9 }]);
  source.answers = [
    { messages: [message(5)], nextBefore: 5 },
    { messages: [message(3)], nextBefore: null },
  ];
  inbox.search("ap");
  context.mock.timers.tick(50);
  inbox.search(" apples ");
  context.mock.timers.tick(60);
  await settled();
  assert.deepEqual(source.asked.slice(1), [{ search: "apples" }]);
  await inbox.loadMore();
  assert.deepEqual(source.asked.slice(2), [{ search: "apples", before: 5 }]);
  assert.deepEqual(
    inbox.state.search?.found.map(({ id }) => id),
    [5, 3],
  );
  assert.deepEqual(ids(inbox), [9], "what was found stands in no listing");
  inbox.search("");
  assert.equal(inbox.state.search, null);
  inbox.stop();
});

test("a search goes on behind a page without a message, but not once it is another search", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { source, inbox } = await openInbox([
    { messages: [message(9)], nextBefore: 9 },
    { messages: [], nextBefore: 7 },
    { messages: [], nextBefore: 5 },
    { messages: [message(4)], nextBefore: 4 },
  ]);
  inbox.search("apples");
  context.mock.timers.tick(1_000);
  await settled();
  assert.deepEqual(
    source.asked.slice(1).map(({ before }) => before),
    [undefined, 7, 5],
  );
  assert.deepEqual(
    inbox.state.search?.found.map(({ id }) => id),
    [4],
  );
  source.answers = [{ messages: [], nextBefore: 3 }];
  inbox.search("pears");
  context.mock.timers.tick(1_000);
  inbox.search("");
  await settled();
  assert.equal(source.asked.length, 5);
});

test("an answer to what nobody looks for any more is dropped, and a failure is said", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { source, inbox } = await openInbox([{ messages: [message(9)], nextBefore: null }]);
  source.answers = [{ messages: [message(5)], nextBefore: null }, new SourceError("broken", "out of order")];
  inbox.search("apples");
  context.mock.timers.tick(200);
  inbox.search("pears");
  await settled();
  assert.deepEqual(inbox.state.search?.found, []);
  context.mock.timers.tick(200);
  await settled();
  assert.equal(inbox.state.search?.problem, "out of order");
  inbox.stop();
});

test("a locked inbox without its key waits for it, and asks no more by itself", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const source = new Fake();
  source.answers = [new SourceError("gone", "this inbox is locked")];
  const inbox = new Inbox("shop-kyvyg36sxzn5s2inf@ex.org", source, {
    changed: () => undefined,
    arrived: () => undefined,
  });
  await settled();
  assert.deepEqual(inbox.state.phase, { kind: "locked" });
  context.mock.timers.tick(600_000);
  await settled();
  assert.equal(source.asked.length, 1);
  inbox.reload();
  await settled();
  assert.equal(inbox.state.phase.kind, "ready");
});
