/** Reads the headers by which a list offers to be left (RFC 2369, RFC 8058). Nothing is asked of anybody. */
import type { MessageHeader } from "../inbox/source.ts";

export type UnsubscribeProblem =
  | "twice"
  | "noBrackets"
  | "noUrl"
  | "badUrl"
  | "plainHttp"
  | "noHttps"
  | "noPost"
  | "badPost"
  | "postAlone"
  | "notSigned";

export interface Unsubscribe {
  urls: string[];
  /** True if the headers are what RFC 8058 asks for, as far as they can be read. */
  isOneClick: boolean;
  problems: UnsubscribeProblem[];
}

const MAX_URLS = 10;
const MAX_VALUE_CHARS = 8_000;
const MAX_SIGNATURES = 20;
const ONE_CLICK = /^\s*List-Unsubscribe=One-Click\s*$/i;

/** Return what the headers offer, or null if they offer nothing. */
export function readUnsubscribe(headers: readonly MessageHeader[]): Unsubscribe | null {
  const offers = valuesOf(headers, "list-unsubscribe");
  const posts = valuesOf(headers, "list-unsubscribe-post");
  if (offers.length === 0) {
    return posts.length > 0 ? { urls: [], isOneClick: false, problems: ["postAlone"] } : null;
  }
  const problems: UnsubscribeProblem[] = offers.length > 1 || posts.length > 1 ? ["twice"] : [];
  const urls = urlsIn(offers[0] ?? "");
  if (urls.length === 0) problems.push(/[a-z]:/i.test(offers[0] ?? "") ? "noBrackets" : "noUrl");
  if (urls.some((url) => !isUrl(url))) problems.push("badUrl");
  const hasHttps = urls.some((url) => /^https:/i.test(url) && isUrl(url));
  if (urls.some((url) => /^http:/i.test(url))) problems.push("plainHttp");
  if (!hasHttps) problems.push("noHttps");
  const post = posts[0];
  if (post === undefined) problems.push("noPost");
  else if (!ONE_CLICK.test(post)) problems.push("badPost");
  else if (!isSigned(headers)) problems.push("notSigned");
  return { urls, isOneClick: problems.length === 0, problems };
}

function valuesOf(headers: readonly MessageHeader[], name: string): string[] {
  return headers
    .filter((header) => header.name.toLowerCase() === name)
    .map(({ value }) => value.slice(0, MAX_VALUE_CHARS));
}

/** Return what stands in angle brackets. Blanks in a URL are from folds. */
function urlsIn(value: string): string[] {
  return [...value.matchAll(/<([^<>]*)>/g)]
    .slice(0, MAX_URLS)
    .map(([, url = ""]) => url.replace(/\s+/g, ""))
    .filter(Boolean);
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && (/^mailto:[^@?]+@[^@?]+/i.test(text) || /^https?:\/\/[^/]/i.test(text));
}

/** Return true if a DKIM signature names both headers. Whether it is valid, nobody has checked here. */
function isSigned(headers: readonly MessageHeader[]): boolean {
  return valuesOf(headers, "dkim-signature")
    .slice(0, MAX_SIGNATURES)
    .some((signature) => {
      const named = /(?:^|;)\s*h\s*=([^;]*)/.exec(signature)?.[1] ?? "";
      const names = named.split(":").map((name) => name.trim().toLowerCase());
      return names.includes("list-unsubscribe") && names.includes("list-unsubscribe-post");
    });
}
