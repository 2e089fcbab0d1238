import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoute } from "../../src/app/route.ts";
import { ALL_MAIL, inboxHash, normalizeAddress } from "../../src/inbox/address.ts";

test("an empty hash is the home view, and two names are reserved", () => {
  for (const hash of ["", "#", "#/"]) assert.deepEqual(parseRoute(hash), { view: "home" });
  assert.deepEqual(parseRoute("#/new"), { view: "landing" });
  assert.deepEqual(parseRoute("#/all"), { view: "inbox", address: ALL_MAIL, id: null });
  assert.deepEqual(parseRoute(inboxHash(ALL_MAIL, 12)), { view: "inbox", address: ALL_MAIL, id: 12 });
});

test("an address is an inbox, an id after it a message", () => {
  assert.deepEqual(parseRoute("#/Ann@Ex.org"), { view: "inbox", address: "ann@ex.org", id: null });
  assert.deepEqual(parseRoute("#/ann@ex.org/12"), { view: "inbox", address: "ann@ex.org", id: 12 });
});

test("what is no id opens the inbox", () => {
  for (const id of ["0", "-1", "1e3", "x", "99999999999999999999"]) {
    assert.deepEqual(parseRoute(`#/ann@ex.org/${id}`), { view: "inbox", address: "ann@ex.org", id: null });
  }
});

test("what is no address is the home view", () => {
  for (const hash of ["#/ann", "#/@ex.org", "#/a b@ex.org", "#/%E0%A4%A", "#/<b>@ex.org"]) {
    assert.deepEqual(parseRoute(hash), { view: "home" });
  }
});

test("every address survives its own link", () => {
  for (const address of ["a+b@ex.org", "a/b@ex.org", "a%2f@ex.org", "ünï@exämple.org", "a#b?c&d@ex.org"]) {
    assert.deepEqual(parseRoute(inboxHash(address, 7)), { view: "inbox", address, id: 7 });
  }
});

test("an address has one name and one domain", () => {
  assert.equal(normalizeAddress(" Ann@Ex.org "), "ann@ex.org");
  const longest = `${"a".repeat(255)}@${"b".repeat(254)}`;
  assert.equal(normalizeAddress(longest), longest);
  for (const text of [`${longest}b`, "", "ann", "a@b@c", "ann@", "@ex.org"])
    assert.equal(normalizeAddress(text), null);
});
