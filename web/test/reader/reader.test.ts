import assert from "node:assert/strict";
import { test } from "node:test";
import { readAuthResults } from "../../src/reader/auth-results.ts";
import type { MessagePart } from "../../src/inbox/source.ts";
import { uniqueNames } from "../../src/reader/save-all.tsx";

const named = (...values: string[]) =>
  readAuthResults(values.map((value) => ({ name: "Authentication-Results", value })));

test("the topmost results count: each host on the way writes its own above the others", () => {
  const authResults = named("mx.example 1; spf=pass; dkim=none", "evil.example; dmarc=pass");
  assert.deepEqual(authResults, {
    by: "mx.example",
    results: [
      { method: "SPF", result: "pass" },
      { method: "DKIM", result: "none" },
    ],
  });
});

test("one signature that holds is enough", () => {
  assert.deepEqual(named("mx; dkim=fail; dkim=pass (2048-bit key; unprotected); dkim=neutral")?.results, [
    { method: "DKIM", result: "pass" },
  ]);
});

test("a comment says nothing, whatever is in it", () => {
  assert.deepEqual(named("mx (spf=pass; (dmarc=pass)); spf = fail")?.results, [
    { method: "SPF", result: "fail" },
  ]);
});

test("without results there may be a Received-SPF, and without either there is nothing to say", () => {
  assert.deepEqual(
    readAuthResults([{ name: "received-spf", value: "SoftFail (x) client-ip=1.2.3.4" }])?.results,
    [{ method: "SPF", result: "softfail" }],
  );
  assert.equal(readAuthResults([{ name: "Subject", value: "spf=pass" }]), null);
  assert.equal(named("mx.example; none"), null);
});

test("no two attachments are saved under one name", () => {
  const part = (name: string): MessagePart => ({
    index: 0,
    name,
    type: "text/plain",
    size: 0,
    content_id: "",
  });
  const names = uniqueNames(["a.txt", "A.TXT", "a.txt", "a (2).txt", "", "", ".profile"].map(part));
  assert.deepEqual(
    names.map(([name]) => name),
    ["a.txt", "A (2).TXT", "a (3).txt", "a (2) (2).txt", "unnamed", "unnamed (2)", "profile"],
  );
});
