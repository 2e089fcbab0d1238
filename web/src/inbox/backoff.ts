const FIRST_MS = 1_000;
const MAX_MS = 30_000;

/**
 * Return the delay before the next attempt: exponential back-off with jitter. `attempt` counts from
 * 0.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(MAX_MS, FIRST_MS * 2 ** attempt);
  // Without jitter, all open tabs would connect at the same moment after a restart.
  return Math.round(full * (0.75 + random() * 0.25));
}
