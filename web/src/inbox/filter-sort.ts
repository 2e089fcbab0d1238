import { matchesTerms, searchTerms } from "./search-terms.ts";
import { merge } from "./inbox.ts";
import type { Summary } from "./source.ts";

export type SortOrder = "newest" | "oldest" | "unread";

interface FilterSortOptions {
  text: string;
  order: SortOrder;
  isRead: (message: Summary) => boolean;
  /** Hide older messages: they have expired. Milliseconds since the epoch. */
  acceptedSinceMs: number;
}

/**
 * Return the messages to show: those listed that match the text, and those that the source found.
 */
export function filterAndSort(
  messages: readonly Summary[],
  found: readonly Summary[],
  options: FilterSortOptions,
): Summary[] {
  const terms = searchTerms(options.text);
  const matching = terms.length > 0 ? messages.filter((message) => matchesTerms(message, terms)) : messages;
  const all = (terms.length > 0 ? merge(found, matching) : [...matching]).filter(
    ({ date }) => !(Date.parse(date) < options.acceptedSinceMs),
  );
  if (options.order === "oldest") return all.reverse();
  if (options.order === "unread")
    return all.sort((a, b) => Number(options.isRead(a)) - Number(options.isRead(b)));
  return all;
}
