import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { Step } from "../../src/database/hrana-batch.ts";
import { HranaSocket } from "../../src/database/hrana-socket.ts";

interface Frame {
  type: string;
  jwt?: string;
  request_id: number;
  request: {
    type: string;
    stream_id?: number;
    sql_id?: number;
    sql?: string;
    batch?: { steps: { stmt: object }[] };
  };
}

/** The server's side of a socket. */
class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static made: FakeSocket[] = [];
  readyState = 0;
  protocol = "hrana3";
  readonly frames: Frame[] = [];

  constructor(
    readonly url: string,
    readonly protocols: string[] = [],
  ) {
    super();
    FakeSocket.made.push(this);
  }

  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  send(text: string): void {
    assert.equal(this.readyState, 1);
    this.frames.push(JSON.parse(text) as Frame);
  }

  close(): void {
    this.readyState = 3;
    this.dispatchEvent(new Event("close"));
  }

  answer(answer: object): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(answer) }));
  }

  get batches(): Frame[] {
    return this.frames.filter((frame) => frame.request?.type === "batch");
  }

  /** Answer the last batch with no rows. */
  answerLast(): void {
    const request_id = this.batches.at(-1)?.request_id;
    const result = { step_results: [{ rows: [] }], step_errors: [null] };
    this.answer({ type: "response_ok", request_id, response: { type: "batch", result } });
  }
}

const STEPS: Step[] = [{ sql: "SELECT ?", args: [1] }];
const settled = () => new Promise((resolve) => setImmediate(resolve));
const nth = (index: number) => FakeSocket.made[index] as FakeSocket;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  FakeSocket.made = [];
  Object.assign(globalThis, { WebSocket: FakeSocket });
});

afterEach(() => mock.timers.reset());

/** Return the last requests, each with its stream. */
const lastRequests = (count: number) =>
  nth(0)
    .frames.slice(-count)
    .map(({ request }) => `${request.type} ${request.stream_id}`);

function socketTo(url = "https://db.example", token = "secret") {
  const client = new HranaSocket(url, token);
  const run = (signal = new AbortController().signal, steps = STEPS) => client.run(steps, signal);
  return { client, run };
}

async function opened() {
  const { client, run } = socketTo();
  const first = run();
  nth(0).open();
  await settled();
  nth(0).answerLast();
  assert.ok(await first);
  return { client, run };
}

test("all that a first batch needs goes out at once, and a statement's text once", async () => {
  const { run } = socketTo();
  const first = run();
  assert.deepEqual(
    [nth(0).url, nth(0).protocols],
    ["wss://db.example", ["hrana3-protobuf", "hrana3", "hrana2"]],
  );
  nth(0).open();
  await settled();
  assert.deepEqual(
    nth(0).frames.map(({ type, jwt, request }) => jwt ?? request?.type ?? type),
    ["secret", "open_stream", "store_sql", "batch", "close_stream"],
  );
  nth(0).answer({ type: "hello_ok" });
  nth(0).answerLast();
  const result = await first;
  assert.deepEqual(result?.response?.result.step_errors, [null]);
  void run();
  await settled();
  assert.deepEqual(lastRequests(3), ["open_stream 2", "batch 2", "close_stream 2"]);
  assert.deepEqual(nth(0).batches.at(-1)?.request.batch?.steps[0]?.stmt, {
    sql_id: 0,
    args: [{ type: "integer", value: "1" }],
  });
  assert.equal(FakeSocket.made.length, 1);
});

test("a reader's stream is kept for a second, for what is asked next", async () => {
  const { run } = await opened();
  const signal = new AbortController().signal;
  for (const steps of [[...STEPS, ...STEPS], STEPS]) {
    void run(signal, steps);
    await settled();
    nth(0).answerLast();
    mock.timers.tick(300);
  }
  assert.deepEqual(lastRequests(3), ["open_stream 2", "batch 2", "batch 2"]);
  mock.timers.tick(400);
  assert.deepEqual(lastRequests(1), ["close_stream 2"]);
  void run(signal, [...STEPS, ...STEPS]);
  await settled();
  nth(0).close();
  mock.timers.tick(1_000);
  assert.deepEqual(lastRequests(2), ["open_stream 3", "batch 3"]);
});

/** Ask a batch ahead, as it is asked before the page's code has come. */
function askedAhead(token?: string) {
  const { client, run } = socketTo("https://db.example", token);
  client.askAhead(STEPS);
  return { client, run };
}

test("an answer that was asked ahead is the page's, if it asks for the same, and once", async () => {
  for (const isAnsweredBefore of [true, false]) {
    FakeSocket.made = [];
    const { client, run } = askedAhead();
    nth(0).open();
    await settled();
    const answer = () => (mock.timers.tick(70), nth(0).answerLast());
    if (isAnsweredBefore) answer();
    await settled();
    assert.equal(typeof client.aheadMs, isAnsweredBefore ? "number" : "object");
    const first = run();
    if (!isAnsweredBefore) answer();
    assert.ok(await first);
    assert.equal(nth(0).batches.length, 1);
    void run();
    await settled();
    assert.equal(nth(0).batches.length, 2);
  }
});

test("the time of an answer is from its question, not from the opening of the socket", async () => {
  mock.method(performance, "now", () => Date.now());
  const { client, run } = askedAhead();
  mock.timers.tick(300);
  nth(0).open();
  await settled();
  mock.timers.tick(70);
  nth(0).answerLast();
  mock.timers.tick(500);
  await settled();
  assert.equal(client.aheadMs, 70);
  assert.equal((await run())?.elapsedMs, 70);
  mock.restoreAll();
});

test("what was asked ahead is dropped if the page asks for something else, or asks late", async () => {
  for (const [steps, waitMs] of [
    [[{ sql: "SELECT 2" }], 0],
    [STEPS, 10_001],
  ] as [Step[], number][]) {
    FakeSocket.made = [];
    const { run } = askedAhead();
    nth(0).open();
    await settled();
    nth(0).answerLast();
    await settled();
    mock.timers.tick(waitMs);
    const asked = run(undefined, steps);
    await settled();
    assert.equal(nth(0).batches.length, 2);
    nth(0).answerLast();
    assert.ok(await asked);
  }
});

test("where nothing answers what was asked ahead, the page asks again or gives up", async () => {
  const { client, run } = askedAhead();
  nth(0).open();
  await settled();
  const abort = new AbortController();
  const first = run(abort.signal);
  await settled();
  abort.abort();
  assert.equal(await first, null);
  client.dropIfSilent();
  assert.equal(nth(0).readyState, 3);

  const other = askedAhead();
  nth(1).open();
  await settled();
  const second = other.run();
  nth(1).answer({ type: "hello_error", error: { message: "no" } });
  assert.equal(await second, null); // by `fetch`, which tells why
  assert.equal(FakeSocket.made.length, 2);
});

test("a page that opens no inbox has its socket opened, and nothing asked", async () => {
  const { client } = socketTo();
  client.askAhead([]);
  nth(0).open();
  await settled();
  assert.deepEqual(nth(0).frames, [{ type: "hello", jwt: "secret" }]);
});

test("a token that has expired is not sent ahead", async () => {
  const claims = btoa(JSON.stringify({ exp: Math.floor(Date.now() / 1000) - 1 }));
  const { run } = askedAhead(`x.${claims}.y`);
  assert.equal(await run(), null);
  assert.equal(FakeSocket.made.length, 0);
});

test("where a socket is refused the batch goes another way, and the next try waits", async () => {
  const { run } = socketTo();
  const first = run();
  nth(0).close();
  assert.equal(await first, null);
  assert.equal(await run(), null);
  assert.equal(FakeSocket.made.length, 1);
});

test("a socket that has brought answers, and is closed, is replaced at the next batch", async () => {
  const { run } = await opened();
  nth(0).close();
  const second = run();
  nth(1).close();
  assert.equal(await second, null);
  assert.equal(await run(), null);
  assert.equal(FakeSocket.made.length, 2);
});

test("a batch does not wait for ever for a socket to open", async () => {
  const { run } = socketTo();
  const first = run();
  mock.timers.tick(2_500);
  assert.equal(await first, null);
  const second = run();
  mock.timers.tick(0);
  assert.equal(await second, null);
  nth(0).open();
  void run();
  await settled();
  assert.equal(nth(0).batches.length, 1);
});

test("answers come in any order; what the reader has given up is dropped", async () => {
  const { run } = await opened();
  const abort = new AbortController();
  const given = run(abort.signal);
  const kept = run();
  await settled();
  abort.abort();
  assert.equal(await given, null);
  nth(0).answerLast();
  assert.ok(await kept);
  nth(0).answer({ type: "response_ok", request_id: nth(0).batches.at(-2)?.request_id, response: {} });
});

for (const [what, answer] of [
  ["a token that is refused", { type: "hello_error", error: { message: "no" } }],
  ["a stream that is gone", { type: "response_error", request_id: 0, error: { message: "no stream" } }],
] as const) {
  test(`${what} ends the socket, and all that waits goes another way`, async () => {
    const { run } = await opened();
    const waiting = [run(), run()];
    await settled();
    nth(0).answer(answer);
    assert.deepEqual(await Promise.all(waiting), [null, null]);
    assert.equal(nth(0).readyState, 3);
  });
}

test("a socket speaks what the server has chosen, and ends at what cannot be read", async () => {
  const { run } = socketTo();
  const first = run();
  const server = nth(0);
  server.protocol = "hrana3-protobuf";
  const sent: unknown[] = [];
  mock.method(server, "send", (data: unknown) => sent.push(data));
  server.open();
  await settled();
  assert.ok(sent.length === 5 && sent.every((data) => data instanceof Uint8Array));
  const answer = Uint8Array.of(0x1a, 6, 0x08, 2, 0x2a, 2, 0x0a, 0); // to the request 2: a batch of no steps
  server.dispatchEvent(Object.assign(new Event("message"), { data: answer.buffer }));
  assert.deepEqual((await first)?.response?.result.step_results, []);
  const second = run();
  await settled();
  server.dispatchEvent(Object.assign(new Event("message"), { data: Uint8Array.of(0x1a, 9).buffer }));
  assert.equal(await second, null);
  assert.equal(server.readyState, 3);
  mock.restoreAll();
});

test("an answer that is too large is an answer", async () => {
  const { run } = await opened();
  const first = run();
  await settled();
  const error = { message: "too large", code: "RESPONSE_TOO_LARGE" };
  nth(0).answer({ type: "response_error", request_id: nth(0).batches.at(-1)?.request_id, error });
  const result = await first;
  assert.ok(result && "error" in result);
  assert.equal(nth(0).readyState, 1);
});

test("a socket that falls silent is closed, unless something else is under way", async () => {
  const { client, run } = await opened();
  const other = run();
  await settled();
  client.dropIfSilent();
  assert.equal(nth(0).readyState, 1);
  nth(0).answerLast();
  await other;
  client.dropIfSilent();
  assert.equal(nth(0).readyState, 3);
  void run();
  assert.equal(FakeSocket.made.length, 2);
});

test("a token that has expired is not used any more", async () => {
  const claims = btoa(JSON.stringify({ exp: Math.floor(Date.now() / 1000) - 1 }));
  const { run } = socketTo("https://db.example", `x.${claims}.y`);
  assert.equal(await run(), null);
  assert.equal(FakeSocket.made.length, 0);
});
