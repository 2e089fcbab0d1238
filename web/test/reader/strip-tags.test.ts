import assert from "node:assert/strict";
import { test } from "node:test";
import { collapseSpace, stripTags } from "../../src/reader/strip-tags.ts";

test("HTML becomes lines of text, without what it hides", () => {
  const html =
    "<!-- no --><style>p{color:red}</style><h1 title='a>b'>One</h1>\n <p>Two\n\twords<br>Three" +
    "<table><tr><td>4</td><td>5</td></tr></table><!doctype x><script>no</script ><title>no";
  assert.equal(collapseSpace(stripTags(html)), "One\n\nTwo words\nThree\n\n4 5");
});

test("hostile HTML takes no longer than its length asks for", () => {
  const units = [
    "<",
    "<a ",
    "<a href='",
    '="',
    "<!--",
    "<script",
    "<script>",
    "<b ==",
    "</",
    " ",
    "<a ='<a =\"'",
  ];
  for (const unit of units) {
    const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
    const started = performance.now();
    collapseSpace(stripTags(text));
    assert.ok(performance.now() - started < 2_000, JSON.stringify(unit));
  }
});
