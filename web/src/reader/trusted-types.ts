/** The one door through which text becomes HTML or a script's address (Trusted Types). */
import type { TrustedTypePolicyFactory } from "trusted-types/lib/index.js";

declare const WORKER_FILE: string;

const WORKER_URL = new URL(WORKER_FILE, document.baseURI).href;

const RULES = {
  createHTML: (html: string) => html,
  createScriptURL: (url: string) => {
    if (url !== WORKER_URL) throw new TypeError(`not a script of this page: ${url}`);
    return url;
  },
};

const factory = (window as { trustedTypes?: TrustedTypePolicyFactory }).trustedTypes;
const policy = factory?.createPolicy("edgemail-frame", RULES) ?? RULES;

/** For the sandboxed frame's srcdoc, and for nothing else. */
export function frameHtml(html: string): string {
  return policy.createHTML(html) as string;
}

export function workerUrl(): string {
  return policy.createScriptURL(WORKER_URL) as string;
}
