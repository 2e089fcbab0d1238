/** The only place where a string becomes HTML or a script's URL (Trusted Types). */
import type { TrustedTypePolicyFactory } from "trusted-types/lib/index.js";

declare const WORKER_FILE: string;
declare const EVENTS_WORKER_FILE: string;

const WORKER_URL = new URL(WORKER_FILE, document.baseURI).href;
const EVENTS_WORKER_URL = new URL(EVENTS_WORKER_FILE, document.baseURI).href;

const RULES = {
  createHTML: (html: string) => html,
  createScriptURL: (url: string) => {
    if (url !== WORKER_URL && url !== EVENTS_WORKER_URL)
      throw new TypeError(`Not a script of this page: ${url}`);
    return url;
  },
};

const factory = (window as { trustedTypes?: TrustedTypePolicyFactory }).trustedTypes;
const policy = factory?.createPolicy("edgemail-frame", RULES) ?? RULES;

/**
 * Mark HTML as trusted. Use it for the sandboxed frame's `srcdoc`, and for a document that is parsed
 * and never shown.
 */
export function frameHtml(html: string): string {
  return policy.createHTML(html) as string;
}

/** Return the trusted URL of the worker's script. */
export function workerUrl(): string {
  return policy.createScriptURL(WORKER_URL) as string;
}

/** Return the trusted URL of the script of the worker that all tabs share. */
export function eventsWorkerUrl(): string {
  return policy.createScriptURL(EVENTS_WORKER_URL) as string;
}
