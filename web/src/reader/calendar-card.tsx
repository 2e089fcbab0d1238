import type { CalendarEvent } from "../inbox/source.ts";
import { dictionary, locale } from "../languages/dictionary.ts";
import { formatEventTimes } from "./event-time.ts";
import { LinkedText } from "./plain-text.tsx";
import { english } from "../languages/en/calendar.ts";

const words = dictionary("calendar", english);

const MAX_EVENTS = 5;
const MAX_ATTENDEES = 20;

/** What the calendar invitations of a message say. They are attachments too. */
export function CalendarCards({ events }: { events: CalendarEvent[] }) {
  return (
    <>
      {events.slice(0, MAX_EVENTS).map((event, index) => (
        <CalendarCard key={index} event={event} />
      ))}
      {events.length > MAX_EVENTS && <p class="meta">{words.more(events.length - MAX_EVENTS)}</p>}
    </>
  );
}

function CalendarCard({ event }: { event: CalendarEvent }) {
  const { method, title, location, organizer, attendees } = event;
  const { written, zone, isWholeDay, own } = formatEventTimes(event, locale());
  const shown = attendees.slice(0, MAX_ATTENDEES);
  const where = zone || (isWholeDay ? words.allDay : words.localTime);
  return (
    <section class={`event ${method === "CANCEL" ? "cancelled" : ""}`} aria-label={words.kind(method)}>
      <p class="meta">{words.kind(method)}</p>
      <h3 dir="auto">{title || words.untitled}</h3>
      <dl>
        {written && (
          <>
            <dt>{words.when}</dt>
            <dd>
              <bdi>{written}</bdi> <span class="meta">({where})</span>
              {own && <p class="meta">{words.own(own)}</p>}
            </dd>
          </>
        )}
        {location && (
          <>
            <dt>{words.where}</dt>
            <dd dir="auto">
              <LinkedText text={location} />
            </dd>
          </>
        )}
        {organizer && (
          <>
            <dt>{words.organizer}</dt>
            <dd dir="auto">{organizer}</dd>
          </>
        )}
        {shown.length > 0 && (
          <>
            <dt>{words.attendees}</dt>
            <dd>
              {shown.map((attendee, index) => (
                <bdi key={index} class="attendee">
                  {attendee}
                </bdi>
              ))}
              {attendees.length > shown.length && (
                <span class="meta">{words.more(attendees.length - shown.length)}</span>
              )}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
