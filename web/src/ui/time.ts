import { locale } from "../languages/dictionary.ts";
import { words } from "../languages/dictionary.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span as a person says it: whole minutes, hours or days. */
export function span(seconds: number): string {
  if (seconds < MINUTE) return words.time.now;
  if (seconds < HOUR) return words.time.minutes(Math.floor(seconds / MINUTE));
  if (seconds < DAY) return words.time.hours(Math.floor(seconds / HOUR));
  return words.time.days(Math.floor(seconds / DAY));
}

/** How long messages are kept, said in full. */
export function lifetime(seconds: number): string {
  const days = Math.round(seconds / DAY);
  return days >= 2 ? words.time.wholeDays(days) : words.time.wholeHours(Math.round(seconds / HOUR));
}

/** How long ago `date` was at `now` (milliseconds); the day itself once that says more. */
export function age(date: string, now: number): string {
  const then = Date.parse(date);
  if (Number.isNaN(then)) return "";
  const seconds = Math.max(0, (now - then) / 1000);
  if (seconds < 7 * DAY) return span(seconds);
  return new Intl.DateTimeFormat(locale(), { day: "numeric", month: "short" }).format(then);
}

export function absolute(date: string): string {
  const then = Date.parse(date);
  if (Number.isNaN(then)) return date;
  return new Intl.DateTimeFormat(locale(), { dateStyle: "full", timeStyle: "medium" }).format(then);
}

/** What is left of a message's life, or null where it has no end. */
export function timeLeft(date: string, maxAgeSeconds: number | null, now: number): string | null {
  if (maxAgeSeconds === null) return null;
  const left = (Date.parse(date) - now) / 1000 + maxAgeSeconds;
  if (Number.isNaN(left)) return null;
  return left < MINUTE ? `< ${words.time.minutes(1)}` : span(left + roundingUp(left));
}

/** What makes `span`, which rounds down, round up: a new message has all its days before it. */
function roundingUp(seconds: number): number {
  const unit = seconds < HOUR ? MINUTE : seconds < DAY ? HOUR : DAY;
  return unit - 1;
}
