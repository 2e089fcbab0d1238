/**
 * The words of the page in the reader's language. They are English until another translation is
 * set.
 */
import { english, type PageWords } from "./en/page.ts";
import type { Translation } from "./translation.ts";

let current: { tag: string; translation: Translation } | null = null;

/**
 * The words that the first load needs. Every other part of the page asks for its own by
 * `dictionary`.
 */
export let words: PageWords = english;

/** Speak another language from now on. Call it before the first word is shown. */
export function setTranslation(tag: string, translation: Translation): void {
  current = { tag, translation };
  words = translation.page;
}

/**
 * Return the words of one part of the page. English comes with the part, a translation has all
 * parts.
 */
export function dictionary<Part extends keyof Translation>(
  part: Part,
  english: Translation[Part],
): Translation[Part] {
  return current?.translation[part] ?? english;
}

/**
 * Return the locale for dates and numbers.
 *
 * Undefined, which means the browser's own, while the page is in English: English has many locales.
 */
export function locale(): string | undefined {
  return current?.tag;
}
