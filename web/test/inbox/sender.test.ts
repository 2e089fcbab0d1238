import assert from "node:assert/strict";
import { test } from "node:test";
import { senderName } from "../../src/inbox/sender.ts";
import type { Summary } from "../../src/inbox/source.ts";

test("a sender is shown by the name it gives, else by its address", () => {
  const named = (from: string, sender = "b@x.org") => senderName({ from, sender } as Summary);
  assert.equal(named('"Ann B." <a@x.org>'), "Ann B.");
  assert.equal(named("Ann <a@x.org>"), "Ann");
  assert.equal(named("<a@x.org>"), "a@x.org");
  assert.equal(named("a@x.org"), "a@x.org");
  assert.equal(named(""), "b@x.org");
});
