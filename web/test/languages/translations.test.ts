import assert from "node:assert/strict";
import { test } from "node:test";
import { english as allMail } from "../../src/languages/en/all-mail.ts";
import { english as calendar } from "../../src/languages/en/calendar.ts";
import { english as checks } from "../../src/languages/en/checks.ts";
import { english as confirmDelete } from "../../src/languages/en/confirm-delete.ts";
import { english as database } from "../../src/languages/en/database.ts";
import { english as gone } from "../../src/languages/en/gone.ts";
import { english as host } from "../../src/languages/en/host.ts";
import { english as keyboard } from "../../src/languages/en/keyboard.ts";
import { english as landing } from "../../src/languages/en/landing.ts";
import { english as lock } from "../../src/languages/en/lock.ts";
import { english as page } from "../../src/languages/en/page.ts";
import { english as parts } from "../../src/languages/en/parts.ts";
import { english as preview } from "../../src/languages/en/preview.ts";
import { english as reader } from "../../src/languages/en/reader.ts";
import { english as share } from "../../src/languages/en/share.ts";
import { LANGUAGES } from "../../src/languages/list.ts";
import type { Translation } from "../../src/languages/translation.ts";

const ENGLISH: Translation = {
  page,
  landing,
  keyboard,
  allMail,
  share,
  gone,
  lock,
  host,
  confirmDelete,
  reader,
  preview,
  calendar,
  parts,
  checks,
  database,
};

/** Arguments for every function of words: a count, or a name, or an English reason. */
const ARGUMENTS: unknown[][] = [
  [1, "a.example", "b.example"],
  [2, "a.example", "b.example"],
  [5, "", ""],
  ["a.example", "b.example", "c.example"],
  ["", "", ""],
  ["REQUEST", "", ""],
];

/** Words that a language writes as English does. */
const SAME: Record<string, string[]> = {
  ar: [".preview.picture", ".parts.role.html"],
  de: [".page.live.live", ".page.live.offline", ".landing.domain", ".reader.text", ".reader.links.title"],
  fr: [".page.inbox.messages", ".page.message.reading", ".page.message.code"],
};

/** Every word and every function of words, by its path. */
function* leaves(words: unknown, path: string): Generator<[string, unknown]> {
  if (typeof words === "object" && words !== null) {
    for (const [name, value] of Object.entries(words)) yield* leaves(value, `${path}.${name}`);
  } else {
    yield [path, words];
  }
}

/** What a word says: itself, or what its function returns for each list of arguments that it takes. */
function said(word: unknown): string[] {
  if (typeof word === "string") return [word];
  assert.equal(typeof word, "function");
  return ARGUMENTS.flatMap((given) => {
    try {
      return [...leaves((word as (...given: unknown[]) => unknown)(...given), "")].map(([, text]) =>
        String(text),
      );
    } catch {
      return [];
    }
  });
}

for (const [tag, fetch] of Object.entries(LANGUAGES)) {
  if (!fetch) continue;
  const { translation } = await fetch();

  test(`${tag} has every word of English, and no other`, () => {
    const paths = (words: Translation) =>
      [...leaves(words, "")].map(([path, word]) => `${path} ${typeof word}`);
    assert.deepEqual(paths(translation).sort(), paths(ENGLISH).sort());
  });

  test(`${tag} says each in its own words`, () => {
    const own = new Map(leaves(translation, ""));
    const same: string[] = [];
    for (const [path, word] of leaves(ENGLISH, "")) {
      const [english, translated] = [said(word), said(own.get(path))];
      if (/^\.(page\.(reason|time)|keyboard\.list\.\d+\.0|reader\.html)/.test(path)) continue;
      assert.ok(
        translated.length > 0 && translated.every((text) => text && !text.includes("undefined")),
        path,
      );
      if (translated.join() === english.join()) same.push(path);
    }
    assert.deepEqual(same, SAME[tag] ?? []);
  });

  test(`${tag} keeps the word that a reason quotes`, () => {
    const reason = translation.page.reason("next to “code” in the subject");
    assert.ok(reason.includes("code") && !reason.includes("next to"), reason);
    assert.equal(translation.page.reason("some other sentence"), "some other sentence");
  });
}
