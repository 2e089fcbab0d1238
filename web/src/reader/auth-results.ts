/**
 * Reads the SPF, DKIM and DMARC results in a message's headers. A sender can forge these headers.
 */

import type { MessageHeader } from "../inbox/source.ts";

interface AuthResult {
  method: "SPF" | "DKIM" | "DMARC";
  /** `pass`, `fail`, `none`, ... (RFC 8601, section 2.7). */
  result: string;
}

export interface AuthResults {
  /** The host that reports the results; empty if the header names none. */
  by: string;
  results: AuthResult[];
}

const METHODS = ["SPF", "DKIM", "DMARC"] as const;
const RESULT = /^\s*(spf|dkim|dmarc)\s*(?:\/\s*\d+\s*)?=\s*([a-z]{1,20})/i;
const MAX_VALUE_CHARS = 4_000;

/** Return the topmost results: each host on the way adds its header above the others. */
export function readAuthResults(headers: readonly MessageHeader[]): AuthResults | null {
  const header = valueOf(headers, "authentication-results");
  if (header !== null) {
    const [by = "", ...rest] = withoutComments(header).split(";");
    const results = METHODS.flatMap((method) => resultOf(method, rest));
    if (results.length > 0) return { by: (by.trim().split(/\s/)[0] ?? "").slice(0, 255), results };
  }
  const spf = /^\s*([a-z]{1,20})/i.exec(valueOf(headers, "received-spf") ?? "")?.[1];
  return spf ? { by: "", results: [{ method: "SPF", result: spf.toLowerCase() }] } : null;
}

/** Return a method's result. One pass is enough: a message may have several signatures. */
function resultOf(method: AuthResult["method"], parts: string[]): AuthResult[] {
  const found = parts
    .map((part) => RESULT.exec(part))
    .filter((match) => match?.[1]?.toUpperCase() === method)
    .map((match) => (match?.[2] ?? "").toLowerCase());
  const result = found.includes("pass") ? "pass" : found[0];
  return result === undefined ? [] : [{ method, result }];
}

function valueOf(headers: readonly MessageHeader[], name: string): string | null {
  const header = headers.find((each) => each.name.toLowerCase() === name);
  return header?.value.slice(0, MAX_VALUE_CHARS) ?? null;
}

/** Remove comments (RFC 5322). They may contain semicolons, and may be nested. */
function withoutComments(text: string): string {
  let depth = 0;
  let kept = "";
  for (const sign of text) {
    if (sign === "(") depth += 1;
    else if (sign === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) kept += sign;
  }
  return kept;
}
