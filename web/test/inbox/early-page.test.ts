import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_MAIL } from "../../src/inbox/address.ts";
import { earlyPages } from "../../src/inbox/early-page.ts";
import type { ListQuery, MailSource, MessagePage } from "../../src/inbox/source.ts";

/** A source that notes what it is asked to list, and answers or fails. */
function listing(fails = false) {
  const asked: string[] = [];
  const source = {
    list(address: string, query: ListQuery): Promise<MessagePage> {
      asked.push(`${address} ${JSON.stringify(query)}`);
      return fails ? Promise.reject(new Error("gone")) : Promise.resolve({ messages: [], nextBefore: null });
    },
  } as unknown as MailSource;
  return { asked, source, ask: earlyPages(source) };
}

test("a page that was asked for early is given once, to who wants just that", async () => {
  const { asked, source, ask } = listing();
  await ask("ann@ex.org");
  await source.list("ann@ex.org", {});
  assert.deepEqual(asked, ["ann@ex.org {}"]);
  await source.list("ann@ex.org", {});
  assert.equal(asked.length, 2);
});

test("all mail is asked for early too", async () => {
  const { asked, ask } = listing();
  await ask(ALL_MAIL);
  assert.equal(asked.length, 1);
});

test("an address that is a name of JavaScript's is listed as any other", async () => {
  const { asked, source } = listing();
  await source.list("constructor", {});
  assert.equal(asked.length, 1);
});

test("an inbox that was asked for last is not asked for again", async () => {
  const { asked, ask } = listing();
  await ask("ann@ex.org");
  await ask("ann@ex.org");
  assert.equal(asked.length, 1);
  await ask("bob@ex.org");
  await ask("ann@ex.org");
  assert.equal(asked.length, 3);
});

for (const query of [{ before: 7, limit: 200 }, { search: "code" }]) {
  test(`what lists by ${Object.keys(query).join(" and ")} asks for itself, and drops the early page`, async () => {
    const { asked, source, ask } = listing();
    await ask("ann@ex.org");
    await source.list("ann@ex.org", query);
    await source.list("ann@ex.org", {});
    assert.equal(asked.length, 3);
  });
}

test("another inbox drops the early page", async () => {
  const { asked, source, ask } = listing();
  await ask("ann@ex.org");
  await source.list("bob@ex.org", {});
  await source.list("ann@ex.org", {});
  assert.equal(asked.length, 3);
});

test("a failure is heard by who lists, and by nobody else", async () => {
  const { source, ask } = listing(true);
  await ask("ann@ex.org");
  await assert.rejects(source.list("ann@ex.org", {}), /gone/);
});
