/**
 * Reads the SPF, DKIM, DMARC and ARC results in a message's headers. A sender can forge these headers.
 */

import type { MessageHeader } from "../inbox/source.ts";

interface AuthResult {
  method: string;
  /** `pass`, `fail`, `none`, ... (RFC 8601, section 2.7). */
  result: string;
}

export interface AuthResults {
  /** The host that reports the results; empty if the header names none. */
  by: string;
  results: AuthResult[];
}

/** What one header reports, with what each result is about. */
export interface AuthReport {
  header: string;
  by: string;
  results: (AuthResult & { about: string })[];
}

const METHODS = ["SPF", "DKIM", "DMARC", "ARC"];
const RESULT = /^\s*([a-z][a-z0-9-]{0,29})\s*(?:\/\s*\d{1,3}\s*)?=\s*([a-z]{1,20})\b/i;
const REPORTS = /^(?:arc-)?authentication-results$/i;
const MAX_VALUE_CHARS = 4_000;
const MAX_REPORTS = 10;
const MAX_RESULTS = 20;
const MAX_ABOUT_CHARS = 300;

/** Return the topmost results: each host on the way adds its header above the others. */
export function readAuthResults(headers: readonly MessageHeader[]): AuthResults | null {
  const [report] = listAuthReports(headers.filter(({ name }) => /^authentication-results$/i.test(name)));
  if (report) {
    const results = METHODS.flatMap((method) => resultOf(method, report));
    if (results.length > 0) return { by: report.by, results };
  }
  const [spf] = listAuthReports(headers.filter(({ name }) => /^received-spf$/i.test(name)));
  const [result] = spf?.results ?? [];
  return result ? { by: "", results: [{ method: "SPF", result: result.result }] } : null;
}

/** Return what the headers report, the topmost first. */
export function listAuthReports(headers: readonly MessageHeader[]): AuthReport[] {
  const reports: AuthReport[] = [];
  for (const { name, value } of headers) {
    if (reports.length >= MAX_REPORTS) break;
    const text = value.slice(0, MAX_VALUE_CHARS);
    if (REPORTS.test(name)) reports.push(readReport(name, text));
    else if (/^received-spf$/i.test(name)) {
      const [, result = ""] = /^\s*([a-z]{1,20})/i.exec(text) ?? [];
      const about = makeAbout(withoutComments(text).join("; ").slice(result.length));
      if (result)
        reports.push({
          header: name,
          by: "",
          results: [{ method: "SPF", result: result.toLowerCase(), about }],
        });
    }
  }
  return reports;
}

function readReport(header: string, value: string): AuthReport {
  const parts = withoutComments(value);
  // An ARC instance `i=1` stands before the host.
  const first = /^\s*i\s*=\s*\d+\s*$/.test(parts[0] ?? "") ? 1 : 0;
  const by = ((parts[first] ?? "").trim().split(/\s/)[0] ?? "").slice(0, 255);
  const results = parts.slice(first + 1).flatMap((part) => {
    const [opening = "", method = "", result = ""] = RESULT.exec(part) ?? [];
    const about = makeAbout(part.slice(opening.length));
    return opening ? [{ method: method.toUpperCase(), result: result.toLowerCase(), about }] : [];
  });
  return { header, by, results: results.slice(0, MAX_RESULTS) };
}

function makeAbout(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_ABOUT_CHARS);
}

/** Return a method's result. One pass is enough: a message may have several signatures. */
function resultOf(method: string, { results }: AuthReport): AuthResult[] {
  const found = results.filter((each) => each.method === method).map(({ result }) => result);
  const result = found.includes("pass") ? "pass" : found[0];
  return result === undefined ? [] : [{ method, result }];
}

/**
 * Return what stands between semicolons, without comments (RFC 5322). Comments may contain semicolons,
 * and may be nested; so may quoted strings, in which no comment begins.
 */
function withoutComments(text: string): string[] {
  const parts = [""];
  let depth = 0;
  let isQuoted = false;
  const keep = (sign: string) => (parts[parts.length - 1] += sign);
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (sign === "\\" && (isQuoted || depth > 0)) {
      at += 1;
      if (depth === 0) keep(text.charAt(at));
    } else if (isQuoted) {
      if (sign === '"') isQuoted = false;
      keep(sign);
    } else if (sign === "(") depth += 1;
    else if (sign === ")") depth = Math.max(0, depth - 1);
    else if (depth > 0) continue;
    else if (sign === ";") parts.push("");
    else {
      if (sign === '"') isQuoted = true;
      keep(sign);
    }
  }
  return parts;
}
