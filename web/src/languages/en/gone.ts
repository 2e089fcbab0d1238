/** What is shown in place of a message that is gone. */
export const english = {
  title: "This message is gone",
  lead: "It expired, or somebody deleted it.",
  toInbox: "To the inbox",
};

export type GoneWords = typeof english;
