import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../tests/vectors/codes.json";
import { findCodes, findLinks, htmlToText } from "../../src/reader/codes.ts";

for (const { name, subject, text, html, codes, links } of vectors.cases) {
  test(`finds the same as the program does: ${name}`, () => {
    const found = findCodes(subject, text ?? "");
    assert.deepEqual(found.length || !html ? found : findCodes(subject, htmlToText(html)), codes);
    assert.deepEqual(findLinks(html, text), links);
  });
}

test("hostile text takes no longer than its length asks for", () => {
  for (const unit of [
    "<",
    "<a ",
    "<a href='",
    '="',
    "<!--",
    "<script",
    "1",
    "1 ",
    "1-",
    "code 1234 ",
    "https://",
    " ",
    "&#",
    "\u200d",
    ")",
    "A1-",
  ]) {
    const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
    const started = performance.now();
    findCodes(text, text);
    findLinks(text, text);
    htmlToText(text);
    assert.ok(performance.now() - started < 3_000, JSON.stringify(unit));
  }
});

test("a tag may have any number of values", () => {
  const html = `<a ${"x=y ".repeat(1_000)}href="https://a.example/verify">x</a>`;
  assert.deepEqual(
    findLinks(html, null).map(({ url }) => url),
    ["https://a.example/verify"],
  );
  assert.equal(htmlToText(`a<a ${"=".repeat(10_000_000)}>b`), "ab");
});

test("near-codes are looked at from the top, up to a bound", () => {
  const near = [
    "pin 1234 of ",
    "is code 12345678 your otp ",
    "1234 kg ",
    "x 1234\ncode x\n",
    "A1B2C3 ",
    "2 ",
  ];
  for (const unit of near) {
    const text = `Your verification code is 481223.\n${unit.repeat(33_000 / unit.length)}`;
    const started = performance.now();
    assert.equal(findCodes("", text)[0]?.code, "481223", unit);
    assert.ok(performance.now() - started < 200, unit);
  }
  assert.deepEqual(findCodes("", `${"2,5; ".repeat(2_000)}\nYour verification code is 481223.`), []);
});
