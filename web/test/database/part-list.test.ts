import assert from "node:assert/strict";
import { test } from "node:test";
import { partsBelow } from "../../src/inbox/api-message.ts";
import { listParts } from "../../src/database/mime/part-list.ts";
import vectors from "../../../tests/vectors/part-lists.json";

interface Case {
  id: string;
  lines: string[];
  repeat?: [string[], number];
  expect: { complete: boolean; count?: number; parts?: unknown[][] };
}

const cases = vectors.cases as unknown as Case[];

function read({ lines, repeat: [repeated, times] = [[], 0] }: Case) {
  const all = [...lines, ...Array.from({ length: times }, () => repeated).flat()];
  return listParts(new TextEncoder().encode(all.join("\r\n")));
}

for (const each of cases) {
  test(`parts are listed as at the server: ${each.id}`, () => {
    const { parts, complete } = read(each);
    assert.equal(complete, each.expect.complete);
    if (each.expect.count !== undefined) return assert.equal(parts.length, each.expect.count);
    const rows = parts.map((part) => [
      ...[part.number, part.level, part.type, part.charset, part.encoding, part.disposition],
      ...[part.name, part.size, part.role, part.attachment],
    ]);
    assert.deepEqual(rows, each.expect.parts);
  });
}

test("the parts of an attached message are numbered as its own", () => {
  const nested = cases.find(({ id }) => id === "a message in a message in a message");
  assert.ok(nested);
  const brief = (at: string) =>
    partsBelow(read(nested), at).parts.map(({ number, level, attachment }) => [number, level, attachment]);
  assert.deepEqual(brief("0"), [
    ["", 0, null],
    ["1", 1, null],
    ["2", 1, "0"],
    ["2.1", 2, null],
    ["3", 1, "1"],
  ]);
  assert.deepEqual(brief("0.0"), [["1", 0, null]]);
  assert.deepEqual(brief("7"), []);
});
