import { fold } from "./fold.ts";
import type { Summary } from "./source.ts";

/** Split a search text into its words, folded. */
export function searchTerms(text: string): string[] {
  return fold(text).split(/\s+/).filter(Boolean);
}

/** Return what tells whether a listed message has all words of a search text; null for a text without words. */
export function makeMatcher(text: string): ((message: Summary) => boolean) | null {
  const terms = searchTerms(text);
  return terms.length > 0 ? (message) => matchesTerms(message, terms) : null;
}

/**
 * Return true if a listed message has all the terms. Only its source can search the text beyond the
 * preview.
 */
export function matchesTerms(
  { from, sender, subject, preview, attachments }: Summary,
  terms: string[],
): boolean {
  const names = attachments.map(({ name }) => name);
  const shown = fold([from, sender, subject, preview, ...names].join("\n"));
  return terms.every((term) => shown.includes(term));
}
