import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "../../src/inbox/backoff.ts";

test("waiting doubles up to half a minute, with jitter below it", () => {
  assert.equal(
    backoffMs(0, () => 1),
    1000,
  );
  assert.equal(
    backoffMs(3, () => 1),
    8000,
  );
  assert.equal(
    backoffMs(50, () => 1),
    30_000,
  );
  assert.equal(
    backoffMs(50, () => 0),
    22_500,
  );
});
