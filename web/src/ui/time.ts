import { locale, words } from "../languages/dictionary.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Format a duration in whole minutes, hours or days, rounded down. */
function formatDuration(seconds: number): string {
  if (seconds < MINUTE) return words.time.now;
  if (seconds < HOUR) return words.time.minutes(Math.floor(seconds / MINUTE));
  if (seconds < DAY) return words.time.hours(Math.floor(seconds / HOUR));
  return words.time.days(Math.floor(seconds / DAY));
}

/** Format how long messages are kept, without abbreviations. */
export function formatLifetime(seconds: number): string {
  const days = Math.round(seconds / DAY);
  return days >= 2 ? words.time.wholeDays(days) : words.time.wholeHours(Math.round(seconds / HOUR));
}

/**
 * Format how long ago `date` was at `now` (milliseconds), or the day if it was a week or more ago.
 */
export function formatAge(date: string, now: number): string {
  const then = Date.parse(date);
  if (Number.isNaN(then)) return "";
  const seconds = Math.max(0, (now - then) / 1000);
  if (seconds < 7 * DAY) return formatDuration(seconds);
  return new Intl.DateTimeFormat(locale(), { day: "numeric", month: "short" }).format(then);
}

/** Format a date and time in full. */
export function formatDateTime(date: string): string {
  const then = Date.parse(date);
  if (Number.isNaN(then)) return date;
  return new Intl.DateTimeFormat(locale(), { dateStyle: "full", timeStyle: "medium" }).format(then);
}

/** Format the time until a message expires. Return null if it never does. */
export function formatTimeLeft(date: string, maxAgeSeconds: number | null, now: number): string | null {
  if (maxAgeSeconds === null) return null;
  const left = (Date.parse(date) - now) / 1000 + maxAgeSeconds;
  if (Number.isNaN(left)) return null;
  return left < MINUTE ? `< ${words.time.minutes(1)}` : formatDuration(left + roundingUp(left));
}

/** Return the seconds that make `formatDuration` round up: a new message has all its days left. */
function roundingUp(seconds: number): number {
  const unit = seconds < HOUR ? MINUTE : seconds < DAY ? HOUR : DAY;
  return unit - 1;
}
