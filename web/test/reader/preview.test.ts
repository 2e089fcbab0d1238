import assert from "node:assert/strict";
import { test } from "node:test";
import { prefixIds } from "../../src/reader/clean-css.ts";
import { decideColorScheme, decideMedia } from "../../src/reader/color-scheme.ts";
import { lastOtherRow } from "../../src/reader/last-other-row.ts";
import { readPreview, widthsWithin } from "../../src/reader/preview-size.ts";

const YES = "(min-width: 0px)";
const NO = "(max-width: -1px)";

test("a condition on the color scheme is true or false, and the rest of the query stays", () => {
  assert.equal(decideMedia("(prefers-color-scheme: dark)", "dark"), YES);
  assert.equal(decideMedia("(prefers-color-scheme: dark)", "light"), NO);
  assert.equal(decideMedia("(prefers-color-scheme)", "light"), YES);
  assert.equal(
    decideMedia(
      "screen and (prefers-color-scheme: light) and (max-width: 400px), not (prefers-color-scheme: dark)",
      "dark",
    ),
    `screen and ${NO} and (max-width: 400px), not ${YES}`,
  );
  assert.equal(decideMedia("print", "dark"), "print");
});

test("of the color schemes that a message offers it gets the chosen one", () => {
  assert.equal(decideColorScheme("light dark", "dark"), "dark");
  assert.equal(decideColorScheme("dark light", "light"), "light");
  assert.equal(decideColorScheme("light", "dark"), "light");
  assert.equal(decideColorScheme("darkish light", "dark"), "darkish light");
  assert.equal(decideColorScheme("", "dark"), "");
});

test("ids in selectors get the prefix that the sanitiser gives to ids", () => {
  assert.equal(
    prefixIds("#a > p, td#b:not(#c)"),
    "#user-content-a > p, td#user-content-b:not(#user-content-c)",
  );
  assert.equal(prefixIds('[href="#a"] .x\\#y'), '[href="#a"] .x\\#y');
  assert.equal(prefixIds('[title="\\"#a"]#b'), '[title="\\"#a"]#user-content-b');
  assert.equal(prefixIds("#\\31 2"), "#user-content-\\31 2");
});

test("what was remembered of a preview counts if it can be chosen", () => {
  assert.deepEqual(readPreview({ width: 375, zoom: 1.5 }), { width: 375, zoom: 1.5 });
  assert.deepEqual(readPreview({ width: 376, zoom: 0 }), { width: null, zoom: 1 });
  for (const kept of [null, "375", 3, [], { width: "375", zoom: "2" }, {}]) {
    assert.deepEqual(readPreview(kept), { width: null, zoom: 1 });
  }
});

test("a screen offers the widths that are smaller than it is", () => {
  assert.deepEqual(widthsWithin(1280), [320, 375, 768]);
  assert.deepEqual(widthsWithin(768), [320, 375]);
  assert.deepEqual(widthsWithin(320), []);
});

test("the last row that differs from the end of the sheet is the end of the message", () => {
  const row = Uint32Array.of(1, 2);
  assert.equal(lastOtherRow(Uint32Array.of(9, 9, 1, 2, 1, 9, 1, 2, 1, 2), row), 2);
  assert.equal(lastOtherRow(Uint32Array.of(1, 2, 1, 2), row), -1);
  assert.equal(lastOtherRow(Uint32Array.of(2, 1), row), 0);
});
