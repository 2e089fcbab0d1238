import type { Summary } from "./source.ts";

/** The words of what was typed, each to be found by itself. */
export function termsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/** Whether a message as it is listed has them all. Its text beyond the preview is its source's to search. */
export function hasTerms({ from, sender, subject, preview }: Summary, terms: string[]): boolean {
  const shown = `${from}\n${sender}\n${subject}\n${preview}`.toLowerCase();
  return terms.every((term) => shown.includes(term));
}
