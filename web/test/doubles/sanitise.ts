/**
 * The sanitiser taken down: whatever the message holds goes into the frame. For tests of the policy
 * alone.
 */
import { emptyBlockedContent } from "../../src/reader/blocked-content.ts";
import type { SanitisedHtml } from "../../src/reader/sanitise.ts";

export function sanitise(html: string): SanitisedHtml {
  return { styles: "", body: html, blocked: 0, blockedContent: emptyBlockedContent() };
}
