import type { AuthResults } from "./auth-results.ts";
import { words } from "./words.ts";

/** A pass gets no colour: a forged message can have one. */
export const AUTH_COLOURS: Record<string, string> = { fail: "danger", softfail: "warn" };

/** The SPF, DKIM, DMARC and ARC results that a header reports. */
export function AuthResultsLine({ authResults: { by, results } }: { authResults: AuthResults }) {
  return (
    <p class="auth-results" title={words.authResults.why}>
      <span class="visually-hidden">{words.authResults.title}: </span>
      {results.map(({ method, result }) => (
        <span key={method} class={`mark ${AUTH_COLOURS[result] ?? "muted"}`} dir="ltr">
          {method} {result}
        </span>
      ))}
      <bdi class="meta">{by ? words.authResults.by(by) : words.authResults.unknown}</bdi>
      <span class="visually-hidden">{words.authResults.why}</span>
    </p>
  );
}
