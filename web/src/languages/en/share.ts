/** The dialog that shares an inbox. */
export const english = {
  title: "Open this inbox elsewhere",
  lead: "Scan it with a phone to open this inbox there.",
  local: "This link leads to this computer alone: no other device can open it.",
  withKey:
    "The link has the key: whoever has it reads this inbox. Keep it, as nobody can make the key again.",
  link: "link",
  code: (address: string) => `QR code of the link to ${address}`,
  send: "Share…",
  close: "Close",
};

export type ShareWords = typeof english;
