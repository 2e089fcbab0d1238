import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

/** Run the check on a folder with these modules. Return its exit status and what it reports. */
function check(modules: Record<string, string>): { status: number | null; problems: string[] } {
  const root = mkdtempSync(path.join(tmpdir(), "edgemail-imports-"));
  try {
    for (const [name, text] of Object.entries(modules)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    }
    const { status, stderr } = spawnSync(process.execPath, ["check-imports.mjs", root], { encoding: "utf8" });
    return { status, problems: stderr.split("\n").filter(Boolean) };
  } finally {
    rmSync(root, { recursive: true });
  }
}

const empty = "export {};";

test("imports of a module's own layer and of lower ones pass", () => {
  const modules = {
    "main.tsx": 'import { App } from "./app/app.tsx";\nimport "preact";',
    "app/app.tsx":
      'import { words } from "../languages/words.ts";\nexport const view = () => import("./view.tsx");',
    "app/view.tsx": 'import type { Inbox } from "../inbox/inbox.ts";',
    "inbox/inbox.ts": empty,
    "languages/words.ts": empty,
  };
  assert.deepEqual(check(modules), { status: 0, problems: [] });
});

for (const [kind, statement] of [
  ["an import", 'import { row } from "./views/row.tsx";'],
  ["an import of a type", 'import type { Row } from "./views/row.tsx";'],
  ["an import over several lines", 'import {\n  type Row,\n  row,\n} from "./views/row.tsx";'],
  ["an import without names", 'import "./views/row.tsx";'],
  ["a re-export", 'export { row } from "./views/row.tsx";'],
  ["an import when it is needed", 'const row = () => import("./views/row.tsx");'],
] as const) {
  test(`an inbox's state must not import a view, by ${kind}`, () => {
    assert.deepEqual(check({ "inbox/inbox.ts": statement, "inbox/views/row.tsx": empty }), {
      status: 1,
      problems: ["inbox/inbox.ts imports inbox/views/row.tsx: inbox/ is below inbox/views/"],
    });
  });
}

test("a cycle is reported with the way through it", () => {
  const modules = {
    "ui/a.ts": 'import "./b.ts";',
    "ui/b.ts": 'import type { C } from "./c.ts";',
    "ui/c.ts": 'export const later = () => import("./b.ts");',
  };
  assert.deepEqual(check(modules), {
    status: 1,
    problems: ["import cycle: ui/b.ts -> ui/c.ts -> ui/b.ts"],
  });
});

test("a module that imports itself is a cycle", () => {
  assert.deepEqual(check({ "ui/a.ts": 'import "./a.ts";' }).problems, ["import cycle: ui/a.ts -> ui/a.ts"]);
});

test("a module outside of the layers is reported", () => {
  assert.deepEqual(check({ "words.ts": empty }).problems, ["words.ts is in no layer of check-imports.mjs"]);
});

test("a name has one meaning among exported types, classes and components", () => {
  const modules = {
    "ui/row.ts": "export interface Row {}\nexport function row() {}",
    "inbox/row.tsx": "export function Row() {}\nexport function row() {}",
  };
  assert.deepEqual(check(modules), {
    status: 1,
    problems: ["Row has two meanings: inbox/row.tsx and ui/row.ts both export it"],
  });
});

test("a folder without modules does not pass", () => {
  assert.equal(check({ "readme.md": "" }).status, 1);
});
