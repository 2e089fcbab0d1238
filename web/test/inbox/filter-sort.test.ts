import assert from "node:assert/strict";
import { test } from "node:test";
import { makeMatcher } from "../../src/inbox/search-terms.ts";
import type { Summary } from "../../src/inbox/source.ts";
import { filterAndSort, type SortOrder } from "../../src/inbox/filter-sort.ts";

function message(id: number, subject: string): Summary {
  const nothing = { attachments: [], codes: [], links: [], events: [], recipients: [] };
  return {
    id,
    date: new Date(id * 1000).toISOString(),
    sender: "b@x.org",
    from: "Bob",
    subject,
    preview: "",
    size: 1,
    ...nothing,
  };
}

const listed = [message(3, "Pears"), message(2, "Apples"), message(1, "Plums")];

function shown(
  text: string,
  order: SortOrder = "newest",
  found: Summary[] = [],
  oldest = -Infinity,
): number[] {
  return filterAndSort(listed, found, {
    matches: makeMatcher(text),
    order,
    acceptedSinceMs: oldest,
    isRead: ({ id }) => id === 3,
  }).map(({ id }) => id);
}

test("every word must be there, in any case and in any place", () => {
  assert.deepEqual(shown("PEAR bob"), [3]);
  assert.deepEqual(shown("b@x.org s"), [3, 2, 1]);
  assert.deepEqual(shown("pear plum"), []);
});

test("what the source found is shown among what was found here, once", () => {
  assert.deepEqual(shown("apples", "newest", [message(2, "Apples"), message(0, "in its text")]), [2, 0]);
  assert.deepEqual(shown("", "newest", [message(0, "of a search that is over")]), [3, 2, 1]);
});

test("an order holds for what was found as well", () => {
  assert.deepEqual(shown("", "oldest"), [1, 2, 3]);
  assert.deepEqual(shown("", "unread"), [2, 1, 3]);
  assert.deepEqual(shown("s", "oldest", [message(0, "s")]), [0, 1, 2, 3]);
});

test("what has expired is not shown any more, and a date that is none never expires", () => {
  assert.deepEqual(shown("", "newest", [], 1500), [3, 2]);
  listed.push({ ...message(0, "odd"), date: "never" });
  assert.deepEqual(shown("", "newest", [], 1500), [3, 2, 0]);
});
