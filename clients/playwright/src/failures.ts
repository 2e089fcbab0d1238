import type { ListedMessage, Refusal } from "./api.js";
import type { Edgemail } from "./edgemail.js";
import { describe, type Match } from "./matching.js";
import type { Message } from "./message.js";
import { indentNewest, summarise } from "./wording.js";

/** What the server had when an inbox was made. */
export interface Baseline {
  readonly newestId: number;
  readonly refusals: readonly Refusal[];
}

/** An inbox as a failure shows it. `seen` has the ids of what was returned before. */
export interface Shown {
  readonly address: string;
  readonly pageUrl: string;
  readonly messages: readonly Message[];
  readonly seen: ReadonlySet<number>;
  readonly baseline: Baseline;
}

const OTHERS_READ = 200;
const OTHERS_MAX = 10;
/** What fixtures for any language name a test's inbox. */
const OF_TESTS = /^t-(?:[a-z0-9]+-)?[0-9a-f]{6}-[0-9a-f]{8}(?:-k[a-z2-7]{16})?@/;

/** Say that no mail came to what is `wanted`, what came instead, and where to look. */
export async function explainMissing(wanted: string, inbox: Shown, server: Edgemail): Promise<string> {
  const lines = [`No mail to ${wanted}.`];
  const { messages } = inbox;
  if (messages.length) {
    const listed = messages.map((message) =>
      inbox.seen.has(message.id) ? `${summarise(message)}   (returned before)` : summarise(message),
    );
    lines.push(
      `${messages.length} other${messages.length > 1 ? "s" : ""} came to this address:`,
      indentNewest(listed),
    );
  }
  const others = await findOthers(inbox, server);
  if (others.length) {
    const told = others.slice(-OTHERS_MAX).map(({ id, recipients }) => `#${id} to ${recipients.join(", ")}`);
    lines.push(`Meanwhile ${others.length} came to others: ${told.join(", ")}`);
  }
  const refused = describeRefusals(inbox.baseline.refusals, await server.api.refusals());
  lines.push(`${refused}Page: ${inbox.pageUrl}`);
  if (!messages.length && !others.length && !refused) lines.push(`Hint: ${server.hint}`);
  return lines.join("\n");
}

/** Say that mail came, and that none should. */
export function explainUnwanted(
  { address, pageUrl }: Pick<Shown, "address" | "pageUrl">,
  match: Match,
  found: readonly Message[],
): string {
  const number = found.length > 1 ? `${found.length} mails` : "A mail";
  const title = `${number} came to ${address}${describe(match)}, and none should:`;
  return [title, indentNewest(found.map(summarise)), `Page: ${pageUrl}`].join("\n");
}

/** Find what came to other addresses since, oldest first, but for those of other tests. */
async function findOthers({ address, baseline }: Shown, server: Edgemail): Promise<ListedMessage[]> {
  const own = address.slice(0, address.indexOf("@") + 1).toLowerCase();
  // An address of this test at another domain is a slip of the app's, and worth telling.
  const isOfAnotherTest = (recipient: string) => OF_TESTS.test(recipient) && !recipient.startsWith(own);
  const listed = (await server.api.newestOfAll(OTHERS_READ)) ?? [];
  return listed
    .filter(({ id, recipients }) => id > baseline.newestId && !recipients.includes(address.toLowerCase()))
    .filter(({ recipients }) => !recipients.every(isOfAnotherTest))
    .reverse();
}

/** Say what SMTP has refused since, by code and reason; nothing for nothing. */
function describeRefusals(before: readonly Refusal[], now: readonly Refusal[]): string {
  const rises = now
    .map(({ code, reason, count }) => {
      const known = before.find((other) => other.code === code && other.reason === reason);
      return { said: `${code} ${reason.replaceAll("_", " ")}`, count: count - (known?.count ?? 0) };
    })
    .filter(({ count }) => count > 0);
  if (!rises.length) return "";
  const total = rises.reduce((sum, { count }) => sum + count, 0);
  return `Refused: ${total} (${rises.map(({ said }) => said).join(", ")})   `;
}
