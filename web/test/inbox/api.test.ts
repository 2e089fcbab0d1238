import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiSource, type ServerBody } from "../../src/inbox/api.ts";

/** Answer every request with a status; return what was asked. */
function answering(status: number, context: { mock: { method: typeof test.mock.method } }): string[] {
  const asked: string[] = [];
  context.mock.method(globalThis, "fetch", (url: URL, init: RequestInit) => {
    asked.push(`${init.method ?? "GET"} ${url.pathname}`);
    return Promise.resolve(new Response(status === 204 ? null : '{"text":"abc"}', { status }));
  });
  return asked;
}

const source = () => new ApiSource("https://mail.example/box/");

test("a message is read under its inbox's address, relative to the page", async (context) => {
  const asked = answering(200, context);
  const { signal } = new AbortController();
  const opened = await source().open("a/b+c@ex.org", 7, signal);
  assert.deepEqual(opened.content, { text: "abc" });
  assert.equal(await (await opened.raw(signal)).text(), '{"text":"abc"}');
  await opened.part(2, signal);
  const message = "GET /box/api/inboxes/a%2Fb%2Bc%40ex.org/messages/7";
  assert.deepEqual(asked, [message, `${message}/raw`, `${message}/attachments/2`]);
});

test("what is attached to an attached message has the numbers of both", async (context) => {
  const asked = answering(200, context);
  const { signal } = new AbortController();
  const outer = await source().open("a@ex.org", 7, signal);
  const inner = await (await outer.attached(1, signal)).attached(0, signal);
  await inner.raw(signal);
  await inner.part(3, signal);
  const attachments = "GET /box/api/inboxes/a%40ex.org/messages/7/attachments";
  const paths = ["1/message", "1.0/message", "1.0", "1.0.3"];
  assert.deepEqual(
    asked.slice(1),
    paths.map((path) => `${attachments}/${path}`),
  );
});

test("a message is deleted under its inbox's address; one that is gone is no failure", async (context) => {
  for (const status of [204, 404]) {
    const asked = answering(status, context);
    await source().remove?.("ann@ex.org", 7);
    assert.deepEqual(asked, ["DELETE /box/api/inboxes/ann%40ex.org/messages/7"]);
    context.mock.restoreAll();
  }
});

const DELETES_NOTHING: ServerBody = {
  version: "1",
  domains: [],
  retention: { max_age_s: null },
  smtp: [],
  read_only: false,
  deletion: false,
  all_mail: true,
  locks: false,
  abuse_contact: "mailto:abuse@ex.org",
};

test("what config.json says of the server is known at once, without a request", () => {
  const told = new ApiSource("http://localhost/box/", undefined, DELETES_NOTHING);
  assert.equal(told.known?.listsAllMail, true);
  assert.equal(told.remove, undefined);
});

test("a server that deletes nothing on request offers no deletion, and says where to complain", async (context) => {
  const body = DELETES_NOTHING;
  context.mock.method(globalThis, "fetch", () => Promise.resolve(Response.json(body)));
  const asked = source();
  assert.ok(asked.remove && asked.removeAll);
  assert.equal((await asked.server()).abuseContact, "mailto:abuse@ex.org");
  assert.equal(asked.remove, undefined);
  assert.equal(asked.removeAll, undefined);
});
