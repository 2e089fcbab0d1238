import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../tests/vectors/search.json";
import { fold } from "../../src/inbox/fold.ts";

for (const { name, text, term, found } of vectors.cases) {
  test(`a search finds the same as the program's does: ${name}`, () => {
    assert.equal(fold(text).includes(fold(term)), found);
  });
}

test("what is folded has no control character and no lone surrogate", () => {
  assert.equal(fold("a\0b\u2028c\ud800d"), "a b c d");
});
