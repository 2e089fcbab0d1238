import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { takeKey } from "../../src/app/key-link.ts";
import { ApiSource } from "../../src/inbox/api.ts";
import { keyInLink, keyOf } from "../../src/inbox/inbox-keys.ts";

const KEY = "npo4exzruoag2b54evn6o6lxfq";
const ADDRESS = "shop-kyvyg36sxzn5s2inf@ex.org";
const kept = new Map<string, string>();
let route = "";

beforeEach(() => {
  kept.clear();
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
  };
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
});

function opened(hash: string): void {
  route = hash;
  Object.assign(globalThis, {
    location: { hash },
    history: { replaceState: (_state: null, _title: string, to: string) => (route = to) },
  });
  takeKey();
}

test("a link's key is kept, and is in the address bar no longer", () => {
  opened(`#/${ADDRESS}?key=${KEY}`);
  assert.deepEqual([route, keyOf(ADDRESS), keyInLink(ADDRESS)], [`#/${ADDRESS}`, KEY, `?key=${KEY}`]);
  opened(`#/${ADDRESS.toUpperCase().replace("@", "%40")}/12?key=${KEY}`);
  assert.equal(route, `#/${ADDRESS.toUpperCase().replace("@", "%40")}/12`);
  assert.equal(keyOf("other@ex.org"), undefined);
  assert.equal(keyInLink("other@ex.org"), "");
});

test("what is no key, or belongs to no address, is dropped", () => {
  for (const hash of [
    `#/${ADDRESS}?key=`,
    `#/${ADDRESS}?key=abc`,
    `#/${ADDRESS}?key=${KEY}x`,
    `#/?key=${KEY}`,
  ]) {
    opened(hash);
    assert.ok(!route.includes("?key="));
    assert.equal(kept.size, 0, hash);
  }
});

test("each request for a locked inbox has its key in the header, and none in its URL", async (context) => {
  opened(`#/${ADDRESS}?key=${KEY}`);
  const asked: [string, unknown][] = [];
  context.mock.method(globalThis, "fetch", (url: URL, init: { headers?: unknown }) => {
    asked.push([url.href, init.headers]);
    return Promise.resolve(new Response('{"messages":[],"next_before":null}'));
  });
  const source = new ApiSource("https://mail.example/box/");
  const { signal } = new AbortController();
  await source.list(ADDRESS, { search: "a" });
  await (await source.open(ADDRESS, 7, signal)).raw(signal);
  await source.remove?.(ADDRESS, 7);
  await source.removeAll?.(ADDRESS);
  await source.list("other@ex.org", {});
  assert.deepEqual(
    asked.map(([, headers]) => headers),
    [...Array<unknown>(5).fill({ "x-inbox-key": KEY }), undefined],
  );
  assert.ok(!asked.some(([url]) => url.includes(KEY)));
});
