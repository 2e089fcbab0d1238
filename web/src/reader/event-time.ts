/** Says when an event of a calendar invitation is: as it was written, and in the reader's own time zone. */
import type { CalendarEvent } from "../inbox/source.ts";

const WRITTEN = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?(Z?))?$/;

export interface EventTimes {
  /** In the event's own time zone. Empty if the times cannot be read. */
  written: string;
  /** The name of that zone; empty for a whole day and for local times. */
  zone: string;
  isWholeDay: boolean;
  /** In the reader's time zone. Null if that is the same, or is not known. */
  own: string | null;
}

/** A time on the clock of some place, in milliseconds as if that place kept UTC. */
interface ClockTime {
  ms: number;
  isWholeDay: boolean;
  isUtc: boolean;
}

/** Format the times of an event. `locale` and `ownZone` undefined are the browser's. */
export function formatEventTimes(event: CalendarEvent, locale?: string, ownZone?: string): EventTimes {
  const starts = read(event.starts);
  if (!starts) return { written: "", zone: "", isWholeDay: false, own: null };
  const ends = read(event.ends) ?? starts;
  const { isWholeDay } = starts;
  const written = formatRange(starts.ms, ends.ms, isWholeDay, locale, "UTC");
  if (isWholeDay) return { written, zone: "", isWholeDay, own: null };
  const zone = starts.isUtc ? "UTC" : event.time_zone;
  if (!zone) return { written, zone, isWholeDay, own: null };
  try {
    const instants = [starts, ends].map((time) => toInstant(time.ms, time.isUtc ? "UTC" : zone));
    const own = formatRange(instants[0] as number, instants[1] as number, false, locale, ownZone);
    return { written, zone, isWholeDay, own: own === written ? null : own };
  } catch {
    return { written, zone, isWholeDay, own: null }; // the browser does not know this zone
  }
}

function read(text: string): ClockTime | null {
  const found = WRITTEN.exec(text);
  if (!found) return null;
  const [year, month, day, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const ms = Date.UTC(year as number, (month as number) - 1, day, hour, minute, second);
  return { ms, isWholeDay: found[4] === undefined, isUtc: found[7] === "Z" };
}

/**
 * Return when a clock in a time zone shows a time. Of the two that a change to winter time gives, the
 * first one.
 *
 * @throws RangeError if the zone is not known.
 */
function toInstant(clockMs: number, zone: string): number {
  const guess = clockMs - offsetAt(clockMs, zone);
  return clockMs - offsetAt(guess, zone);
}

/** Return how far the clocks of a time zone are ahead of UTC at a moment. */
function offsetAt(ms: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

function formatRange(
  startMs: number,
  endMs: number,
  isWholeDay: boolean,
  locale: string | undefined,
  zone: string | undefined,
): string {
  const format = new Intl.DateTimeFormat(locale, {
    weekday: "short",
    year: "numeric",
    month: "long",
    day: "numeric",
    ...(!isWholeDay && { hour: "numeric", minute: "2-digit" }),
    ...(zone !== undefined && { timeZone: zone }),
  });
  return endMs > startMs ? format.formatRange(startMs, endMs) : format.format(startMs);
}
