/** What a message's headers say of checks on its sender. Nobody here made them, and a sender can write them too. */

export interface Claim {
  method: "SPF" | "DKIM" | "DMARC";
  /** `pass`, `fail`, `none`, ... (RFC 8601, section 2.7). */
  result: string;
}

export interface Claims {
  /** The host that says so; empty where none is named. */
  by: string;
  claims: Claim[];
}

const METHODS = ["SPF", "DKIM", "DMARC"] as const;
const RESULT = /^\s*(spf|dkim|dmarc)\s*(?:\/\s*\d+\s*)?=\s*([a-z]{1,20})/i;
const LONGEST = 4_000;

/** The topmost results: each host on the way writes its own above those that it found. */
export function readClaims(headers: readonly [string, string][]): Claims | null {
  const results = valueOf(headers, "authentication-results");
  if (results !== null) {
    const [by = "", ...rest] = withoutComments(results).split(";");
    const claims = METHODS.flatMap((method) => bestOf(method, rest));
    if (claims.length > 0) return { by: (by.trim().split(/\s/)[0] ?? "").slice(0, 255), claims };
  }
  const spf = /^\s*([a-z]{1,20})/i.exec(valueOf(headers, "received-spf") ?? "")?.[1];
  return spf ? { by: "", claims: [{ method: "SPF", result: spf.toLowerCase() }] } : null;
}

/** A message may have several signatures: one that holds is enough. */
function bestOf(method: Claim["method"], parts: string[]): Claim[] {
  const found = parts
    .map((part) => RESULT.exec(part))
    .filter((match) => match?.[1]?.toUpperCase() === method)
    .map((match) => (match?.[2] ?? "").toLowerCase());
  const result = found.includes("pass") ? "pass" : found[0];
  return result === undefined ? [] : [{ method, result }];
}

function valueOf(headers: readonly [string, string][], name: string): string | null {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1].slice(0, LONGEST) ?? null;
}

/** RFC 5322 comments may hold semicolons, and one another. */
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
