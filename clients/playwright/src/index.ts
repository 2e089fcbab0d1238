import { test as base, expect as baseExpect } from "@playwright/test";
import { Edgemail } from "./edgemail.js";
import { Inbox, makeLocalPart } from "./inbox.js";
import { makeLock } from "./inbox-lock.js";
import type { Match } from "./matching.js";

export type { Address, Code, Link } from "./api.js";
export { Edgemail } from "./edgemail.js";
export { MailError } from "./errors.js";
export { Inbox, type NoneOptions, type WaitOptions } from "./inbox.js";
export type { Match } from "./matching.js";
export { type Attachment, type CodeOptions, type LinkOptions, Message } from "./message.js";

/** What an inbox is to be. */
export interface InboxOptions {
  /** What stands behind the `@`; the server's first domain unless given. */
  domain?: string;
  /** Add the hash of a key to the address. A public server opens the inbox to that key alone: `inbox.key`. */
  locked?: boolean;
}

/** Makes inboxes. Without a name each has an address of its own; a name is the part before the `@`. */
export interface MailFactory {
  (local?: string, options?: InboxOptions): Promise<Inbox>;
  (options: InboxOptions): Promise<Inbox>;
}

/** What `use` of a project may set. */
export interface EdgemailOptions {
  /** A running server to join; else EDGEMAIL_URL; else one is started. */
  edgemailUrl: string;
  /** Where the joined server takes mail; else EDGEMAIL_SMTP_URL. */
  edgemailSmtpUrl: string;
  /** What starts a server: a program with its first arguments, parted by spaces or in a list. */
  edgemailCommand: string | readonly string[];
}

/** What tests ask for. */
export interface EdgemailFixtures {
  /** How long to wait for mail, in milliseconds. */
  mailTimeout: number;
  /** An inbox with a fresh address for this test. */
  mail: Inbox;
  mailFactory: MailFactory;
}

/** Downloading the server may take longer than a test. */
const START_MS = 90_000;
const LOOK_MS = 500;

export const test = base.extend<EdgemailFixtures, EdgemailOptions & { edgemail: Edgemail }>({
  edgemailUrl: ["", { option: true, scope: "worker" }],
  edgemailSmtpUrl: ["", { option: true, scope: "worker" }],
  edgemailCommand: ["uvx edgemail", { option: true, scope: "worker" }],
  mailTimeout: [10_000, { option: true }],

  edgemail: [
    async ({ edgemailUrl, edgemailSmtpUrl, edgemailCommand }, use) => {
      const url = edgemailUrl || process.env["EDGEMAIL_URL"];
      const server = url
        ? await Edgemail.join(url, edgemailSmtpUrl || process.env["EDGEMAIL_SMTP_URL"] || "")
        : await Edgemail.start(edgemailCommand);
      try {
        await use(server);
      } finally {
        await server.stop();
      }
    },
    { scope: "worker", timeout: START_MS },
  ],

  mailFactory: async ({ edgemail, mailTimeout }, use, testInfo) => {
    const inboxes: Inbox[] = [];
    await use(async (nameOrOptions?: string | InboxOptions, further: InboxOptions = {}) => {
      const [given, options] =
        typeof nameOrOptions === "object" ? [undefined, nameOrOptions] : [nameOrOptions, further];
      const name = given ?? makeLocalPart(testInfo);
      const { local, key } = options.locked ? makeLock(name) : { local: name };
      const address = `${local}@${options.domain ?? edgemail.domain}`;
      const inbox = await Inbox.create(edgemail, address, mailTimeout, key);
      inboxes.push(inbox);
      return inbox;
    });
    if (testInfo.status === testInfo.expectedStatus) return;
    for (const inbox of inboxes) await inbox.attachTo(testInfo);
  },

  mail: async ({ mailFactory }, use) => {
    await use(await mailFactory());
  },
});

export const expect = baseExpect.extend({
  /** Pass once the inbox has a message that fits, also one that a wait has returned; that stays to be waited for. */
  async toHaveReceived(mail: Inbox, options: Match & { timeout?: number } = {}) {
    const { timeout = this.isNot ? LOOK_MS : undefined, ...match } = options;
    const { pass, explanation } = await mail.hasReceived(match, timeout);
    return { name: "toHaveReceived", pass, message: () => explanation };
  },
});
