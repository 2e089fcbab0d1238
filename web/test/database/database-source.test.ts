import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { DatabaseSource } from "../../src/database/database-source.ts";
import { HranaClient, DatabaseError } from "../../src/database/hrana.ts";
import type { SqlRow, Step } from "../../src/database/hrana-batch.ts";
import { NearestReplica, type ReplicaAnswer, type ReadOptions } from "../../src/database/nearest-replica.ts";
import { ChunkedRead } from "../../src/database/chunked-read.ts";
import { readSummaryRow } from "../../src/database/summary-row.ts";
import { tokenExpiry } from "../../src/database/token.ts";
import { SourceError, type Summary } from "../../src/inbox/source.ts";
import type { ParsedMail } from "../../src/database/parsed-mail.ts";

afterEach(() => mock.restoreAll());

const jwt = (claims: object) => `e30.${btoa(JSON.stringify(claims)).replace(/=+$/, "")}.sig`;

function row(id: number, { head = null as Uint8Array | null } = {}): SqlRow {
  const shown = [`no ${id}`, "Ann <a@b.c>", "p", "[]", "[]", "[]", "[]", "[]", "[]", "[]", "", 0, "[]"];
  const made = head ? Array<null>(shown.length).fill(null) : shown;
  return [id, "2026-11-24 16:00:00.123", "<a@b.c>", "<ann@ex.org>", 7, ...made, head];
}

test("a row reads as a summary", () => {
  const { summary, head } = readSummaryRow([
    ...[7, "2026-11-24 16:00:00.123", "<>", '<"a>, <b"@ex.org>, <c@ex.org>, <c@ex.org>', 9, "S", "F", "P"],
    ...[
      '[["a.zip","application/zip",5,2,"part@ex.org"]]',
      '[["1234","next to code"]]',
      '[["https://a.b/","A","says"]]',
      ...['[["Ann","ann@ex.org"]]', "[]", "[]", "[]", "1@ex.org", 1, "[]"],
      null,
    ],
  ]);
  assert.equal(head, null);
  assert.deepEqual(summary, {
    id: 7,
    date: "2026-11-24T16:00:00.123Z",
    sender: "",
    recipients: ['"a>, <b"@ex.org', "c@ex.org"],
    size: 9,
    subject: "S",
    from: "F",
    preview: "P",
    attachments: [{ index: 2, name: "a.zip", type: "application/zip", size: 5 }],
    codes: [{ code: "1234", reason: "next to code" }],
    links: [{ url: "https://a.b/", text: "A", reason: "says" }],
    events: [],
  });
});

test("what another program wrote badly into a summary is left out", () => {
  const made = ["S", "F", "P", "nonsense", '{"a":1}', '[1,["https://a.b/"]]', null];
  const { summary } = readSummaryRow([7, "x", null, null, null, ...made]);
  assert.deepEqual([summary.attachments, summary.codes], [[], []]);
  assert.deepEqual(summary.links, [{ url: "https://a.b/", text: "", reason: "" }]);
});

test("a token says when it expires, or nothing", () => {
  assert.equal(tokenExpiry(jwt({ a: "ro", exp: 1_700_000_000 }))?.getTime(), 1_700_000_000_000);
  assert.equal(tokenExpiry(jwt({ a: "ro", text: "ÿ>>?" })), null);
  assert.equal(tokenExpiry("no token"), null);
});

async function errorOf(answer: Response | Error, token = jwt({ a: "ro" })): Promise<string> {
  const steps: string[] = [];
  mock.method(globalThis, "fetch", async (url: URL, init: RequestInit) => {
    steps.push(`${init.method ?? init.mode} ${url.pathname}`);
    if (init.mode === "no-cors") throw new TypeError("nobody");
    if (answer instanceof Error) throw answer;
    return answer;
  });
  try {
    await new HranaClient("https://db.example", token).run([{ sql: "SELECT 1" }], { timeoutMs: 1000 });
  } catch (error) {
    if (error instanceof DatabaseError) return error.kind;
    throw error;
  }
  return steps.join();
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const failed = (message: string, code: string) =>
  json({ results: [{ type: "error", error: { message, code } }] });

test("every error has its own kind", async () => {
  assert.equal(await errorOf(json({ error: "The JWT has expired" }, 401)), "expired");
  assert.equal(await errorOf(json({ error: "no" }, 401), jwt({ exp: 1 })), "expired");
  assert.equal(await errorOf(json({ error: "The JWT is invalid" }, 401)), "refused");
  assert.equal(await errorOf(json({ error: "forbidden" }, 403)), "refused");
  assert.equal(await errorOf(json({}, 503)), "busy");
  assert.equal(await errorOf(json({}, 404)), "notLibsql");
  assert.equal(await errorOf(new Response("<html>")), "notLibsql");
  assert.equal(await errorOf(json({ results: [] })), "notLibsql");
  assert.equal(await errorOf(failed("Response is too large", "RESPONSE_TOO_LARGE")), "tooLarge");
  assert.equal(await errorOf(failed("no such table: mail", "SQLITE_UNKNOWN")), "queryFailed");
  assert.equal(await errorOf(new TypeError("Failed to fetch")), "unreachable");
});

test("a step that fails within a batch is a failure", async () => {
  const result = { step_results: [null], step_errors: [{ message: "no such column" }] };
  const answer = json({ results: [{ type: "ok", response: { type: "batch", result } }] });
  assert.equal(await errorOf(answer), "queryFailed");
});

test("values come as they were, blobs without padding too", async () => {
  const rows = [
    [
      { type: "integer", value: "9007199254740991" },
      { type: "text", value: "☂" },
      { type: "blob", base64: "AAH/" },
      { type: "blob", base64: "/w" },
      { type: "null" },
    ],
  ];
  const result = { step_results: [{ rows }], step_errors: [null] };
  mock.method(globalThis, "fetch", async () => json({ results: [{ type: "ok", response: { result } }] }));
  const { steps } = await new HranaClient("https://db.example/", "t").run([{ sql: "" }], { timeoutMs: 1000 });
  const octets = [Uint8Array.of(0, 1, 255), Uint8Array.of(255)];
  assert.deepEqual(steps, [[[9007199254740991, "☂", ...octets, null]]]);
});

/** A source whose copies say what `answer` says. */
function sourceOf(
  answer: (step: Step, options: ReadOptions) => ReplicaAnswer,
  heads: (ParsedMail | null)[] = [],
) {
  const asked: { step: Step; options: ReadOptions }[] = [];
  const nearest = {
    read: async (steps: Step[], options: ReadOptions) => {
      asked.push({ step: steps[0] as Step, options });
      return answer(steps[0] as Step, options);
    },
  };
  const info = { version: "", domains: [], maxAgeSeconds: null, smtp: [] };
  const source = new DatabaseSource(
    info,
    { parseHeads: async () => heads, open: () => Promise.reject(new Error("not asked for")) },
    () => nearest as unknown as NearestReplica,
  );
  return { source, asked };
}

test("a page of a listing is as long as asked for and says where the next one begins", async () => {
  const { source, asked } = sourceOf(() => ({
    steps: [[row(9), row(8), row(7)]],
    lastId: 9,
    isQuick: false,
  }));
  const page = await source.list("ann@ex.org", { before: 10, limit: 2 });
  assert.deepEqual([page.messages.map(({ id }) => id), page.nextBefore], [[9, 8], 8]);
  assert.deepEqual(asked[0]?.step.args, ["ann@ex.org", 10, 0, 3]);
});

test("a copy that lags takes nothing back, and one that does not may", async () => {
  let answer: ReplicaAnswer = { steps: [[row(9), row(8), row(5)]], lastId: 9, isQuick: false };
  const { source, asked } = sourceOf(() => answer);
  await source.list("ann@ex.org", {});
  answer = { steps: [[row(5)]], lastId: 8, isQuick: false };
  const lagging = await source.list("ann@ex.org", {});
  assert.deepEqual(
    lagging.messages.map(({ id }) => id),
    [9, 5],
  );
  assert.equal(asked[1]?.options.needed, 9);
  answer = { steps: [[row(5)]], lastId: 9, isQuick: false };
  const deleted = await source.list("ann@ex.org", {});
  assert.deepEqual(
    deleted.messages.map(({ id }) => id),
    [5],
  );
});

test("an answer that is too large is asked for in smaller ones", async () => {
  const { source, asked } = sourceOf(({ args }) => {
    if (Number(args?.[3]) > 5) throw new DatabaseError("tooLarge", "too large");
    return { steps: [[row(9), row(8), row(7), row(6), row(5)]], lastId: 9, isQuick: false };
  });
  const page = await source.list("ann@ex.org", {});
  assert.deepEqual([page.messages.length, page.nextBefore], [4, 6]);
  assert.deepEqual(
    asked.map(({ step }) => step.args?.[3]),
    [51, 14, 5],
  );
});

test("what is not summarised yet is summarised from its head", async () => {
  const html = "<style>p{}</style><p>Some\n &lt;text&gt; <br>481223 is your code";
  const part = { index: 0, name: "a.png", type: "image/png", size: 3, content_id: "" };
  const content = { subject: "  Hi\n there ", from: "A", text: null, html, attachments: [part] };
  const heads = [{ content, parts: [] } as unknown as ParsedMail];
  const waiting = row(9, { head: Uint8Array.of(1) });
  const { source } = sourceOf(() => ({ steps: [[waiting, row(8)]], lastId: 9, isQuick: false }), heads);
  const [first, second] = (await source.list("ann@ex.org", {})).messages;
  assert.deepEqual([first?.subject, first?.preview], ["Hi there", "Some <text> 481223 is your code"]);
  assert.deepEqual([first?.codes, first?.links, first?.events], [[], [], []]);
  assert.deepEqual(first?.attachments, [part]);
  assert.equal(second?.subject, "no 8");
});

test("a summary that was missing is asked for until it is there, and reported once", async () => {
  let isSummarised = false;
  const { source, asked } = sourceOf(({ sql }) => {
    if (sql.includes("DESC"))
      return { steps: [[row(9, { head: Uint8Array.of(1) })]], lastId: 9, isQuick: false };
    const isAsked = sql.includes("s.mail_id IS NOT NULL ORDER");
    return { steps: [isAsked && isSummarised ? [row(8), row(9)] : []], lastId: 9, isQuick: false };
  });
  await source.list("ann@ex.org", {});
  const updated: string[] = [];
  const nothing = () => undefined;
  const listener = {
    arrived: nothing,
    changed: nothing,
    updated: ({ subject }: Summary) => updated.push(subject),
  };
  const page = Object.assign(new EventTarget(), { hidden: false });
  Object.assign(globalThis, { document: page, addEventListener: nothing, removeEventListener: nothing });
  mock.timers.enable({ apis: ["setTimeout"] });
  const subscription = source.subscribe("ann@ex.org", 9, listener);
  const poll = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    mock.timers.tick(2_000);
  };
  await poll();
  assert.deepEqual(updated, []);
  isSummarised = true;
  await poll();
  await poll();
  subscription.stop();
  mock.timers.reset();
  assert.deepEqual(updated, ["no 9"]);
  const questions = asked.filter(({ step }) => step.sql.includes("s.mail_id IS NOT NULL ORDER"));
  assert.deepEqual(questions[0]?.step.args, ["ann@ex.org", 10, 8, 50]);
});

const MIB = 1_048_576;

/** Answers as a database does that keeps a message in a first value and some others. */
function keeping(values: number[], lastId = 7) {
  const asked: number[] = [];
  const read = async (steps: Step[]): Promise<ReplicaAnswer> => {
    const found = steps.map(({ sql, args = [] }): SqlRow[] => {
      if (sql.includes("ORDER BY part")) return values.slice(1).map((size, index) => [index + 1, size]);
      const [from, count, , part = 0] = args.map(Number) as [number, number, number, number?];
      const size = values[part];
      asked.push(from);
      if (size === undefined) return [];
      return [[size, new Uint8Array(Math.max(0, Math.min(count, size - from + 1))).fill(part + 1)]];
    });
    return { steps: found, lastId, isQuick: false };
  };
  return { read, asked };
}

test("a small message is read in one request and says nothing of its progress", async () => {
  const { read, asked } = keeping([10]);
  const octets = await new ChunkedRead(read, 7, () => assert.fail("a small one")).collect();
  assert.deepEqual([octets.byteLength, asked], [10, [1]]);
});

test("a large message is put together from its values' pieces in order", async () => {
  const { read } = keeping([4 * MIB, MIB + 3, 2]);
  const told: number[] = [];
  const octets = new Uint8Array(await new ChunkedRead(read, 7, (done) => told.push(done / MIB)).collect());
  assert.equal(octets.length, 5 * MIB + 5);
  assert.deepEqual([octets[0], octets[4 * MIB], octets[5 * MIB + 3]], [1, 2, 3]);
  assert.deepEqual(told.map(Math.floor), [1, 2, 3, 4, 5, 5, 5]);
});

test("a message is gone only where the copy has come so far", async () => {
  const kindOf = (lastId: number) =>
    new ChunkedRead(keeping([], lastId).read, 7, undefined)
      .collect()
      .catch((error: SourceError) => error.kind);
  assert.deepEqual([await kindOf(7), await kindOf(6)], ["gone", "broken"]);
});
