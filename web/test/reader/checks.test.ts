import assert from "node:assert/strict";
import { test } from "node:test";
import type { HtmlCheck, WarnedClient } from "../../src/inbox/source.ts";
import { curlCommand } from "../../src/reader/curl-command.ts";
import { barWidths, listFamilies, warningsFor } from "../../src/reader/html-warnings.ts";
import { cutSource, lineNumbers, lineRange, MAX_SOURCE_CHARS } from "../../src/reader/source-lines.ts";

const score = { supported: 90, partial: 6, unsupported: 4 };

const client = (family: string, name: string): WarnedClient => ({
  family,
  name,
  platform: "desktop",
  version: "1",
  support: "no",
  note: null,
});

function check(...warnings: [slug: string, clients: WarnedClient[]][]): HtmlCheck {
  return {
    score,
    nodes: 1,
    tests: 1,
    families: ["gmail", "outlook", "yahoo"],
    truncated: false,
    data_date: "2026-05-13",
    warnings: warnings.map(([slug, clients]) => ({
      ...{ slug, title: slug, description: null, url: "", category: "css" },
      ...{ lines: [], found: 1, score, clients },
    })),
  };
}

const CHECK = check(
  ["grid", [client("outlook", "Outlook"), client("gmail", "Gmail")]],
  ["flex", [client("outlook", "Outlook")]],
);

test("a family of mail programs has its own warnings, with its own programs alone", () => {
  assert.deepEqual(
    warningsFor(CHECK, "gmail").map(({ slug, clients }) => [slug, clients.map(({ name }) => name)]),
    [["grid", ["Gmail"]]],
  );
  assert.equal(warningsFor(CHECK, ""), CHECK.warnings);
  assert.deepEqual(warningsFor(CHECK, "yahoo"), []);
});

test("families are listed by the number of their warnings", () => {
  assert.deepEqual(listFamilies(CHECK), [
    { family: "outlook", name: "Outlook", warnings: 2 },
    { family: "gmail", name: "Gmail", warnings: 1 },
    { family: "yahoo", name: "yahoo", warnings: 0 },
  ]);
});

test("the parts of the bar fill it, whatever the figures are", () => {
  assert.deepEqual(barWidths(score), [90, 6, 4]);
  assert.deepEqual(barWidths({ supported: 50, partial: 0, unsupported: 0 }), [100, 0, 0]);
  assert.deepEqual(barWidths({ supported: -1, partial: Number.NaN, unsupported: 0 }), [0, 0, 0]);
});

test("a line of a source is found by its number", () => {
  const { text, lines } = cutSource("one\r\ntwo\rthree\n");
  assert.equal(lines, 3);
  assert.equal(lineNumbers(lines), "1\n2\n3");
  const line = (number: number) => {
    const range = lineRange(text, number);
    return range && text.slice(range.start, range.end);
  };
  assert.deepEqual([1, 2, 3, 5].map(line), ["one", "two", "three", null]);
});

test("a source is shown up to a bound", () => {
  const long = cutSource("x".repeat(MAX_SOURCE_CHARS + 1));
  assert.deepEqual([long.text.length, long.lines, long.isAll], [MAX_SOURCE_CHARS, 1, false]);
  const tall = cutSource("\n".repeat(30_000));
  assert.deepEqual([tall.lines, tall.isAll], [20_000, false]);
  assert.deepEqual(cutSource(""), { text: "", lines: 1, isAll: true });
});

test("a command for curl has no secret in it, and nothing that a shell reads", () => {
  const command = (path: string) => curlCommand(path, "https://ann:secret@mail.example/box/#/x", "m.eml");
  assert.equal(
    command("api/messages/7/raw"),
    'curl --fail -o m.eml "https://mail.example/box/api/messages/7/raw"',
  );
  assert.equal(
    command("api/inboxes/shop-kyvyg36sxzn5s2inf%40example.org/messages/7/raw"),
    'curl --fail -H "X-Inbox-Key: KEY" -o m.eml ' +
      '"https://mail.example/box/api/inboxes/shop-kyvyg36sxzn5s2inf%40example.org/messages/7/raw"',
  );
  const address = encodeURIComponent("a'$(id)`\"!\\%b@example.org");
  const url = /"(.*)"$/.exec(command(`api/inboxes/${address}/messages/7/raw`))?.[1] ?? "";
  assert.ok(!/['"`$!\\\s]/.test(url), url);
  assert.equal(decodeURIComponent(url.split("/")[6] ?? ""), "a'$(id)`\"!\\%b@example.org");
});
