import type { Claims as Claimed } from "./auth-results.ts";
import { words } from "./words.ts";

/** No tone for a pass: whoever forges a message writes one. */
const TONES: Record<string, string> = { fail: "danger", softfail: "warn" };

/** SPF, DKIM and DMARC, as far as a header tells of them. */
export function Claims({ claimed: { by, claims } }: { claimed: Claimed }) {
  return (
    <p class="claims" title={words.claims.why}>
      <span class="visually-hidden">{words.claims.title}: </span>
      {claims.map(({ method, result }) => (
        <span key={method} class={`mark ${TONES[result] ?? "muted"}`} dir="ltr">
          {method} {result}
        </span>
      ))}
      <bdi class="meta">{by ? words.claims.by(by) : words.claims.unknown}</bdi>
      <span class="visually-hidden">{words.claims.why}</span>
    </p>
  );
}
