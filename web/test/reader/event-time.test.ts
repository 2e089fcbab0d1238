import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalendarEvent } from "../../src/inbox/source.ts";
import { formatEventTimes } from "../../src/reader/event-time.ts";

const NOTHING = { method: "", title: "", location: "", organizer: "", attendees: [] };

/** Format times as a British reader in a time zone sees them, without what differs between versions of ICU. */
function format(starts: string, ends: string, timeZone: string, ownZone: string) {
  const event: CalendarEvent = { ...NOTHING, starts, ends, time_zone: timeZone };
  const times = formatEventTimes(event, "en-GB", ownZone);
  const plain = (text: string) =>
    text
      .replace(/,| at\b/g, "")
      .replace(/[\s\u2009\u202f]+/g, " ")
      .replace(/\b0(?=\d:)/g, "");
  return { ...times, written: plain(times.written), own: times.own && plain(times.own) };
}

test("a time in a zone is shown as written and in the reader's zone", () => {
  assert.deepEqual(format("2026-11-27T09:00", "2026-11-27T10:30", "Europe/Zurich", "America/New_York"), {
    written: "Fri 27 November 2026 9:00–10:30",
    zone: "Europe/Zurich",
    isWholeDay: false,
    own: "Fri 27 November 2026 3:00–4:30",
  });
});

test("summer time is that of the event's day, in both zones", () => {
  assert.match(format("2026-07-01T09:00", "", "Europe/Zurich", "UTC").own ?? "", /2026 7:00$/);
  assert.match(format("2026-11-01T00:30", "", "America/New_York", "UTC").own ?? "", /1 November 2026 4:30$/);
  assert.match(format("2026-11-01T03:30", "", "America/New_York", "UTC").own ?? "", /1 November 2026 8:30$/);
  assert.match(format("2026-03-29T03:15", "", "Europe/Zurich", "UTC").own ?? "", /29 March 2026 1:15$/);
});

test("a time in UTC names it, and the reader's day may be another one", () => {
  const { written, zone, own } = format("2026-12-31T20:00Z", "2026-12-31T21:00Z", "", "Asia/Tokyo");
  assert.deepEqual([written, zone], ["Thu 31 December 2026 20:00–21:00", "UTC"]);
  assert.match(own ?? "", /1 January 2027 5:00–6:00$/);
  assert.equal(format("2026-12-31T20:00Z", "", "", "UTC").own, null);
});

test("a whole day is the same day everywhere, and a local time stays one", () => {
  const day = { zone: "", isWholeDay: true, own: null };
  assert.deepEqual(format("2026-11-27", "2026-11-27", "", "Asia/Tokyo"), {
    written: "Fri 27 November 2026",
    ...day,
  });
  assert.match(format("2026-11-27", "2026-11-29", "", "Asia/Tokyo").written, /27.*29 November 2026/);
  const local = format("2026-11-27T09:00", "", "", "Asia/Tokyo");
  assert.deepEqual([local.zone, local.own, local.isWholeDay], ["", null, false]);
});

test("what cannot be read is left out, and an unknown zone keeps its name", () => {
  for (const odd of ["", "soon", "2026-11-27T", "27.11.2026", "2026-11-27T09:00+01:00"])
    assert.equal(format(odd, odd, "Europe/Zurich", "UTC").written, "");
  const { written, zone, own } = format("2026-11-27T09:00", "x", "Mars/Olympus", "UTC");
  assert.deepEqual([written, zone, own], ["Fri 27 November 2026 9:00", "Mars/Olympus", null]);
  assert.equal(format("2026-11-27T09:00", "2026-11-26T09:00", "", "UTC").written, written);
  for (const edge of ["0000-00-00T00:00", "9999-99-99T99:99Z"]) format(edge, edge, "Asia/Tokyo", "UTC");
});
