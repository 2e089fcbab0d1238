import { merge } from "./inbox.ts";
import type { Summary } from "./source.ts";

export type SortOrder = "newest" | "oldest" | "unread";

interface FilterSortOptions {
  /** Null to show every message. A search whose words only the source can tell matches none itself. */
  matches: ((message: Summary) => boolean) | null;
  order: SortOrder;
  isRead: (message: Summary) => boolean;
  /** Hide older messages: they have expired. Milliseconds since the epoch. */
  acceptedSinceMs: number;
}

/**
 * Return the messages to show: those listed that match, and those that the source found.
 */
export function filterAndSort(
  messages: readonly Summary[],
  found: readonly Summary[],
  options: FilterSortOptions,
): Summary[] {
  const { matches } = options;
  const all = (matches ? merge(found, messages.filter(matches)) : [...messages]).filter(
    ({ date }) => !(Date.parse(date) < options.acceptedSinceMs),
  );
  if (options.order === "oldest") return all.reverse();
  if (options.order === "unread")
    return all.sort((a, b) => Number(options.isRead(a)) - Number(options.isRead(b)));
  return all;
}
