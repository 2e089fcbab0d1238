/** What a list of all mail has beside that of an inbox. */
export const english = {
  counts: (n: number, unread: number) =>
    `${n} ${n === 1 ? "message" : "messages"}${unread ? `, ${unread} unread` : ""}`,
  operators: "What a search understands",
};

export type AllMailWords = typeof english;
