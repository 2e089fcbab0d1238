import assert from "node:assert/strict";
import { test } from "node:test";
import { FetchEvents } from "../../src/inbox/fetch-events.ts";

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Answer with a body that the test writes; collect what the reader hears. */
function started(context: { mock: { method: typeof test.mock.method } }, status = 200) {
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const asked: { headers?: Record<string, string>; signal?: AbortSignal }[] = [];
  context.mock.method(globalThis, "fetch", (_url: string, init: (typeof asked)[0]) => {
    asked.push(init);
    return Promise.resolve(new Response(body.readable, { status }));
  });
  const events = new FetchEvents("https://ex.org/api/events?address=a", ["one", "two"]);
  const heard: string[] = [];
  events.addEventListener("open", () => heard.push("open"));
  events.addEventListener("error", () => heard.push("error"));
  events.addEventListener("message", (event) => {
    const { data, lastEventId } = event as MessageEvent<string>;
    heard.push(`${lastEventId} ${data}`);
  });
  const write = (text: string | Uint8Array) =>
    void writer
      .write(typeof text === "string" ? new TextEncoder().encode(text) : text)
      .catch(() => undefined);
  return { events, heard, asked, write, end: () => writer.close().catch(() => undefined) };
}

test("events are read however they are cut, comments are none, and the keys are in the header", async (context) => {
  const { heard, asked, write } = started(context);
  const octets = new TextEncoder().encode(
    ': listening\n\nevent: message\ndata: {"a":"é: 1"}\nid: 4,5\n\n: ping\n\n',
  );
  for (const octet of octets) write(Uint8Array.of(octet));
  write("data: two\nid: 6\n\ndata: three");
  await settled();
  assert.deepEqual(heard, ["open", '4,5 {"a":"é: 1"}', "6 two"]);
  assert.equal(asked[0]?.headers?.["x-inbox-key"], "one, two");
});

test("the end of the stream and a refusal are errors; closing is none", async (context) => {
  const ended = started(context);
  await settled();
  await ended.end();
  await settled();
  assert.deepEqual(ended.heard, ["open", "error"]);
  context.mock.restoreAll();
  const refused = started(context, 404);
  await settled();
  assert.deepEqual(refused.heard, ["error"]);
  context.mock.restoreAll();
  const closed = started(context);
  await settled();
  closed.events.close();
  await closed.end();
  await settled();
  assert.deepEqual(closed.heard, ["open"]);
  assert.ok(closed.asked[0]?.signal?.aborted);
});
