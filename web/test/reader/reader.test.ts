import assert from "node:assert/strict";
import { test } from "node:test";
import { readClaims } from "../../src/reader/auth-results.ts";
import type { Part } from "../../src/reader/parsed-message.ts";
import { nameAll } from "../../src/reader/save-all.tsx";

const named = (...values: string[]) =>
  readClaims(values.map((value): [string, string] => ["Authentication-Results", value]));

test("the topmost results count: each host on the way writes its own above the others", () => {
  const claimed = named("mx.example 1; spf=pass; dkim=none", "evil.example; dmarc=pass");
  assert.deepEqual(claimed, {
    by: "mx.example",
    claims: [
      { method: "SPF", result: "pass" },
      { method: "DKIM", result: "none" },
    ],
  });
});

test("one signature that holds is enough", () => {
  assert.deepEqual(named("mx; dkim=fail; dkim=pass (2048-bit key; unprotected); dkim=neutral")?.claims, [
    { method: "DKIM", result: "pass" },
  ]);
});

test("a comment says nothing, whatever is in it", () => {
  assert.deepEqual(named("mx (spf=pass; (dmarc=pass)); spf = fail")?.claims, [
    { method: "SPF", result: "fail" },
  ]);
});

test("without results there may be a Received-SPF, and without either there is nothing to say", () => {
  assert.deepEqual(readClaims([["received-spf", "SoftFail (x) client-ip=1.2.3.4"]])?.claims, [
    { method: "SPF", result: "softfail" },
  ]);
  assert.equal(readClaims([["Subject", "spf=pass"]]), null);
  assert.equal(named("mx.example; none"), null);
});

test("no two attachments are saved under one name", () => {
  const part = (name: string): Part => ({ name, type: "text/plain", content: new ArrayBuffer(0) });
  const names = nameAll(["a.txt", "A.TXT", "a.txt", "a (2).txt", "", "", ".profile"].map(part));
  assert.deepEqual(
    names.map(([name]) => name),
    ["a.txt", "A (2).TXT", "a (3).txt", "a (2) (2).txt", "unnamed", "unnamed (2)", "profile"],
  );
});
