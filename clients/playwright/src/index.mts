/** The same for `import`: one copy of the package, whichever way a project loads it. */
export { Edgemail, Inbox, MailError, Message, expect, test } from "./index.js";
export type {
  Address,
  Attachment,
  Code,
  CodeOptions,
  EdgemailFixtures,
  EdgemailOptions,
  InboxOptions,
  Link,
  LinkOptions,
  MailFactory,
  Match,
  NoneOptions,
  WaitOptions,
} from "./index.js";
