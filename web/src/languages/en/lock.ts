/** The page of a locked inbox whose key this browser does not have. */
export const english = {
  title: "This inbox is locked",
  lead: "It opens to its key alone, and this browser does not have that. Paste the key, or a link that has it.",
  key: "Key of this inbox",
  open: "Open",
  noKey: "That is no key: a key has 26 letters a-z and digits 2-7.",
  wrong: "That key does not open this inbox.",
  where: "The key is where this address was made: in that browser, under Share. Nobody can make it again.",
};

export type LockWords = typeof english;
