const FIRST_MS = 1_000;
const CAP_MS = 30_000;

/** How long to wait before attempt number `attempt` (from 0), in milliseconds: doubling, capped, jittered. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(CAP_MS, FIRST_MS * 2 ** attempt);
  // Jitter keeps a room full of tabs from coming back in step after a restart.
  return Math.round(full * (0.75 + random() * 0.25));
}
