import type { MailSource, MessagePage } from "./source.ts";

/**
 * Ask for the first page of an inbox, unless it is the inbox that was asked for last. The promise
 * never rejects: it ends when the page is there, or failed.
 */
export type AskEarly = (address: string) => Promise<void>;

/**
 * Let the first page of an inbox be asked for before its view is there.
 *
 * The next `list` of that page takes it over. Any other `list` drops it.
 */
export function earlyPages(source: MailSource): AskEarly {
  const list = source.list.bind(source);
  const early = new Map<string, Promise<MessagePage>>();
  let last: string | undefined;
  source.list = (address, query) => {
    const page = query.limit || query.search ? null : early.get(address);
    early.clear();
    return page ?? list(address, query);
  };
  return async (address) => {
    if (address === last) return;
    last = address;
    const page = list(address, {});
    early.clear();
    early.set(address, page);
    await page.catch(() => undefined); // who lists hears of it
  };
}
