/** A sanitiser that removes nothing, for tests of the policy alone. */
import { emptyBlockedContent } from "../../src/reader/blocked-content.ts";
import type { SanitisedHtml } from "../../src/reader/sanitise.ts";

export function sanitise(html: string): SanitisedHtml {
  return {
    styles: "",
    body: html,
    blocked: 0,
    links: [],
    contentIds: [],
    blockedContent: emptyBlockedContent(),
  };
}
