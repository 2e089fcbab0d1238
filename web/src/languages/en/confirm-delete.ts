/** The dialog that asks before anything is deleted. */
export const english = {
  one: "Delete this message?",
  all: (address: string) =>
    address ? `Delete every message of ${address}?` : "Delete all mail of all inboxes?",
  lead: "For everyone who reads this inbox. It cannot be undone.",
  yes: "Delete",
  no: "Keep",
  failed: (cause: string) => `Not deleted: ${cause}`,
};

export type ConfirmDeleteWords = typeof english;
