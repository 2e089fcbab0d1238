import assert from "node:assert/strict";
import { test } from "node:test";
import { randomName } from "../../src/app/random-name.ts";

test("a random name is adjective, animal and year", () => {
  for (let count = 0; count < 100; count += 1) assert.match(randomName(), /^[a-z]+_[a-z]+_(?:19|20)\d\d$/);
});
