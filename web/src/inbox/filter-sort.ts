import { hasTerms, termsOf } from "./search-terms.ts";
import { merge } from "./inbox.ts";
import type { Summary } from "./source.ts";

export type Order = "newest" | "oldest" | "unread";

export interface Wish {
  text: string;
  order: Order;
  isRead: (message: Summary) => boolean;
  /** Messages that were accepted before are gone by now; milliseconds since the epoch. */
  oldest: number;
}

/** What the list shows: of what is listed what has the words, and what the source has found beyond. */
export function arrange(messages: readonly Summary[], found: readonly Summary[], wish: Wish): Summary[] {
  const terms = termsOf(wish.text);
  const here = terms.length > 0 ? messages.filter((message) => hasTerms(message, terms)) : messages;
  const all = (terms.length > 0 ? merge(found, here) : [...here]).filter(
    ({ date }) => !(Date.parse(date) < wish.oldest),
  );
  if (wish.order === "oldest") return all.reverse();
  if (wish.order === "unread") return all.sort((a, b) => Number(wish.isRead(a)) - Number(wish.isRead(b)));
  return all;
}
