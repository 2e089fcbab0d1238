/** The card of a calendar invitation. */
export const english = {
  kind: (method: string) =>
    ({ REQUEST: "Invitation", CANCEL: "Cancelled event", REPLY: "Answer to an invitation" })[method] ??
    "Event",
  untitled: "(no title)",
  when: "When",
  where: "Where",
  organizer: "From",
  attendees: "Who",
  allDay: "all day",
  localTime: "local time",
  own: (time: string) => `In your time zone: ${time}`,
  more: (n: number) => `and ${n} more`,
};

export type CalendarWords = typeof english;
