import type { Summary } from "./source.ts";

/** Split a search text into its words, in lower case. */
export function searchTerms(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/**
 * Return true if a listed message has all the terms. Only its source can search the text beyond the
 * preview.
 */
export function matchesTerms({ from, sender, subject, preview }: Summary, terms: string[]): boolean {
  const shown = `${from}\n${sender}\n${subject}\n${preview}`.toLowerCase();
  return terms.every((term) => shown.includes(term));
}
